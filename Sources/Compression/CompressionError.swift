/// Why bytes could not be compressed or decompressed.
public enum CompressionError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Not data of this format, or damaged.
  case corrupt(ContentEncoding)
  /// Neither of the two formats that HTTP calls `deflate`.
  case corruptDeflate
  /// The data ends before its format says it does.
  case truncated(ContentEncoding)
  /// More than `limit` bytes would come out; what was produced until then was thrown away.
  case tooLarge(limit: Int)
  /// The library could not get memory.
  case outOfMemory

  public var description: String {
    switch self {
    case .corrupt(let encoding): "invalid \(encoding.rawValue) data"
    case .corruptDeflate: "invalid deflate data"
    case .truncated(let encoding): "\(encoding.rawValue) data ends early"
    case .tooLarge(let limit): "decompressed size exceeds the limit of \(limit) bytes"
    case .outOfMemory: "out of memory while compressing"
    }
  }
}
