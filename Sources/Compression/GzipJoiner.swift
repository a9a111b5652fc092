import CZlib
import Platform

/// Makes one gzip member of several without compressing anew, since some receivers read no further than the first.
///
/// The blocks of all members follow each other, and the checksum of all follows from those of each. `begin`, then `add` for
/// each, then `end`.
public struct GzipJoiner: Sendable {
  private var checksum: UInt = 0
  /// Modulo 2^32, as the trailer has it.
  private var size: UInt32 = 0

  public init() {}

  /// Appends the beginning of a member to `output`.
  public mutating func begin(_ output: inout ByteBuffer) {
    checksum = 0
    size = 0
    output.append(GzipHeader.plain)
  }

  /// Appends what `member` holds, which has been decompressed and found to have this seam.
  public mutating func add(_ member: ByteView, _ seam: GzipSeam, to output: inout ByteBuffer) {
    let start = output.count
    output.append(member.dropFirst(seam.header).prefix(member.count - seam.header - 8))
    output.clear(bits: seam.bit, at: start + seam.position - seam.header)
    output.append(seam.filling.bytes)
    note(GzipTrailer(of: member))
  }

  /// Ends the member. `last`, which is a member as our compressor makes it, is put in before, without a seam.
  public mutating func end(_ output: inout ByteBuffer, last: ByteView? = nil) throws(CompressionError) {
    if let last {
      let header = try GzipHeader.size(of: last)
      output.append(last.dropFirst(header).prefix(last.count - header - 8))
      note(GzipTrailer(of: last))
    } else {
      // An empty last block as Go makes it, so that a relay further on finds the seam.
      output.append([1, 0, 0, 0xff, 0xff])
    }
    output.append(littleEndian: UInt32(truncatingIfNeeded: checksum))
    output.append(littleEndian: size)
  }

  private mutating func note(_ trailer: GzipTrailer) {
    checksum = crc32_combine(checksum, UInt(trailer.checksum), Int(trailer.size))
    size &+= trailer.size
  }

  /// Whether `body` can be the only member of what has `size` bytes, by the size that its last bytes tell.
  public static func isOneMember(_ body: ByteView, size: Int) -> Bool {
    body.count >= 18 && GzipTrailer(of: body).size == UInt32(truncatingIfNeeded: size)
  }
}
