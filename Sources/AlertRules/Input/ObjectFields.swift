import Backends
import JSON
import Platform

/// The members of one object while they are turned into something typed. Everything that is wrong is reported; a value
/// that cannot be used reads as nil.
struct ObjectFields {
  /// What the object is, for messages: `the rule`, `conditions_json`.
  let what: String
  let members: [JSONMember]
  let range: Range<Int>
  /// Where the object's text lies in the file.
  let positions: PositionMap
  let source: Int
  /// Whether it is a row of the system that rules come from, or a part of one: there an empty string stands for nothing, and
  /// columns that are not about the rule are none of our business.
  let isRow: Bool
  private(set) var diagnostics: [Diagnostic] = []
  /// Fields that an unknown one was probably meant to be: not reported as missing on top.
  private var probable: Set<String> = []

  init(
    _ members: [JSONMember], what: String, range: Range<Int>, positions: PositionMap, source: Int, isRow: Bool = false
  ) {
    self.isRow = isRow
    self.members = members
    self.what = what
    self.range = range
    self.positions = positions
    self.source = source
    reportDuplicates()
  }

  /// The member called `name`; of several the first. `null` counts as absent.
  func member(_ name: String) -> JSONMember? {
    for index in members.indices where members[index].key == name {
      return members[index].value.isNull || isUnset(members[index].value) ? nil : members[index]
    }
    return nil
  }

  /// An empty string in a row.
  private func isUnset(_ value: JSONValue) -> Bool { isRow && value.string.map(ObjectFields.isBlank) == true }

  mutating func report(
    _ code: DiagnosticCode, _ message: String, _ range: Range<Int>, suggestion: String? = nil,
    replacement: String? = nil, isCertain: Bool = false
  ) {
    diagnostics.append(
      Diagnostic(
        code, message, source: source, range: positions.outer(range), suggestion: suggestion,
        replacement: positions.knowsParts ? replacement.map(positions.written) : nil, isCertain: isCertain))
  }

  /// Takes over problems that were found in a part of the object.
  mutating func add(_ found: [Diagnostic]) { diagnostics += found }

  /// Reports every key that is not in `known`.
  ///
  /// - Parameters:
  ///   - known: The fields that the object may have.
  ///   - aliases: What other systems call them, or what people do.
  ///   - hint: What is known about a field that belongs elsewhere.
  mutating func checkKeys(_ known: [String], aliases: [String: String] = [:], hint: (String) -> String? = { _ in nil })
  {
    let present = Set(members.map(\.key))
    guard !present.isSubset(of: known) else { return }
    let free = known.filter { !present.contains($0) }
    for member in members where !known.contains(member.key) && !isUnset(member.value) {
      let alias = aliases[member.key].flatMap { free.contains($0) ? $0 : nil }
      let foreign = hint(member.key)
      let meant = alias ?? (foreign == nil ? NearestName.of(member.key, in: free) : nil)
      if let meant { probable.insert(meant) }
      report(
        .unknownField, "unknown field \(Quoting.text(member.key)) in \(what)", member.keyRange,
        suggestion: meant.map { "did you mean \(Quoting.text($0))?" } ?? foreign,
        replacement: meant.map(Quoting.text), isCertain: alias != nil)
    }
  }

  /// Whether an unknown field was probably meant to be this one.
  func isProbable(_ name: String) -> Bool { probable.contains(name) }

  mutating func missing(_ name: String) {
    guard !probable.contains(name) else { return }
    let isNull = members.first { $0.key == name }.map(\.value.range)
    let suggestion = isNull == nil ? nil : "null counts as absent"
    report(
      .missingField, "\(what) has no \(Quoting.text(name))", isNull ?? range.lowerBound..<(range.lowerBound + 1),
      suggestion: suggestion)
  }

  /// A replacement for it says the same in the right type, so it is certain.
  mutating func wrongType(_ member: JSONMember, expected: String, suggestion: String? = nil, replacement: String? = nil)
  {
    report(
      .wrongType, "\(Quoting.text(member.key)) must be \(expected), not \(member.value.kindName)", member.value.range,
      suggestion: suggestion, replacement: replacement, isCertain: true)
  }

  /// Whether a switch is on; off when there is none, nil when it is no switch.
  mutating func flag(_ name: String) -> Bool? {
    guard let member = member(name) else { return false }
    if case .bool(let isOn) = member.value.content { return isOn }
    wrongType(member, expected: "true or false")
    return nil
  }

  /// A string that is not empty.
  mutating func text(_ name: String) -> String? {
    guard let member = member(name) else { return nil }
    return text(of: member)
  }

