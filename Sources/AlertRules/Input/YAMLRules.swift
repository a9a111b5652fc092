import JSON
import Platform
import YAML

/// Rules in YAML, as the tree that rules in JSON are read from: with the places of its parts in the text.
struct YAMLRules {
  private let text: [UInt8]
  /// Byte offsets at which lines begin, as libyaml counts them.
  private let lines: [Int]

  init(_ text: [UInt8]) {
    self.text = text
    var lines = [text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0]
    var index = 0
    while index < text.count {
      let length = YAMLRules.lineBreak(at: index, text)
      index += max(length, 1)
      if length > 0 { lines.append(index) }
    }
    self.lines = lines
  }

  /// Whether a text is to be read as YAML: by its name, or for want of one by how it begins.
  static func isYAML(_ source: RuleSource) -> Bool {
    if source.name.hasSuffix(".json") { return false }
    if source.name.hasSuffix(".yaml") || source.name.hasSuffix(".yml") { return true }
    let lines = source.bytes.prefix(4096).split(separator: 0x0A)
    let first = lines.first { line in
      let signs = line.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
      return !signs.isEmpty && signs.first != UInt8(ascii: "#")
    }
    return first.map { SyntaxHint.looksLikeYAML(String(decoding: $0.prefix(200), as: UTF8.self)) } ?? false
  }

  /// The documents of the text.
  func documents() throws(YAMLError) -> [JSONValue] {
    try text.withByteView { view throws(YAMLError) in try YAMLDocument.documents(view) }.map(value)
  }

  /// The place of an error.
  func range(_ error: YAMLError) -> Range<Int> {
    let start = offset(error.line, error.column)
    return start..<min(start + 1, text.count)
  }

  private func value(_ node: YAMLNode) -> JSONValue {
    let start = offset(node.line, node.column)
    switch node.content {
    case .scalar(let text, let isPlain):
      let range = start..<max(start, offset(node.endLine, node.endColumn))
      return JSONValue(isPlain ? YAMLRules.plain(text) : .string(text), range: range)
    case .sequence(let elements):
      let values = elements.map(value)
      return JSONValue(.array(values), range: start..<max(start + 1, values.last?.range.upperBound ?? 0))
    case .mapping(let members):
      let values = members.map { member in
        let key = value(member.key)
        return JSONMember(YAMLRules.text(member.key), keyRange: key.range, value(member.value))
      }
      return JSONValue(.object(values), range: start..<max(start + 1, values.last?.value.range.upperBound ?? 0))
    }
  }

  private static func text(_ key: YAMLNode) -> String {
    if case .scalar(let text, _) = key.content { text } else { "" }
  }

  /// A scalar without quotes by YAML 1.2's core schema, in which only these words and numbers are no strings.
  private static func plain(_ text: String) -> JSONValue.Content {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    default: break
    }
    let bytes = Array(text.utf8)
    if bytes.withByteView({ JSONNumber.double($0) }) != nil { return .number(text) }
    // `.5`, `+5`, `5.` and `0800` are numbers in YAML, and none in JSON or PromQL.
    let isDecimal = bytes.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }
    guard isDecimal, bytes.contains(where: { (0x30...0x39).contains($0) }), let value = Double(text), value.isFinite
    else {
      return .string(text)
    }
    return .number(FloatText.general(value))
  }

  private func offset(_ line: Int, _ column: Int) -> Int {
    guard lines.indices.contains(line - 1) else { return text.count }
    var index = lines[line - 1]
    var left = column - 1
    while left > 0, index < text.count {
      index += 1
      while index < text.count, text[index] & 0xC0 == 0x80 { index += 1 }
      left -= 1
    }
    return index
  }

  /// Bytes of the line break at `index`; 0 when there is none.
  private static func lineBreak(at index: Int, _ text: [UInt8]) -> Int {
    func follows(_ bytes: UInt8...) -> Bool { text[(index + 1)...].starts(with: bytes) }
    switch text[index] {
    case 0x0A: return 1
    case 0x0D: return follows(0x0A) ? 2 : 1
    case 0xC2: return follows(0x85) ? 2 : 0
    case 0xE2: return follows(0x80, 0xA8) || follows(0x80, 0xA9) ? 3 : 0
    default: return 0
    }
  }
}
