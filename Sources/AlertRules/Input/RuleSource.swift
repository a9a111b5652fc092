import JSON
import Platform

/// A text that rules are read from.
public struct RuleSource: Sendable {
  /// As the user named it: a path, or `<stdin>`.
  public let name: String
  /// The whole text.
  public let bytes: [UInt8]
  private let lines: LineIndex

  /// Finds the lines of the text.
  public init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
    lines = bytes.withByteView { LineIndex($0) }
  }

  /// Line and column of a byte offset.
  public func place(of offset: Int) -> LineColumn {
    bytes.withByteView { lines.place(of: offset, in: $0) }
  }

  /// The bytes of the line that holds byte `offset`, without its line end.
  public func lineRange(at offset: Int) -> Range<Int> {
    bytes.withByteView { lines.range(ofLine: lines.place(of: offset, in: $0).line, in: $0) }
  }

  /// The text of a range; what is not UTF-8 becomes U+FFFD.
  public func text(_ range: Range<Int>) -> String {
    bytes.withByteView { String($0[range]) }
  }
}

/// Where positions in a parsed text lie in the file: the same place, or behind the escapes of a string that holds the
/// text.
struct PositionMap: Sendable {
  /// The file and the range of the string's content, without quotes; nil when the text is the file itself.
  private let string: (bytes: [UInt8], content: Range<Int>)?
  /// The place of the whole text, where those of its parts cannot be told.
  private var whole: Range<Int>?

  static let identity = PositionMap(string: nil)

  /// Whether the text is the file itself.
  var isIdentity: Bool { string == nil && whole == nil }
  /// Whether parts of the text can be told in the file.
  var knowsParts: Bool { whole == nil }

  /// Positions in the value of the string whose range, quotes included, is `literal`.
  ///
  /// A scalar of YAML without double quotes has no escapes but lines that are folded: of it the whole is the place.
  static func inside(_ literal: Range<Int>, of bytes: [UInt8]) -> PositionMap {
    guard bytes.indices.contains(literal.lowerBound), bytes[literal.lowerBound] == UInt8(ascii: "\"") else {
      return PositionMap(string: nil, whole: literal)
    }
    return PositionMap(string: (bytes, (literal.lowerBound + 1)..<max(literal.upperBound - 1, literal.lowerBound + 1)))
  }

  /// `json`, which is to stand in the text, as it stands in the file.
  func written(_ json: String) -> String {
    guard string != nil else { return json }
    var bytes: [UInt8] = []
    JSONWriter.appendQuoted(json, to: &bytes)
    return String(decoding: bytes.dropFirst().dropLast(), as: UTF8.self)
  }

  /// The range in the file.
  func outer(_ range: Range<Int>) -> Range<Int> {
    guard let (bytes, content) = string else { return whole ?? range }
    return bytes.withByteView { view in
      let raw = view[content]
      let start = JSONUnescape.rawOffset(ofDecoded: range.lowerBound, in: raw)
      let end = JSONUnescape.rawOffset(ofDecoded: range.upperBound, in: raw)
      return (content.lowerBound + start)..<(content.lowerBound + max(start, end))
    }
  }
}
