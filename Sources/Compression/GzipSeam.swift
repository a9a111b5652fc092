import CDeflate
import Platform

/// How the deflate data of one gzip member can be followed by those of another: which bit says that a block is the last, and
/// what fills up to a whole byte.
///
/// Neither is known before all codes have been read, and reading them again would cost more than a request of its own. So
/// they are guessed where they are easy to guess, the data are decompressed as if more came after them, and the guess is
/// right when exactly the content comes out. That covers the members that clients make: zlib puts a request of some hundred
/// spans into one block, which begins with the bit; Go ends every member with an empty block.
public struct GzipSeam: Sendable, Equatable {
  /// The deflate data begin here.
  let header: Int
  /// Where the byte with the bit is, from the beginning of the member.
  let position: Int
  let bit: UInt8
  let filling: Filling

  /// What stands between the data and those that follow.
  enum Filling: Sendable {
    case none
    /// An empty block without compression, whose first bits are the last ones of the data.
    case short
    /// The same, when the last byte has no room for its first bits.
    case long

    var bytes: [UInt8] {
      switch self {
      case .none: []
      case .short: [0, 0, 0xff, 0xff]
      case .long: [0, 0, 0, 0xff, 0xff]
      }
    }
  }
}

extension GzipDecompressor {
  /// What is known of a body after it has been decompressed.
  public enum Form: Sendable, Equatable {
    /// One member that can be joined with others.
    case joinable(GzipSeam)
    case oneMember
    case severalMembers
  }

  /// Decompresses like `decompress`, and finds out whether the body can be joined with others.
  public mutating func decompressFindingSeam(
    _ input: ByteView, into output: inout ByteBuffer, limit: Int
  ) throws(CompressionError) -> Form {
    if let seam = joinable(input, into: &output, limit: limit) { return .joinable(seam) }
    return try decompress(input, into: &output, limit: limit) == 1 ? .oneMember : .severalMembers
  }

  /// A block without compression begins with three bits, goes on with its length at the next whole byte, and there twice,
  /// the second time with all bits turned. Read from here or, where the three bits take up the first byte, from the second
  /// byte on, these five are the beginning of such a block, with 248 bytes in the first case and with 1792 in the second.
  private static let probe: [UInt8] = [0xf8, 0, 7, 0xff, 0xf8]
  private static let shortLength = 248
  private static let longLength = 1792
  /// A last block with fixed codes that holds nothing.
  private static let empty: [UInt8] = [3, 0]

  /// Decompresses one member as if more came after it; `nil`, and nothing has happened, when that does not give its
  /// content.
  private mutating func joinable(_ member: ByteView, into output: inout ByteBuffer, limit: Int) -> GzipSeam? {
    guard let header = try? GzipHeader.size(of: member), member.count >= header + 9,
      (try? GzipHeader.isIntact(of: member)) == true
    else { return nil }
    let trailer = GzipTrailer(of: member)
    let size = Int(trailer.size)
    // No more can come out of so few bytes.
    guard size <= limit, size <= member.count * 1032 + 64 else { return nil }
    let data = member.dropFirst(header).prefix(member.count - header - 8)
    guard var seam = GzipDecompressor.guess(data, header) else { return nil }
    trial.removeAll()
    trial.append(data)
    trial.clear(bits: seam.bit, at: seam.position - header)
    if seam.filling != .none {
      trial.append(GzipDecompressor.probe)
      trial.append(zeros: GzipDecompressor.longLength)
      for byte in 0..<2 {
        // Where the 248 bytes end, counted from the fourth, and where the 1792 do, counted from the fifth.
        trial.set(GzipDecompressor.empty[byte], at: data.count + 4 + GzipDecompressor.shortLength + byte)
      }
    }
    trial.append(GzipDecompressor.empty)
    let length = trial.count
    let room = size + GzipDecompressor.longLength
    var used = 0
    var produced = 0
    var isRight = false
    output.append(upTo: room) { space in
      let outcome = libdeflate_deflate_decompress_ex(
        handle, trial.view.start, length, space.baseAddress, room, &used, &produced)
      isRight =
        outcome == LIBDEFLATE_SUCCESS && produced >= size
        && libdeflate_crc32(0, space.baseAddress, size) == trailer.checksum
      return isRight ? size : 0
    }
    let filling: GzipSeam.Filling? =
      switch (seam.filling, produced - size, length - used) {
      case (.none, 0, 0): GzipSeam.Filling.none
      case (.short, GzipDecompressor.shortLength, GzipDecompressor.longLength - GzipDecompressor.shortLength + 1):
        .short
      case (.short, GzipDecompressor.longLength, 0): .long
      default: nil
      }
    guard isRight, let filling else {
      output.truncate(to: output.count - (isRight ? size : 0))
      return nil
    }
    seam = GzipSeam(header: seam.header, position: seam.position, bit: seam.bit, filling: filling)
    return seam
  }

  /// Where the bit is when there is one block, or when the last one is empty and without compression.
  private static func guess(_ data: ByteView, _ header: Int) -> GzipSeam? {
    let byte = { (index: Int) in (data.start + index).load(as: UInt8.self) }
    if byte(0) & 1 == 1 { return GzipSeam(header: header, position: header, bit: 1, filling: .short) }
    guard data.count > 6, data.dropFirst(data.count - 4).hasPrefix([0, 0, 0xff, 0xff]) else { return nil }
    // The last bit that is set before the length, with the two of the kind of block and nothing but zeros after it.
    let position = data.count - (byte(data.count - 5) != 0 ? 5 : 6)
    let last = byte(position)
    guard last != 0 else { return nil }
    let bit: UInt8 = 1 << UInt8(7 - last.leadingZeroBitCount)
    return GzipSeam(header: header, position: header + position, bit: bit, filling: .none)
  }
}
