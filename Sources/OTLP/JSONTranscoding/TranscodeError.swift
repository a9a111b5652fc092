import JSON

/// Why a JSON text is not OTLP/JSON, and where.
public struct TranscodeError: Error, Sendable, Equatable, CustomStringConvertible {
  /// One line without the position.
  public let message: String
  /// Byte offset from the start of the text.
  public let offset: Int
  /// Whether the text ended where something had to follow.
  public let isEnd: Bool

  public init(_ message: String, at offset: Int, isEnd: Bool = false) {
    self.message = message
    self.offset = offset
    self.isEnd = isEnd
  }

  public init(_ error: JSONError) {
    self.init(
      error.message, at: error.offset, isEnd: error.reason == .unexpectedEnd || error.reason == .unterminatedString)
  }

  public var description: String { "\(message) (byte \(offset))" }
}
