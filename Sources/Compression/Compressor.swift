import Platform

/// Compresses whole bodies with one encoding. Reuse one per thread.
public struct Compressor: ~Copyable {
  public let encoding: ContentEncoding
  private var gzip: GzipCompressor?
  private var zstd: ZstdCompressor?

  /// - Parameter level: the encoding's own scale; 1 is its fastest.
  public init(_ encoding: ContentEncoding, level: Int32 = 1) throws(CompressionError) {
    self.encoding = encoding
    gzip = encoding == .gzip ? try GzipCompressor(level: level) : nil
    zstd = encoding == .zstd ? try ZstdCompressor(level: level) : nil
  }

  /// Appends `input`, compressed, to `output`.
  public mutating func compress(_ input: ByteView, into output: inout ByteBuffer) throws(CompressionError) {
    switch encoding {
    case .identity: output.append(input)
    case .gzip: gzip?.compress(input, into: &output)
    case .zstd: try zstd?.compress(input, into: &output)
    }
  }
}
