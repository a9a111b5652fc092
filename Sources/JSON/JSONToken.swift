/// One piece of a JSON text, as byte offsets into the buffer that was read.
@frozen
public struct JSONToken: Sendable {
  @frozen
  public enum Kind: UInt8, Sendable {
    case objectStart, objectEnd, arrayStart, arrayEnd
    /// A member's key. Its value is the next token.
    case key
    case string, number, `true`, `false`, null
    /// Nothing is left in the buffer.
    case end
  }

  /// What it is.
  public let kind: Kind
  /// Strings and keys: holds at least one backslash, so that the raw bytes are not the value.
  /// Numbers: has a fraction or an exponent.
  public let flag: Bool
  /// First byte. For strings and keys the byte after the opening quote.
  public let start: Int
  /// Byte after the last one. For strings and keys the offset of the closing quote.
  public let end: Int

  @inlinable
  init(_ kind: Kind, _ start: Int, _ end: Int, flag: Bool = false) {
    self.kind = kind
    self.flag = flag
    self.start = start
    self.end = end
  }

  /// Whether a string's bytes need `JSONTokenizer.unescape` to become its value.
  @inlinable public var hasEscapes: Bool { flag }

  /// Whether a number is written without fraction and exponent.
  @inlinable public var isInteger: Bool { !flag }

  /// Number of bytes between `start` and `end`.
  @inlinable public var count: Int { end &- start }

  /// The bytes of the token in the buffer, with the quotes of a string.
  public var range: Range<Int> {
    switch kind {
    case .key, .string: (start - 1)..<(end + 1)
    default: start..<end
    }
  }
}
