/// Why a text is not JSON (RFC 8259), and where.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What was wrong.
  public enum Reason: UInt8, Sendable {
    case unexpectedEnd
    case expectedValue
    case expectedKey
    case expectedColon
    case expectedCommaOrBrace
    case expectedCommaOrBracket
    case trailingComma
    case unterminatedString
    case controlCharacter
    case invalidEscape
    case invalidUnicodeEscape
    case invalidUTF8
    case invalidLiteral
    case invalidNumber
    case leadingZero
    case tooDeep
    case trailingData
  }

  /// What was wrong.
  public let reason: Reason
  /// Byte offset from the start of the buffer: the offending byte, or the opening quote of a string that never ends.
  public let offset: Int

  @inlinable
  public init(_ reason: Reason, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }

  /// One line without the position.
  public var message: String {
    switch reason {
    case .unexpectedEnd: "the JSON text ends too early"
    case .expectedValue: "expected a value"
    case .expectedKey: "expected a key in double quotes"
    case .expectedColon: "expected ':' after the key"
    case .expectedCommaOrBrace: "expected ',' or '}'"
    case .expectedCommaOrBracket: "expected ',' or ']'"
    case .trailingComma: "a comma must be followed by another member"
    case .unterminatedString: "the string is not closed"
    case .controlCharacter: "a control character must be escaped in a string"
    case .invalidEscape: "unknown escape in a string"
    case .invalidUnicodeEscape: "\\u must be followed by four hexadecimal digits"
    case .invalidUTF8: "the text is not valid UTF-8"
    case .invalidLiteral: "expected true, false or null"
    case .invalidNumber: "this is not a number as JSON writes them"
    case .leadingZero: "a number must not start with a zero"
    case .tooDeep: "the value is nested too deeply"
    case .trailingData: "unexpected text after the value"
    }
  }

  /// One line with the byte offset.
  public var description: String { "\(message) (byte \(offset))" }
}
