import Compression
import Foundation
import JSON
import Platform
import TestSupport

@testable import OTLP
@testable import TraceFormats

extension FuzzTarget {
  private static func packed(_ bytes: [UInt8], _ encoding: ContentEncoding) throws -> [UInt8] {
    var compressor = try Compressor(encoding)
    var out = ByteBuffer()
    try bytes.withByteView { (view) throws(CompressionError) in try compressor.compress(view, into: &out) }
    return [UInt8](out.view)
  }

  private static func streamSeeds() throws -> [[UInt8]] {
    let request = try Fixtures.bytes("otlp/sdk-python-identity.body")
    let line = Array(#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"}]}]}]}"#.utf8)
    let length = [0, 0, UInt8(request.count >> 8), UInt8(request.count & 255)]
    let frames: [UInt8] = length + request + length + request
    var seeds: [[UInt8]] = []
    for bytes in [request, line + [0x0a] + line, frames, Array("{\n \"batches\": [ ]\n}\n{}".utf8)] {
      for choice in UInt8(0)..<5 { seeds.append([choice] + bytes) }
      let gzip = try packed(bytes, .gzip)
      seeds += [[0] + gzip, [0] + gzip + gzip, [0] + (try packed(bytes, .zstd))]
    }
    return seeds
  }

  /// Files of any format and compression: what is read does not depend on whether bad records are passed over.
  static let stream = FuzzTarget("stream", seeds: streamSeeds) { view in
    guard let (choice, bytes) = view.choice(of: 5) else { return }
    var options = TraceInputOptions()
    options.maximumRecord = 1 << 20
    switch choice {
    case 1: options.isProtobuf = true
    case 2...4: options.format = TraceFormat.allCases[choice - 2]
    default: break
    }
    try readFile(bytes, options)
  }

  static func readFile(_ bytes: ByteView, _ options: TraceInputOptions) throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "ongrid-fuzz-\(UUID().uuidString)")
    try Data([UInt8](bytes)).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let strict = read(file, options, skipsBad: false)
    let lenient = read(file, options, skipsBad: true)
    if strict.error == nil {
      try hold(lenient.spans == strict.spans, "\(strict.spans) spans, \(lenient.spans) when bad records may be skipped")
    }
    try hold(lenient.error == nil || strict.error != nil, "fails only where bad records may be skipped")
  }

  private static func read(_ file: URL, _ options: TraceInputOptions, skipsBad: Bool) -> (spans: Int, error: String?) {
    var spans = 0
    do throws(InputError) {
      let input = try TraceInput([file.path(percentEncoded: false)], options: options)
      var decoder = TraceDecoder(skipsBad: skipsBad)
      while let chunk = try input.next() {
        try decoder.forEachRequest(in: chunk) { (request) throws(WireError) in
          // Whoever reads all of it; bad records are those that such a reader refuses.
          try RequestCheck.everything(in: request.bytes, signal: .traces)
          spans += try RequestWalk(request.bytes).items
        }
      }
    } catch {
      return (spans, error.description)
    }
    return (spans, nil)
  }

  private static func compressionSeeds() throws -> [[UInt8]] {
    let text = Array("hello hello hello hello".utf8)
    let gzip = try packed(text, .gzip)
    let zstd = try packed(text, .zstd)
    return [[0] + gzip, [1] + zstd, [2] + text, [0] + (try packed([], .gzip)), [0] + gzip + gzip, [1] + zstd + zstd]
  }

  /// Whole bodies and streams decompress alike and never beyond the limit; what is compressed comes back.
  static let compression = FuzzTarget("compression", seeds: compressionSeeds) { view in
    guard let (choice, bytes) = view.choice(of: 3) else { return }
    if choice == 2 {
      for encoding in [ContentEncoding.gzip, .zstd] {
        let packed = try packed([UInt8](bytes), encoding)
        try hold(inflate(packed, encoding, limit: bytes.count) == [UInt8](bytes), "\(encoding) does not come back")
      }
      return
    }
    let encoding = [ContentEncoding.gzip, .zstd][choice]
    let limit = 100_000
    guard let whole = inflate([UInt8](bytes), encoding, limit: limit) else { return }
    try hold(whole.count <= limit, "\(whole.count) bytes")
    let streamed = inflateStream(bytes, encoding)
    try hold(streamed == whole, "\(whole.count) bytes whole, \(streamed?.count ?? -1) as a stream")
  }

  private static func inflate(_ bytes: [UInt8], _ encoding: ContentEncoding, limit: Int) -> [UInt8]? {
    var decompressor = Decompressor()
    var out = ByteBuffer()
    do throws(CompressionError) {
      try bytes.withByteView { (view) throws(CompressionError) in
        try decompressor.decompress(view, encoding, into: &out, limit: limit)
      }
    } catch { return nil }
    return [UInt8](out.view)
  }

  private static func inflateStream(_ bytes: ByteView, _ encoding: ContentEncoding) -> [UInt8]? {
    var random = bytes.choices
    var out: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 512)
    do throws(CompressionError) {
      var stream = try StreamDecompressor(encoding)
      var position = 0
      var produced = 0
      while position < bytes.count || produced == room.count {
        let end = min(position + .random(in: 1...64, using: &random), bytes.count)
        var piece = bytes[position..<end]
        var failure: CompressionError?
        room.withUnsafeMutableBytes { buffer in
          do throws(CompressionError) { produced = try stream.decompress(&piece, into: buffer) } catch {
            failure = error
          }
        }
        if let failure { throw failure }
        position = end - piece.count
        out += room[..<produced]
      }
      return stream.isAtBoundary ? out : nil
    } catch { return nil }
  }
}
