import CYAML
import Platform

/// A node of a YAML document, with the place where it begins. JSON is YAML as well.
public struct YAMLNode: Sendable {
  public enum Content: Sendable {
    /// The text of a scalar; `isPlain`: without quotes.
    case scalar(String, isPlain: Bool)
    case sequence([YAMLNode])
    case mapping([(key: YAMLNode, value: YAMLNode)])
  }

  public let content: Content
  /// From 1.
  public let line: Int
  public let column: Int
  /// Behind its last character, from 1; of a collection, where the next thing begins.
  public let endLine: Int
  public let endColumn: Int

  /// The text of a scalar; `nil` for others, and for one that says nothing.
  public var text: String? {
    guard case .scalar(let text, let isPlain) = content else { return nil }
    return isPlain && ["", "~", "null", "Null", "NULL"].contains(text) ? nil : text
  }
}

/// Why a text is no document, and where.
public struct YAMLError: Error, CustomStringConvertible, Sendable {
  public let reason: String
  /// From 1.
  public let line: Int
  public let column: Int

  public init(_ reason: String, line: Int, column: Int) {
    self.reason = reason
    self.line = line
    self.column = column
  }

  public init(_ reason: String, at node: YAMLNode) { self.init(reason, line: node.line, column: node.column) }

  public var description: String { "\(line):\(column): \(reason)" }
}

/// Reads one document through libyaml. Aliases are refused, for a small text could stand for an endless tree with them; so
/// are a key that comes twice and a tree deeper than any that people write.
public enum YAMLDocument {
  private static let depthLimit = 64

  public static func parse(_ text: ByteView) throws(YAMLError) -> YAMLNode {
    let all = try documents(text)
    if all.count > 1 { throw YAMLError("a second document", at: all[1]) }
    return all.first ?? YAMLNode(content: .mapping([]), line: 1, column: 1, endLine: 1, endColumn: 1)
  }

  /// Every document of a text, which `---` sets apart.
  public static func documents(_ text: ByteView) throws(YAMLError) -> [YAMLNode] {
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    defer { parser.deallocate() }
    guard yaml_parser_initialize(parser) == 1 else { throw YAMLError("out of memory", line: 1, column: 1) }
    defer { yaml_parser_delete(parser) }
    yaml_parser_set_input_string(parser, text.start.assumingMemoryBound(to: UInt8.self), text.count)
    var reader = Reader(parser: parser)
    return try reader.documents()
  }

  /// Invariant: `parser` lives and stays where it is while this does.
  private struct Reader {
    let parser: UnsafeMutablePointer<yaml_parser_t>

    /// What one event says, copied.
    private enum Event {
      case scalar(String, isPlain: Bool)
      case sequence, sequenceEnd, mapping, mappingEnd, documentEnd, streamEnd, alias, other
    }

    private var line = 1
    private var column = 1
    private var end = (line: 1, column: 1)

    init(parser: UnsafeMutablePointer<yaml_parser_t>) { self.parser = parser }

    private mutating func next() throws(YAMLError) -> Event {
      var event = yaml_event_t()
      guard yaml_parser_parse(parser, &event) == 1 else {
        let mark = parser.pointee.problem_mark
        let reason = parser.pointee.problem.map { String(cString: $0) } ?? "not YAML"
        throw YAMLError(reason, line: Int(mark.line) + 1, column: Int(mark.column) + 1)
      }
      defer { yaml_event_delete(&event) }
      line = Int(event.start_mark.line) + 1
      column = Int(event.start_mark.column) + 1
      end = (Int(event.end_mark.line) + 1, Int(event.end_mark.column) + 1)
      switch event.type {
      case YAML_SCALAR_EVENT:
        let scalar = event.data.scalar
        let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        return .scalar(String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
      case YAML_SEQUENCE_START_EVENT: return .sequence
      case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
      case YAML_MAPPING_START_EVENT: return .mapping
      case YAML_MAPPING_END_EVENT: return .mappingEnd
      case YAML_DOCUMENT_END_EVENT: return .documentEnd
      case YAML_STREAM_END_EVENT: return .streamEnd
      case YAML_ALIAS_EVENT: return .alias
      default: return .other
      }
    }

    mutating func documents() throws(YAMLError) -> [YAMLNode] {
      var roots: [YAMLNode] = []
      while true {
        let event = try next()
        switch event {
        case .streamEnd: return roots
        case .other, .documentEnd: continue
        default: roots.append(try node(event, depth: 0))
        }
      }
    }

    private func node(_ content: YAMLNode.Content, from start: (line: Int, column: Int)) -> YAMLNode {
      YAMLNode(
        content: content, line: start.line, column: start.column, endLine: end.line, endColumn: end.column)
    }

    private mutating func node(_ event: Event, depth: Int) throws(YAMLError) -> YAMLNode {
      let place = (line: line, column: column)
      if depth > YAMLDocument.depthLimit { throw YAMLError("nested too deeply", line: line, column: column) }
      switch event {
      case .scalar(let text, let isPlain):
        return node(.scalar(text, isPlain: isPlain), from: place)
      case .sequence:
        var elements: [YAMLNode] = []
        while true {
          let event = try next()
          if case .sequenceEnd = event { break }
          elements.append(try node(event, depth: depth + 1))
        }
        return node(.sequence(elements), from: place)
      case .mapping:
        var members: [(key: YAMLNode, value: YAMLNode)] = []
        var keys: Set<String> = []
        while true {
          let event = try next()
          if case .mappingEnd = event { break }
          let key = try node(event, depth: depth + 1)
          guard case .scalar(let name, _) = key.content else { throw YAMLError("a key must be a word", at: key) }
          guard keys.insert(name).inserted else { throw YAMLError("'\(name)' comes twice", at: key) }
          members.append((key, try node(next(), depth: depth + 1)))
        }
        return node(.mapping(members), from: place)
      case .alias: throw YAMLError("aliases are not taken", line: line, column: column)
      default: throw YAMLError("unexpected end", line: line, column: column)
      }
    }
  }
}
