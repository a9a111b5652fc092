import OTLP

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
  /// The place, among the chunks of its input, of the one that could not be read; nil where no chunk was read.
  var chunk: Int?

  public init(_ source: String, _ position: Position = .whole, _ message: String) {
    self.source = source
    self.position = position
    self.message = message
  }

  /// The error's place in the order of the input: that of its chunk, else `index`.
  public func place(orElse index: Int) -> Int { chunk ?? index }

  public var description: String {
    switch position {
    case .whole: "\(source): \(message)"
    case .line(let line): "\(source):\(line): \(message)"
    case .byte(let offset): "\(source): byte \(offset): \(message)"
    }
  }
}
