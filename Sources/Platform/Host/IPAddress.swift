import Libc

/// An IPv4 or IPv6 address.
public struct IPAddress: Sendable, Hashable {
  /// 4 or 16 bytes, most significant first.
  public let bytes: [UInt8]

  /// Reads `192.0.2.1` or `2001:db8::1`, without brackets; `nil` for anything else, names among it.
  public init?(_ text: String) {
    var four = in_addr()
    var six = in6_addr()
    if inet_pton(AF_INET, text, &four) == 1 {
      bytes = withUnsafeBytes(of: &four) { Array($0) }
    } else if inet_pton(AF_INET6, text, &six) == 1 {
      bytes = withUnsafeBytes(of: &six) { Array($0) }
    } else {
      return nil
    }
  }

  /// Whether the first `length` bits are those of `network`.
  public func isIn(_ network: IPAddress, prefix length: Int) -> Bool {
    guard bytes.count == network.bytes.count, (0...bytes.count * 8).contains(length) else { return false }
    for index in 0..<bytes.count {
      let bits = min(max(length - index * 8, 0), 8)
      let mask = UInt8(truncatingIfNeeded: 0xff00 >> bits)
      if bytes[index] & mask != network.bytes[index] & mask { return false }
    }
    return true
  }
}
