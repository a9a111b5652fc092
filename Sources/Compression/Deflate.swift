import CDeflate
import Platform

/// Inflates whole bodies that HTTP calls `deflate`: the zlib format (RFC 1950), or what some clients send instead, deflate
/// data without any frame (RFC 1951). Reuse one per thread.
public struct DeflateDecompressor: ~Copyable {
  private let handle: OpaquePointer

  public init() throws(CompressionError) {
    guard let handle = libdeflate_alloc_decompressor() else { throw .outOfMemory }
    self.handle = handle
  }

  deinit { libdeflate_free_decompressor(handle) }

  /// Appends what `input` holds to `output`, at most `limit` bytes of it. On an error `output` is as it was.
  public mutating func decompress(_ input: ByteView, into output: inout ByteBuffer, limit: Int) throws(CompressionError)
  {
    // A deflate block hardly makes more than 1032 bytes of one.
    let ceiling = Swift.min(limit, input.count.multipliedSaturating(by: 1032).addingSaturating(64))
    var room = Swift.min(Swift.max(input.count.multipliedSaturating(by: 4), 64), ceiling)
    let isFramed = DeflateDecompressor.looksFramed(input)
    while true {
      var used = 0
      var produced = 0
      var outcome = LIBDEFLATE_BAD_DATA
      output.append(upTo: room) { space in
        outcome =
          isFramed
          ? libdeflate_zlib_decompress_ex(handle, input.start, input.count, space.baseAddress, room, &used, &produced)
          : libdeflate_deflate_decompress_ex(
            handle, input.start, input.count, space.baseAddress, room, &used, &produced)
        return outcome == LIBDEFLATE_SUCCESS && used == input.count ? produced : 0
      }
      if outcome == LIBDEFLATE_SUCCESS, used == input.count { return }
      guard outcome == LIBDEFLATE_INSUFFICIENT_SPACE else { throw .corruptDeflate }
      guard room < ceiling else { throw .tooLarge(limit: limit) }
      room = Swift.min(room * 2, ceiling)
    }
  }

  /// The first two bytes of the zlib format name deflate and are a multiple of 31.
  private static func looksFramed(_ input: ByteView) -> Bool {
    guard input.count >= 2 else { return false }
    return input[0] & 0x0f == 8 && (Int(input[0]) << 8 | Int(input[1])) % 31 == 0
  }
}
