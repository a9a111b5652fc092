import CZlib
import Platform
import TestSupport
import Testing

@testable import Compression

/// Members that are joined without compressing them again.
@Suite struct GzipJoinTests {
  /// How a member was made.
  struct Maker: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: @Sendable ([UInt8]) throws -> [UInt8]
    /// Whether small contents give members that can be joined.
    var joins = true
  }

  private static let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]

  private static let makers: [Maker] =
    (0...12).map { level in
      Maker(testDescription: "libdeflate \(level)") { try libdeflate($0, Int32(level)) }
    }
    + [(1, Z_DEFAULT_STRATEGY), (6, Z_DEFAULT_STRATEGY), (9, Z_FIXED), (9, Z_HUFFMAN_ONLY), (0, Z_DEFAULT_STRATEGY)].map
  {
    level, strategy in
    Maker(testDescription: "zlib \(level) strategy \(strategy)") { zlib($0, level, strategy, ending: Z_FINISH) }
  } + [
    // An empty block that is not the last brings the data to a whole byte, and Go then writes the last one.
    Maker(testDescription: "Go") {
      zlib($0, 6, Z_DEFAULT_STRATEGY, ending: Z_SYNC_FLUSH, last: [1, 0, 0, 0xff, 0xff])
    },
    Maker(testDescription: "Go's last block alone") { zlib($0, 6, Z_DEFAULT_STRATEGY, ending: Z_BLOCK, last: nil) },
    Maker(testDescription: "a name, a comment, an extra field and a checksum of the header") { content in
      let plain = zlib(content, 6, Z_DEFAULT_STRATEGY, ending: Z_FINISH)
      let header: [UInt8] =
        [0x1f, 0x8b, 8, 4 | 8 | 16 | 2, 0, 0, 0, 0, 0, 3, 3, 0, 9, 9, 9] + Array("name\0comment\0".utf8)
      let checksum = crc32(0, header, UInt32(header.count))
      return header + [UInt8(checksum & 0xff), UInt8(checksum >> 8 & 0xff)] + plain.dropFirst(10)
    },
    Maker(testDescription: "two members", make: { try libdeflate($0, 1) + libdeflate([], 1) }, joins: false),
    Maker(
      testDescription: "a flush in the middle",
      make: { zlib($0, 6, Z_DEFAULT_STRATEGY, ending: Z_SYNC_FLUSH, last: [3, 0]) }, joins: false),
  ]

  private static func libdeflate(_ content: [UInt8], _ level: Int32) throws -> [UInt8] {
    var compressor = try GzipCompressor(level: level)
    var out = ByteBuffer()
    content.withByteView { compressor.compress($0, into: &out) }
    return [UInt8](out.view)
  }

  /// - Parameters:
  ///   - ending: how the data are ended.
  ///   - last: what comes after them; `nil` is the last block as Go writes it, straight after the bits before.
  private static func zlib(
    _ content: [UInt8], _ level: Int32, _ strategy: Int32, ending: Int32, last: [UInt8]? = []
  ) -> [UInt8] {
    var stream = z_stream()
    deflateInit2_(&stream, level, Z_DEFLATED, -15, 8, strategy, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    defer { deflateEnd(&stream) }
    var input = content
    var output = [UInt8](repeating: 0, count: content.count * 2 + 1000)
    var count = 0
    input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress
        stream.avail_in = UInt32(source.count)
        stream.next_out = target.baseAddress
        stream.avail_out = UInt32(target.count)
        deflate(&stream, ending)
        if last == nil {
          // One bit that says last, two for the kind of block; zlib knows where they go.
          deflatePrime(&stream, 3, 1)
          var pending: UInt32 = 0
          var bits: Int32 = 0
          deflatePending(&stream, &pending, &bits)
          if bits != 0 { deflatePrime(&stream, 8 - bits, 0) }
          deflate(&stream, Z_BLOCK)
        }
        count = target.count - Int(stream.avail_out)
      }
    }
    let checksum = UInt32(truncatingIfNeeded: crc32(0, content, UInt32(content.count)))
    let trailer = [checksum, UInt32(content.count)].flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
    return header + output.prefix(count) + (last ?? [0, 0, 0xff, 0xff]) + trailer
  }

  private func content(_ size: Int, _ random: inout SeededRandom) -> [UInt8] {
    let letters = Int.random(in: 1...256, using: &random)
    return (0..<size).map { _ in UInt8.random(in: 0..<UInt8(clamping: letters), using: &random) }
  }

  private func form(_ member: [UInt8], _ content: [UInt8]) throws -> GzipDecompressor.Form {
    var decompressor = try GzipDecompressor()
    var out = ByteBuffer()
    out.append("before")
    let form = try member.withByteView { (view) throws(CompressionError) in
      try decompressor.decompressFindingSeam(view, into: &out, limit: 1 << 20)
    }
    #expect([UInt8](out.view.dropFirst(6)) == content)
    return form
  }

  @Test("members of all makers, joined at random, are one member with their content")
  func join() throws {
    var random = SeededRandom()
    for _ in 0..<60 {
      var joiner = GzipJoiner()
      var body = ByteBuffer()
      var expected: [UInt8] = []
      joiner.begin(&body)
      for _ in 0..<Int.random(in: 0...20, using: &random) {
        let content = content(Int.random(in: 0...700, using: &random), &random)
        guard let maker = Self.makers.randomElement(using: &random) else { continue }
        let member = try maker.make(content)
        guard case .joinable(let seam) = try form(member, content) else {
          #expect(!maker.joins, "\(maker.testDescription), \(content.count) bytes, \(random.note)")
          continue
        }
        member.withByteView { joiner.add($0, seam, to: &body) }
        expected += content
      }
      if Bool.random(using: &random) {
        let content = content(Int.random(in: 0...700, using: &random), &random)
        expected += content
        try Self.libdeflate(content, 1).withByteView { (view) throws(CompressionError) in
          try joiner.end(&body, last: view)
        }
      } else {
        try joiner.end(&body)
      }
      #expect(try firstMember([UInt8](body.view)) == expected, "\(random.note)")
      // What was joined can be joined again, unless its last part was just made.
      let again = try form([UInt8](body.view), expected)
      #expect(again != .severalMembers, "\(random.note)")
    }
  }

  /// What zlib reads of the first member, which must be all there is.
  private func firstMember(_ body: [UInt8]) throws -> [UInt8] {
    var decompressor = try StreamDecompressor(.gzip)
    var content: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 4096)
    try body.withUnsafeBytes { bytes in
      var rest = ByteView(bytes)
      repeat {
        let count = try room.withUnsafeMutableBytes { try decompressor.decompress(&rest, into: $0) }
        content += room[..<count]
      } while !decompressor.isAtBoundary
      #expect(rest.isEmpty)
    }
    return content
  }

  @Test("each maker's members are joined where they are small", arguments: Self.makers)
  func makes(_ maker: Maker) throws {
    var random = SeededRandom()
    for size in Array(0...40) + [100, 1000, 9000] {
      let content = content(size, &random)
      let form = try form(maker.make(content), content)
      if case .joinable = form { continue }
      #expect(!maker.joins, "\(size) bytes, \(random.note)")
    }
  }

  @Test("data that end like Go's without being so are not joined wrongly, and damage is found")
  func disguised() throws {
    var random = SeededRandom()
    for round in 0..<400 {
      var member = try Self.makers[round % Self.makers.count].make(content(200, &random))
      // The last bytes of the deflate data as Go's, and a bit turned somewhere.
      if round % 2 == 0 { member.replaceSubrange(member.count - 12..<member.count - 8, with: [0, 0, 0xff, 0xff]) }
      let index = Int.random(in: 10..<member.count, using: &random)
      member[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      var decompressor = try GzipDecompressor()
      var with = ByteBuffer()
      var without = ByteBuffer()
      let found = try? member.withByteView { (view) throws(CompressionError) in
        try decompressor.decompressFindingSeam(view, into: &with, limit: 1 << 20)
      }
      let plain: ()? = try? member.withByteView { (view) throws(CompressionError) in
        try decompressor.decompress(view, into: &without, limit: 1 << 20)
      }
      #expect((found == nil) == (plain == nil), "\(random.note)")
      #expect([UInt8](with.view) == [UInt8](without.view), "\(random.note)")
    }
  }

  @Test("the limit holds, for a member that says it is small as well")
  func limit() throws {
    let member = try Self.libdeflate([UInt8](repeating: 7, count: 100_000), 6)
    var decompressor = try GzipDecompressor()
    for size in [UInt32(100_000), 10] {
      var lying = member
      for index in 0..<4 { lying[member.count - 4 + index] = UInt8(truncatingIfNeeded: size >> UInt32(index * 8)) }
      var out = ByteBuffer()
      #expect(throws: (any Error).self) {
        try lying.withByteView { (view) throws(CompressionError) in
          _ = try decompressor.decompressFindingSeam(view, into: &out, limit: 50_000)
        }
      }
      let left = out.count
      #expect(left == 0)
    }
  }
}
