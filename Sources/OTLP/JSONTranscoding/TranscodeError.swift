import JSON

/// Why a JSON text is not OTLP/JSON, and where.
public struct TranscodeError: Error, Sendable, Equatable, CustomStringConvertible {
  /// One line without the position.
  public let message: String
  /// Byte offset from the start of the text.
  public let offset: Int

  public init(_ message: String, at offset: Int) {
    self.message = message
    self.offset = offset
  }

  public init(_ error: JSONError) {
    self.init(error.message, at: error.offset)
  }

  public var description: String { "\(message) (byte \(offset))" }
}
