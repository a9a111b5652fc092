/// The frame around a gRPC message: one byte (compressed or not), four bytes of length, big-endian.
enum GRPCFraming {
  static let headerSize = 5

  /// The frame header for a message of `count` bytes.
  static func header(count: Int, isCompressed: Bool) -> [UInt8] {
    let length = UInt32(truncatingIfNeeded: count)
    return [isCompressed ? 1 : 0] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
  }

  /// The message in a unary response's body; nil when there is none or the frame is broken or compressed (which we do
  /// not offer to read).
  static func message(in body: [UInt8]) -> ArraySlice<UInt8>? {
    guard body.count >= headerSize, body[0] == 0 else { return nil }
    let length = body[1..<headerSize].reduce(0) { $0 << 8 | Int($1) }
    guard length <= body.count - headerSize else { return nil }
    return body[headerSize..<headerSize + length]
  }
}
