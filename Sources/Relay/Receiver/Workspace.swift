import Compression
import Platform

/// What an event loop needs for looking at bodies, made once: decompressors and room for their output.
final class Workspace {
  private var decompressor = Decompressor()
  private var deflate: DeflateDecompressor?
  private(set) var scratch = ByteBuffer(capacity: 64 << 10)

  /// Puts what `body` holds into `scratch`, at most `limit` bytes.
  func decompress(_ body: ByteView, _ coding: RequestCoding, limit: Int) throws(CompressionError) {
    switch coding {
    case .identity: try decompressor.decompress(body, .identity, into: &scratch, limit: limit)
    case .gzip: try decompressor.decompress(body, .gzip, into: &scratch, limit: limit)
    case .zstd: try decompressor.decompress(body, .zstd, into: &scratch, limit: limit)
    case .deflate:
      if deflate == nil { deflate = try DeflateDecompressor() }
      try deflate?.decompress(body, into: &scratch, limit: limit)
    }
  }

  /// The same for gzip, and says how its members can go on.
  func decompressGzip(_ body: ByteView, limit: Int) throws(CompressionError) -> GzipDecompressor.Form {
    try decompressor.decompressGzip(body, into: &scratch, limit: limit)
  }

  /// Gives back the room that an unusually large body has needed.
  func trim() {
    if scratch.allocatedCount > 4 << 20 { scratch = ByteBuffer(capacity: 64 << 10) }
    scratch.removeAll()
  }
}
