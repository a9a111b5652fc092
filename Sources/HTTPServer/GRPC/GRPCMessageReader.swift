import Platform

/// Takes the one message of a unary call out of its frames: a flag byte, a length of four bytes, the message.
public struct GRPCMessageReader: ~Copyable {
  public enum Failure: Error {
    /// A second message, or a flag that is neither 0 nor 1.
    case malformed
    case tooLarge
  }

  private var prefix: (count: Int, length: UInt32) = (0, 0)
  /// Whether the message is compressed as `grpc-encoding` says.
  public private(set) var isCompressed = false
  /// The message's bytes so far.
  private var message = ByteBuffer(capacity: 16)

  public init() {}

  /// How many bytes of the message have come.
  public var count: Int { message.count }

  /// Whether prefix and message have been read in full.
  public var isComplete: Bool { prefix.count == 5 && message.count == Int(prefix.length) }

  /// Takes in further bytes of the stream. Room is made as bytes arrive, up to 1 MiB ahead of them: a length alone costs
  /// nothing.
  public mutating func append(_ bytes: ByteView, limit: Int) throws(Failure) {
    var bytes = bytes
    while prefix.count < 5, let byte = bytes.first {
      if prefix.count == 0 {
        guard byte <= 1 else { throw .malformed }
        isCompressed = byte == 1
      } else {
        prefix.length = prefix.length << 8 | UInt32(byte)
      }
      prefix.count += 1
      bytes = bytes.dropFirst(1)
      if prefix.count == 5 {
        if Int(prefix.length) > limit { throw .tooLarge }
        message = ByteBuffer(capacity: min(Int(prefix.length), 1 << 20))
      }
    }
    guard !bytes.isEmpty else { return }
    if message.count + bytes.count > Int(prefix.length) { throw .malformed }
    message.append(bytes)
  }

  /// Hands over the message.
  public mutating func take() -> ByteBuffer {
    var taken = ByteBuffer(capacity: 16)
    swap(&taken, &message)
    return taken
  }
}
