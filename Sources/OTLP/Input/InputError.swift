/// Why traces could not be read, and where.
public struct InputError: Error, Sendable, CustomStringConvertible {
  /// Where in the input something was wrong.
  public enum Position: Sendable, Equatable {
    /// The input as a whole.
    case whole
    /// A line, from 1.
    case line(Int)
    /// A byte of the (decompressed) data, from 0.
    case byte(Int)
  }

  /// What was read: a path, or `stdin`.
  public let source: String
  public let position: Position
  public let message: String

  public init(_ source: String, _ position: Position = .whole, _ message: String) {
    self.source = source
    self.position = position
    self.message = message
  }

  public var description: String {
    switch position {
    case .whole: "\(source): \(message)"
    case .line(let line): "\(source):\(line): \(message)"
    case .byte(let offset): "\(source): byte \(offset): \(message)"
    }
  }
}
