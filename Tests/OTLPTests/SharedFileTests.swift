import Compression
import Foundation
import OTLP
import Platform
import TestSupport
import Testing
import TraceFormats

/// Large plain files are read by several threads at once. What comes out is what one thread reads from the same bytes
/// when they come compressed, which only one can read.
@Suite struct SharedFileTests {
  private static let formats: [TraceFormat] = [.json, .stream, .protobuf]

  private struct Found: Equatable {
    var requests: [[UInt8]]
    var error: String?
  }

  /// Requests in the order of the input, and the error that ended it.
  private static func read(_ path: String, threads: Int, limit: Int = 256 << 20, skipsBad: Bool = false) throws -> Found
  {
    var options = TraceInputOptions()
    options.maximumRecord = limit
    let input = try TraceInput([path], options: options)
    let chunks = Monitor<[Int: [[UInt8]]]>([:])
    let failure = Monitor<(place: Int, text: String)?>(nil)
    inParallel(threads) { _ in
      var decoder = TraceDecoder(skipsBad: skipsBad)
      var place = 0
      do throws(InputError) {
        while failure.withLock({ $0 == nil }), let chunk = try input.next() {
          place = chunk.index
          var requests: [[UInt8]] = []
          defer { chunks.withLock { [requests] in $0[chunk.index] = requests } }
          try decoder.forEachRequest(in: chunk) { requests.append([UInt8]($0.bytes)) }
        }
      } catch {
        let place = error.place(orElse: place)
        failure.withLock { if place < $0?.place ?? .max { $0 = (place, "\(error.position) \(error.message)") } }
      }
    }
    let requests = chunks.withLock { all in all.sorted { $0.key < $1.key }.flatMap(\.value) }
    return Found(requests: requests, error: failure.withLock { $0?.text })
  }

  /// Records of very different lengths in one format: many small ones, and some longer than what a thread takes at once.
  private static func records(_ format: TraceFormat, _ random: inout SeededRandom) -> [[UInt8]] {
    (0..<Int.random(in: 15...30, using: &random)).flatMap { _ in
      let length = [0, 10, 2000, 100_000, 900_000][[0, 0, 1, 1, 1, 2, 2, 2, 3, 4].randomElement(using: &random) ?? 0]
      let repeats = length < 5000 ? Int.random(in: 1...40, using: &random) : 1
      return (0..<repeats).map { number in record(format, name: "\(number)" + String(repeating: "n", count: length)) }
    }
  }

  private static func record(_ format: TraceFormat, name: String) -> [UInt8] {
    if format == .json {
      return Array(#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"\#(name)"}]}]}]}"#.utf8) + [0x0a]
    }
    var message = ByteBuffer()
    message.appendField(1) { $0.appendField(2) { $0.appendField(2) { $0.appendField(5, string: name) } } }
    if format == .protobuf { return Array(message.view) }
    return withUnsafeBytes(of: UInt32(message.count).bigEndian) { Array($0) } + Array(message.view)
  }

  private static func write(_ bytes: [UInt8], to directory: TemporaryDirectory) throws -> (
    plain: String, packed: String
  ) {
    var packed = ByteBuffer()
    var compressor = try Compressor(.zstd)
    try bytes.withByteView { try compressor.compress($0, into: &packed) }
    return (try directory.write("plain", bytes), try directory.write("packed", Array(packed.view)))
  }

  @Test(arguments: formats)
  func threadsReadWhatOneReads(_ format: TraceFormat) throws {
    var random = SeededRandom()
    let directory = try TemporaryDirectory()
    for _ in 0..<3 {
      var bytes = Self.records(format, &random).flatMap { $0 }
      // Where a message is cut is for whoever decodes it to find.
      if format != .protobuf, Bool.random(using: &random) {
        bytes = Array(bytes.dropLast(Int.random(in: 0...2000, using: &random)))
      }
      let (plain, packed) = try Self.write(bytes, to: directory)
      let expected = try Self.read(packed, threads: 1)
      for threads in [1, 2, 5] {
        let found = try Self.read(plain, threads: threads)
        #expect(found.error == expected.error, "\(threads) threads, \(random.note)")
        // How a message lies in chunks is not the same for all readers; one after the other they are the message.
        if expected.error == nil || format != .json {
          #expect(found.requests.flatMap { $0 } == expected.requests.flatMap { $0 }, "\(random.note)")
        }
        if format == .stream { #expect(found.requests == expected.requests, "\(random.note)") }
      }
    }
  }

  @Test(arguments: formats)
  func recordsBeyondTheLimitAreRefused(_ format: TraceFormat) throws {
    let directory = try TemporaryDirectory()
    var records = (0..<2000).map { Self.record(format, name: String(repeating: "a", count: 500 + $0)) }
    records.insert(Self.record(format, name: String(repeating: "b", count: 6 << 20)), at: 1500)
    let (plain, _) = try Self.write(records.flatMap { $0 }, to: directory)
    for threads in [1, 3] {
      let found = try Self.read(plain, threads: threads, limit: 1 << 20)
      #expect(found.error?.contains("larger than 1048576 bytes") == true, "\(found.error ?? "no error")")
    }
  }

  @Test func aBadLineIsNamedByItsNumber() throws {
    let directory = try TemporaryDirectory()
    var lines = (0..<5000).map { Self.record(.json, name: String(repeating: "a", count: 300 + $0 % 700)) }
    lines[3210] = Array("{\"resourceSpans\":7}\n".utf8)
    lines[4321] = Array("{\"resourceSpans\":8}\n".utf8)
    let path = try directory.write("lines", lines.flatMap { $0 })
    for threads in [1, 4] {
      #expect(try Self.read(path, threads: threads).error?.hasPrefix("line(3211) ") == true)
      let lenient = try Self.read(path, threads: threads, skipsBad: true)
      #expect(lenient.error == nil)
      #expect(lenient.requests.count == 4998)
    }
  }
}