  mutating func text(of member: JSONMember, mayBeEmpty: Bool = false) -> String? {
    switch member.value.content {
    case .string(let text):
      if mayBeEmpty || !ObjectFields.isBlank(text) { return text }
      report(.emptyValue, "\(Quoting.text(member.key)) is empty", member.value.range)
    case .number(let digits):
      wrongType(
        member, expected: "a string", suggestion: "write \(Quoting.text(digits)) in quotes",
        replacement: Quoting.text(digits))
    default:
      wrongType(member, expected: "a string")
    }
    return nil
  }

  /// Whether there is nothing but white space.
  static func isBlank(_ text: String) -> Bool {
    guard let first = text.utf8.first else { return true }
    // No white space begins with one of these bytes.
    if first > 0x20, first < 0x7F { return false }
    return text.allSatisfy(\.isWhitespace)
  }

  /// An object whose values are all strings, with valid names. `reserved` says why a name may not be used.
  mutating func labels(_ name: String, in bytes: [UInt8], reserved: (String) -> String?) -> [Label]? {
    guard let member = member(name) else { return nil }
    guard let (value, positions) = isRow ? embedded(member, in: bytes) : (member.value, positions) else { return nil }
    guard let members = value.members else {
      wrongType(member, expected: "an object of label values")
      return nil
    }
    var inner = ObjectFields(members, what: name, range: value.range, positions: positions, source: source)
    var labels: [Label] = []
    for label in members {
      if !LabelName.isValid(label.key) {
        let better = LabelName.sanitized(label.key)
        let useful = better.utf8.contains { $0 != UInt8(ascii: "_") }
        inner.report(
          .labelName, "\(Quoting.text(label.key)) is not a label name", label.keyRange,
          suggestion: useful ? "did you mean \(Quoting.text(better))?" : "names are made of letters, digits and _",
          replacement: useful ? Quoting.text(better) : nil)
      } else if let reason = reserved(label.key) {
        inner.report(.reservedLabel, "label \(Quoting.text(label.key)) \(reason)", label.keyRange)
      } else if let value = inner.text(of: label, mayBeEmpty: name != "scope") {
        labels.append(Label(label.key, value))
      }
    }
    add(inner.diagnostics)
    return inner.diagnostics.isEmpty ? labels : nil
  }

  /// The value of a member, or what the JSON text in it holds: rows keep objects as strings. Nil where that is no JSON.
  mutating func embedded(_ member: JSONMember, in bytes: [UInt8]) -> (JSONValue, PositionMap)? {
    guard case .string(let text) = member.value.content, positions.isIdentity else { return (member.value, positions) }
    let inside = PositionMap.inside(member.value.range, of: bytes)
    do throws(JSONError) {
      return (try JSONDocument.parse(text), inside)
    } catch {
      let at = inside.outer(error.offset..<(error.offset + 1))
      // At the end of the inner text: the quote that ends the string.
      let end = member.value.range.upperBound
      diagnostics.append(
        Diagnostic(
          .embeddedSyntax, "in the string of \(member.key): \(error.message)", source: source,
          range: at.isEmpty ? (end - 1)..<end : at))
      return nil
    }
  }

  private mutating func reportDuplicates() {
    // Most objects are small, where comparing beats hashing.
    guard members.count > 16 else {
      for (index, member) in members.enumerated() {
        if let first = members[..<index].last(where: { $0.key == member.key }) { reportDuplicate(member, first) }
      }
      return
    }
    var seen: [String: JSONMember] = [:]
    for member in members {
      if let first = seen.updateValue(member, forKey: member.key) { reportDuplicate(member, first) }
    }
  }

  private mutating func reportDuplicate(_ member: JSONMember, _ first: JSONMember) {
    let related = Diagnostic.Related(
      source: source, range: positions.outer(first.keyRange), message: "first given here")
    diagnostics.append(
      Diagnostic(
        .duplicateKey, "\(Quoting.text(member.key)) is given twice in \(what)", source: source,
        range: positions.outer(member.keyRange), suggestion: "keep one of the two", related: [related]))
  }
}

/// Text from the input inside messages.
enum Quoting {
  /// `text` in double quotes as JSON writes it, shortened when it is long: a message stays one line.
  static func text(_ text: String) -> String {
    let limit = 80
    let shown = text.unicodeScalars.count > limit ? String(text.unicodeScalars.prefix(limit)) + "…" : text
    var bytes: [UInt8] = []
    JSONWriter.appendQuoted(shown, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}
