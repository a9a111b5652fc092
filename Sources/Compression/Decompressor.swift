import Platform

/// Decompresses whole bodies of any encoding, making the library's state when a body first needs it. One per thread.
public struct Decompressor: ~Copyable {
  private var gzip: GzipDecompressor?
  private var zstd: ZstdDecompressor?

  public init() {
    gzip = nil
    zstd = nil
  }

  /// Decompresses gzip like `decompress`, and tells what is known of its form then.
  public mutating func decompressGzip(
    _ input: ByteView, into output: inout ByteBuffer, limit: Int
  ) throws(CompressionError) -> GzipDecompressor.Form {
    if gzip == nil { gzip = try GzipDecompressor() }
    return try gzip?.decompressFindingSeam(input, into: &output, limit: limit) ?? .severalMembers
  }

  /// Appends what `input` holds to `output`, at most `limit` bytes of it. On an error `output` is as it was.
  public mutating func decompress(
    _ input: ByteView, _ encoding: ContentEncoding, into output: inout ByteBuffer, limit: Int
  ) throws(CompressionError) {
    switch encoding {
    case .identity:
      guard input.count <= limit else { throw .tooLarge(limit: limit) }
      output.append(input)
    case .gzip:
      if gzip == nil { gzip = try GzipDecompressor() }
      try gzip?.decompress(input, into: &output, limit: limit)
    case .zstd:
      if zstd == nil { zstd = try ZstdDecompressor() }
      try zstd?.decompress(input, into: &output, limit: limit)
    }
  }
}
