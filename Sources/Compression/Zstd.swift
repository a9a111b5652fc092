import CZstd
import Platform

/// Decompresses whole zstd bodies (RFC 8878, one frame or several). Reuse one per thread.
public struct ZstdDecompressor: ~Copyable {
  private let handle: OpaquePointer

  /// The largest window that is accepted, as a power of two: what a decoder needs in memory beside its output.
  static let maximumWindowLog: Int32 = 27

  public init() throws(CompressionError) {
    guard let handle = ZSTD_createDCtx() else { throw .outOfMemory }
    ZSTD_DCtx_setParameter(handle, ZSTD_d_windowLogMax, Self.maximumWindowLog)
    self.handle = handle
  }

  deinit { ZSTD_freeDCtx(handle) }

  /// Appends what `input` holds to `output`, at most `limit` bytes of it. On an error `output` is as it was.
  public mutating func decompress(_ input: ByteView, into output: inout ByteBuffer, limit: Int) throws(CompressionError)
  {
    let start = output.count
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
      if let problem {
        output.truncate(to: start)
        throw problem
      }
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
