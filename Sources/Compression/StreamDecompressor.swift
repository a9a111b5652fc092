import CZlib
import CZstd
import Platform

/// Decompresses a stream piece by piece: files and pipes, which may be of any size.
///
/// gzip goes through zlib here, since libdeflate needs the whole body at once.
public struct StreamDecompressor: ~Copyable {
  private enum Engine {
    case identity
    /// Kept on the heap: zlib's state points back at the structure, which must not move.
    case gzip(UnsafeMutablePointer<z_stream>)
    case zstd(OpaquePointer)
  }

  private let engine: Engine
  /// What went wrong behind the bytes that were given out last.
  private var pending: CompressionError?
  /// Whether the input so far ends between two members or frames.
  public private(set) var isAtBoundary = true

  public init(_ encoding: ContentEncoding) throws(CompressionError) {
    switch encoding {
    case .identity:
      engine = .identity
    case .gzip:
      let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
      stream.initialize(to: z_stream())
      // 15 bits of window, and 16 to ask for the gzip wrapper.
      guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
        stream.deallocate()
        throw .outOfMemory
      }
      engine = .gzip(stream)
    case .zstd:
      guard let stream = ZSTD_createDCtx() else { throw .outOfMemory }
      ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, ZstdDecompressor.maximumWindowLog)
      engine = .zstd(stream)
    }
  }

  deinit {
    switch engine {
    case .identity: break
    case .gzip(let stream):
      inflateEnd(stream)
      stream.deallocate()
    case .zstd(let stream): ZSTD_freeDCtx(stream)
    }
  }

  /// Takes bytes from the front of `input` and writes into `output`; returns how many were written. 0 with `input` not
  /// empty happens only while a header is read; call again.
  public mutating func decompress(
    _ input: inout ByteView, into output: UnsafeMutableRawBufferPointer
  ) throws(CompressionError) -> Int {
    if let pending { throw pending }
    switch engine {
    case .identity:
      let n = Swift.min(input.count, output.count)
      output.copyMemory(from: input.prefix(n).buffer)
      input = input.dropFirst(n)
      return n
    case .gzip(let stream): return try inflate(stream, &input, output)
    case .zstd(let stream):
      var source = ZSTD_inBuffer(src: input.start, size: input.count, pos: 0)
      var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
      let code = ZSTD_decompressStream(stream, &target, &source)
      if ZSTD_isError(code) != 0 { throw .corrupt(.zstd) }
      if source.pos > 0 || target.pos > 0 { isAtBoundary = code == 0 }
      input = input.dropFirst(source.pos)
      return target.pos
    }
  }

  private mutating func inflate(
    _ stream: UnsafeMutablePointer<z_stream>, _ input: inout ByteView, _ output: UnsafeMutableRawBufferPointer
  ) throws(CompressionError) -> Int {
    let offered = Swift.min(input.count, Int(UInt32.max))
    let room = Swift.min(output.count, Int(UInt32.max))
    // zlib reads through this pointer and never writes.
    stream.pointee.next_in = UnsafeMutablePointer(mutating: input.start.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = UInt32(offered)
    stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(room)
    let code = CZlib.inflate(stream, Z_NO_FLUSH)
    let used = offered - Int(stream.pointee.avail_in)
    input = input.dropFirst(used)
    switch code {
    case Z_OK, Z_BUF_ERROR:
      if used > 0 { isAtBoundary = false }
    case Z_STREAM_END:
      // Another member may follow.
      guard inflateReset(stream) == Z_OK else { throw .outOfMemory }
      isAtBoundary = true
    case Z_MEM_ERROR: throw .outOfMemory
    default:
      // What came out before the damage is given out first.
      guard room > Int(stream.pointee.avail_out) else { throw .corrupt(.gzip) }
      pending = .corrupt(.gzip)
    }
    return room - Int(stream.pointee.avail_out)
  }
}
