import Compression
import Platform
import Testing

/// Pseudo-random bytes that compress somewhat, the same for the same seed.
private func sample(_ size: Int, seed: UInt64) -> [UInt8] {
  var state = seed | 1
  return (0..<size).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return UInt8(truncatingIfNeeded: state >> 59)
  }
}

private func compress(_ bytes: [UInt8], _ encoding: ContentEncoding) throws -> [UInt8] {
  var compressor = try Compressor(encoding)
  var out = ByteBuffer()
  try bytes.withByteView { (view) throws(CompressionError) in try compressor.compress(view, into: &out) }
  return [UInt8](out.view)
}

private func decompress(_ bytes: [UInt8], _ encoding: ContentEncoding, limit: Int = 1 << 24) throws -> [UInt8] {
  var decompressor = Decompressor()
  var out = ByteBuffer()
  out.append("before")
  do {
    try bytes.withByteView { (view) throws(CompressionError) in
      try decompressor.decompress(view, encoding, into: &out, limit: limit)
    }
  } catch {
    #expect(String(out.view) == "before", "an error leaves the output as it was")
    throw error
  }
  return [UInt8](out.view.dropFirst(6))
}

private func stream(_ bytes: [UInt8], _ encoding: ContentEncoding, piece: Int) throws -> (bytes: [UInt8], whole: Bool) {
  var decompressor = try StreamDecompressor(encoding)
  var result: [UInt8] = []
  var room = [UInt8](repeating: 0, count: 700)
  for start in stride(from: 0, to: bytes.count, by: piece) {
    let slice = Array(bytes[start..<min(start + piece, bytes.count)])
    try slice.withUnsafeBytes { raw in
      var input = ByteView(raw)
      var produced = 0
      repeat {
        produced = try room.withUnsafeMutableBytes { try decompressor.decompress(&input, into: $0) }
        result += room.prefix(produced)
      } while !input.isEmpty || produced == room.count
    }
  }
  return (result, decompressor.isAtBoundary)
}

@Suite struct CompressionTests {
  static let encodings: [ContentEncoding] = [.gzip, .zstd]

  @Test(arguments: encodings, [0, 1, 100, 70_000, 3_000_000])
  func roundTrip(encoding: ContentEncoding, size: Int) throws {
    let bytes = sample(size, seed: UInt64(size))
    let packed = try compress(bytes, encoding)
    #expect(packed.withByteView { ContentEncoding.detect($0) } == encoding)
    #expect(try decompress(packed, encoding) == bytes)
  }

  @Test(arguments: encodings)
  func concatenatedMembersAreOneBody(encoding: ContentEncoding) throws {
    let first = sample(5000, seed: 1)
    let second = sample(90_000, seed: 2)
    let both = try compress(first, encoding) + compress(second, encoding)
    #expect(try decompress(both, encoding) == first + second)
    let streamed = try stream(both, encoding, piece: 333)
    #expect(streamed.bytes == first + second)
    #expect(streamed.whole)
  }

  @Test(arguments: encodings)
  func aBombStopsAtTheLimit(encoding: ContentEncoding) throws {
    let bomb = try compress([UInt8](repeating: 0, count: 10_000_000), encoding)
    #expect(bomb.count < 20_000)
    #expect(throws: CompressionError.tooLarge(limit: 1_000_000)) { try decompress(bomb, encoding, limit: 1_000_000) }
    #expect(try decompress(bomb, encoding, limit: 10_000_000).count == 10_000_000)
  }

  @Test(arguments: encodings)
  func everyTruncationIsAnError(encoding: ContentEncoding) throws {
    let packed = try compress(sample(2000, seed: 9), encoding)
    for cut in 1..<packed.count {
      let part = Array(packed[..<cut])
      #expect(throws: CompressionError.self) { try decompress(part, encoding) }
      if let streamed = try? stream(part, encoding, piece: 50) { #expect(!streamed.whole) }
    }
  }

  @Test(arguments: encodings)
  func garbageIsCorrupt(encoding: ContentEncoding) {
    #expect(throws: CompressionError.self) { try decompress(sample(500, seed: 4), encoding) }
  }
}
