import Compression
import Platform

extension Spans {
  /// What the first gzip member or zstd frame of a body holds, which is all that receivers on tonic and tower-http read.
  static func firstMember(_ body: [UInt8], _ encoding: String?) throws -> [UInt8] {
    guard let encoding, let known = ContentEncoding(rawValue: encoding), known != .identity else { return body }
    var decompressor = try StreamDecompressor(known)
    var content: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 64 << 10)
    try body.withByteView { (view) throws -> Void in
      var rest = view
      repeat {
        let before = rest.count
        let written = try room.withUnsafeMutableBytes { space in
          try decompressor.decompress(&rest, into: space)
        }
        content += room[..<written]
        if written == 0, rest.count == before { throw CompressionError.truncated(known) }
      } while !decompressor.isAtBoundary
    }
    return content
  }
}
