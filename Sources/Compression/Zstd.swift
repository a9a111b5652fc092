import CZstd
import Platform

/// Decompresses whole zstd bodies (RFC 8878, one frame or several). Reuse one per thread.
public struct ZstdDecompressor: ~Copyable {
  private let handle: OpaquePointer

  /// The largest window of a file that is accepted, as a power of two: what a decoder needs in memory beside its output.
  static let maximumWindowLog: Int32 = 27
  /// The same for bodies (RFC 9659).
  private static let maximumBodyWindowLog: Int32 = 23

  public init() throws(CompressionError) {
    guard let handle = ZSTD_createDCtx() else { throw .outOfMemory }
    ZSTD_DCtx_setParameter(handle, ZSTD_d_windowLogMax, Self.maximumBodyWindowLog)
    self.handle = handle
  }

  deinit { ZSTD_freeDCtx(handle) }

  /// Appends what `input` holds to `output`, at most `limit` bytes of it. On an error `output` is as it was.
  public mutating func decompress(_ input: ByteView, into output: inout ByteBuffer, limit: Int) throws(CompressionError)
  {
    let start = output.count
    var rest = input
    do throws(CompressionError) {
      repeat {
        if try !wholeFrame(&rest, into: &output, limit: limit - (output.count - start), whole: limit) {
          return try stream(rest, into: &output, start: start, limit: limit)
        }
      } while !rest.isEmpty
    } catch {
      output.truncate(to: start)
      throw error
    }
  }

  /// Decompresses the frame at the front of `rest`, when it says how long its content is, and moves `rest` past it: without
  /// a window beside the output, which grows once only. `false`, and nothing has happened, for other frames.
  private func wholeFrame(
    _ rest: inout ByteView, into output: inout ByteBuffer, limit: Int, whole: Int
  ) throws(CompressionError) -> Bool {
    // The last two numbers stand for an unknown size and for an error.
    let size = ZSTD_getFrameContentSize(rest.start, rest.count)
    let length = ZSTD_findFrameCompressedSize(rest.start, rest.count)
    guard size < UInt64.max - 1, ZSTD_isError(length) == 0 else { return false }
    guard size <= UInt64(limit) else { throw .tooLarge(limit: whole) }
    let room = Int(size)
    var produced = 0
    output.append(upTo: room) { space in
      produced = ZSTD_decompressDCtx(handle, space.baseAddress, room, rest.start, length)
      return ZSTD_isError(produced) != 0 ? 0 : produced
    }
    if ZSTD_isError(produced) != 0 { throw .corrupt(.zstd) }
    rest = rest.dropFirst(length)
    return true
  }

  /// Decompresses frames of unknown size.
  private func stream(
    _ input: ByteView, into output: inout ByteBuffer, start: Int, limit: Int
  ) throws(CompressionError) {
    ZSTD_DCtx_reset(handle, ZSTD_reset_session_only)
    var source = ZSTD_inBuffer(src: input.start, size: input.count, pos: 0)
    while true {
      let left = limit - (output.count - start)
      let room = Swift.min(left + 1, Swift.max(ZSTD_DStreamOutSize(), (input.count - source.pos) * 4))
      var code = 0
      var filled = false
      output.append(upTo: room) { space in
        var target = ZSTD_outBuffer(dst: space.baseAddress, size: room, pos: 0)
        code = ZSTD_decompressStream(handle, &target, &source)
        filled = target.pos == room
        return target.pos
      }
      let problem: CompressionError? =
        if ZSTD_isError(code) != 0 {
          .corrupt(.zstd)
        } else if output.count - start > limit {
          .tooLarge(limit: limit)
        } else if source.pos == input.count && !filled && code != 0 {
          .truncated(.zstd)
        } else {
          nil
        }
      if let problem { throw problem }
      if source.pos == input.count && code == 0 { return }
    }
  }
}

/// Compresses whole bodies into one zstd frame. Reuse one per thread.
public struct ZstdCompressor: ~Copyable {
  private let handle: OpaquePointer
  private let level: Int32

  /// - Parameter level: 1 (fastest) to 19.
  public init(level: Int32 = 1) throws(CompressionError) {
    guard let handle = ZSTD_createCCtx() else { throw .outOfMemory }
    self.handle = handle
    self.level = Swift.min(Swift.max(level, 1), 19)
  }

  deinit { ZSTD_freeCCtx(handle) }

  /// Appends `input` as one frame to `output`.
  public mutating func compress(_ input: ByteView, into output: inout ByteBuffer) throws(CompressionError) {
    let bound = ZSTD_compressBound(input.count)
    var failed = false
    output.append(upTo: bound) { space in
      let size = ZSTD_compressCCtx(handle, space.baseAddress, bound, input.start, input.count, level)
      failed = ZSTD_isError(size) != 0
      return failed ? 0 : size
    }
    if failed { throw .outOfMemory }
  }
}
