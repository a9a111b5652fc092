import Foundation
import Platform
import TestSupport

@testable import OTLP
@testable import TraceFormats

/// Decoders of formats other than OTLP.
extension FuzzTarget {
  static let formats = [
    format("jaeger", ["jaeger-api.json", "jaeger-array.json", "jaeger-elasticsearch.jsonl", "jaeger-protobuf.json"]),
    format("zipkin", ["zipkin-v2-nested.json", "zipkin-v2-lines.jsonl", "zipkin-v1.json"]),
    format("temposearch", ["tempo-search.json"]),
    format("go", ["go-stdouttrace.txt", "go-stdouttrace.jsonl"]),
    format("python", ["python-console.txt"]),
    cutter, archive,
  ]

  /// Every request that is made is one that any reader can read, and what is read does not depend on whether bad records
  /// are passed over.
  private static func format(_ name: String, _ files: [String]) -> FuzzTarget {
    FuzzTarget(name, seeds: { try files.map { try Fixtures.bytes("formats/\($0)") } }) { view in
      let strict = try decoded([UInt8](view), skipsBad: false)
      let lenient = try decoded([UInt8](view), skipsBad: true)
      try hold(lenient.error == nil, "fails although bad records may be skipped: \(lenient.error ?? "")")
      if strict.error == nil {
        try hold(lenient.spans == strict.spans, "\(strict.spans.count) spans, \(lenient.spans.count) with --skip-bad")
      } else {
        try hold(lenient.skipped > 0, "an error that is nothing when bad records are skipped: \(strict.error ?? "")")
      }
    }
  }

  private struct Decoded {
    /// The spans, sorted.
    var spans: [String] = []
    var skipped = 0
    var error: String?
  }

  private static func decoded(_ text: [UInt8], skipsBad: Bool, continues: Bool = false, isOTLP: Bool = false) throws
    -> Decoded
  {
    let buffers = ChunkBuffers()
    let buffer = buffers.take()
    buffer.bytes.append(text)
    let chunk = TraceChunk(
      source: "x", index: 0, format: .json, offset: 0, line: 1, buffer, continues: continues, from: buffers,
      findings: InputFindings())
    var decoder = TraceDecoder(skipsBad: skipsBad)
    var result = Decoded()
    var unreadable: WireError?
    do throws(InputError) {
      try decoder.forEachRequest(in: chunk) { (request) throws(WireError) in
        do throws(WireError) {
          try RequestCheck.everything(in: request.bytes, signal: .traces)
          try request.resourceSpans.forEach { (resource) throws(WireError) in
            try resource.scopeSpans.forEach { (scope) throws(WireError) in
              try scope.spans.forEach { result.spans.append("\(Hex.encode($0.spanID)) \(String($0.name))") }
            }
          }
        } catch {
          unreadable = error
          throw error
        }
      }
    } catch { result.error = error.description }
    // OTLP/JSON is passed on as it is, and what is wrong in it is for the reader of the request to find.
    try hold(isOTLP || unreadable == nil, "a request was made that cannot be read: \(unreadable.map { "\($0)" } ?? "")")
    result.skipped = decoder.skipped
    result.spans.sort()
    return result
  }

  private static func cutterSeeds() throws -> [[UInt8]] {
    let names = try FileManager.default.contentsOfDirectory(atPath: Fixtures.path("formats")).sorted()
    return try names.filter { $0.hasSuffix(".json") }.map { try Fixtures.bytes("formats/\($0)") }
  }

  /// A long document, read in pieces: the same spans, and the same answer to whether it can be read.
  private static let cutter = FuzzTarget("cutter", seeds: cutterSeeds) { view in
    let text = [UInt8](view)
    var random = view.choices
    var cutter = DocumentCutter()
    var held: [UInt8] = []
    var read = 0
    var spans: [String] = []
    var failed = false
    func take(_ piece: DocumentCutter.Piece) throws {
      let part = try decoded(
        piece.prefix + held[..<piece.count] + piece.suffix, skipsBad: false, continues: piece.continues, isOTLP: true)
      spans += part.spans
      failed = failed || part.error != nil
      held.removeFirst(piece.consumed)
    }
    while cutter.end == nil, read < text.count || cutter.hasCut {
      if Bool.random(using: &random) || read == text.count, let piece = cutter.next() {
        try take(piece)
        continue
      }
      let step = min(text.count - read, Int.random(in: 1...100, using: &random))
      held += text[read..<read + step]
      read += step
      held.withByteView { cutter.scan($0) }
    }
    try take(cutter.next() ?? cutter.rest(held.count))
    let whole = try decoded(Array(text[..<(read - held.count)]), skipsBad: false, isOTLP: true)
    try hold(failed == (whole.error != nil), "whole: \(whole.error ?? "read"), in pieces \(failed ? "not" : "") read")
    if !failed { try hold(spans.sorted() == whole.spans, "\(whole.spans.count) spans, \(spans.count) in pieces") }
  }

  private static func archiveSeeds() throws -> [[UInt8]] {
    let text = Array(#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"}]}]}]}"#.utf8)
    func member(_ name: String, _ content: [UInt8], type: UInt8 = 0x30) -> [UInt8] {
      var header = [UInt8](repeating: 0, count: 512)
      func put(_ text: String, _ at: Int) { for (index, byte) in text.utf8.enumerated() { header[at + index] = byte } }
      put(name, 0)
      put("0000644", 100)
      let size = String(content.count, radix: 8)
      put(String(repeating: "0", count: 11 - size.count) + size, 124)
      put("        ", 148)
      put("ustar", 257)
      header[156] = type
      let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
      put(String(repeating: "0", count: 6 - sum.count) + sum + "\0", 148)
      return header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }
    let end = [UInt8](repeating: 0, count: 1024)
    let long = member("././@LongLink", Array("directory/name".utf8) + [0], type: 0x4C)
    var seeds = [member("a.json", text) + end, long + member("b", text) + member("c/", [], type: 0x35) + end]
    for packed in [
      "QlpoOTFBWSZTWX1LGwUAABsbgBAAABAICioD2gogAFRQ00wADJNqCYxJmC9AauBcI+L9k19MpbyxWB0V7Gy0Mqhg97wXckU4UJB9SxsF",
      "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AA8AC1dAD2IikaUXDo+8+zfivaDeC6LreVFfNiam2ba/JKFQWXSw+qocHFfMA9Q+DQAAAAAAACQ5Yu"
        + "TtE47wgABST12DVVZH7bzfQEAAAAABFla",
    ] { if let bytes = Data(base64Encoded: packed) { seeds.append([UInt8](bytes)) } }
    return seeds
  }

  /// Archives and the containers that the system's libraries read.
  private static let archive = FuzzTarget("archive", seeds: archiveSeeds, check: readFile)

  /// Reads the bytes as a file: what is read does not depend on whether bad records are passed over.
  static func readFile(_ bytes: ByteView) throws { try readFile(bytes, TraceInputOptions()) }
}
