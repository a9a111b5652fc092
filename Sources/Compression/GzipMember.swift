import CDeflate
import Platform

/// The bytes before the deflate data of a gzip member (RFC 1952, section 2.3).
enum GzipHeader {
  /// Deflate, no flags, no time, an unknown system.
  static let plain: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]

  /// How many there are in a member; at least eight bytes follow.
  static func size(of member: ByteView) throws(CompressionError) -> Int {
    guard member.count >= 18 else { throw .truncated(.gzip) }
    let byte = { (index: Int) in (member.start + index).load(as: UInt8.self) }
    guard byte(0) == 0x1f, byte(1) == 0x8b, byte(2) == 8 else { throw .corrupt(.gzip) }
    let flags = byte(3)
    var size = 10
    if flags & 4 != 0 { size += 2 + Int(byte(10)) + Int(byte(11)) << 8 }
    // A name and a comment, each ended by a zero.
    for flag in [8, 16] as [UInt8] where flags & flag != 0 {
      while size < member.count, byte(size) != 0 { size += 1 }
      size += 1
    }
    if flags & 2 != 0 { size += 2 }
    guard size + 8 <= member.count else { throw .truncated(.gzip) }
    return size
  }

  /// Whether the checksum of the header is right where there is one. libdeflate does not look; zlib and Go refuse the member.
  static func isIntact(of member: ByteView) throws(CompressionError) -> Bool {
    guard member.count >= 18, (member.start + 3).load(as: UInt8.self) & 2 != 0 else { return true }
    let end = try size(of: member) - 2
    let stored = UInt16(littleEndian: (member.start + end).loadUnaligned(as: UInt16.self))
    return UInt16(truncatingIfNeeded: libdeflate_crc32(0, member.start, end)) == stored
  }
}

/// The last eight bytes of a gzip member.
struct GzipTrailer {
  let checksum: UInt32
  /// Bytes of the content modulo 2^32.
  let size: UInt32

  /// - Parameter member: has at least eight bytes.
  init(of member: ByteView) {
    checksum = UInt32(littleEndian: (member.end - 8).loadUnaligned(as: UInt32.self))
    size = UInt32(littleEndian: (member.end - 4).loadUnaligned(as: UInt32.self))
  }
}
