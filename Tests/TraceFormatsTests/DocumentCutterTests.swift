import Platform
import TestSupport
import Testing

@testable import OTLP
@testable import TraceFormats

/// Long documents are read in pieces, and what is read does not depend on where they are cut.
@Suite struct DocumentCutterTests {
  /// What a text holds: each span with its service and scope, in order, and the documents counted.
  private struct Content: Equatable {
    var spans: [String] = []
    var documents: [String: Int] = [:]
    var failure: String?

    mutating func read(_ text: [UInt8], continues: Bool) {
      let buffers = ChunkBuffers()
      let buffer = buffers.take()
      buffer.bytes.append(text)
      let findings = InputFindings()
      let chunk = TraceChunk(
        source: "x", index: 0, format: .json, offset: 0, line: 1, buffer, continues: continues, from: buffers,
        findings: findings)
      var decoder = TraceDecoder()
      do throws(InputError) {
        try decoder.forEachRequest(in: chunk) { (request) throws(WireError) in try add(request) }
      } catch { failure = failure ?? error.message }
      documents.merge(findings.summary.formats, uniquingKeysWith: +)
    }

    private mutating func add(_ request: RequestView) throws(WireError) {
      try request.resourceSpans.forEach { (resource) throws(WireError) in
        var service = "?"
        try resource.resource.attributes.forEach { (attribute) throws(WireError) in
          if attribute.key.equals("service.name"), case .string(let text) = try attribute.value {
            service = String(text)
          }
        }
        try resource.scopeSpans.forEach { (scope) throws(WireError) in
          let name = String(scope.scope.name)
          try scope.spans.forEach { (span) throws(WireError) in spans.append("\(service)/\(name)/\(String(span.name))")
          }
        }
      }
    }
  }

  /// Reads `text` in pieces: it comes in steps of random size, and is cut whenever it can be.
  private func inPieces(_ text: [UInt8], _ random: inout SeededRandom) throws -> (content: Content, pieces: Int) {
    var content = Content()
    var cutter: DocumentCutter? = DocumentCutter()
    var held: [UInt8] = []
    var rest = text[...]
    var pieces = 0
    while let open = cutter {
      var changed = open
      held.withByteView { changed.scan($0) }
      let piece = Bool.random(using: &random) || rest.isEmpty ? changed.next() : nil
      cutter = changed.end != nil && piece != nil ? nil : changed
      if let piece {
        pieces += 1
        content.read(piece.prefix + held[..<piece.count] + piece.suffix, continues: piece.continues)
        held.removeFirst(piece.consumed)
      } else if !rest.isEmpty {
        let step = min(rest.count, Int.random(in: 1...200, using: &random))
        held += rest.prefix(step)
        rest = rest.dropFirst(step)
      } else {
        content.read(changed.rest(held.count).prefix + held, continues: false)
        break
      }
    }
    return (content, pieces)
  }

  static let files = [
    "formats/otlp-pretty.json", "formats/otlp-mixed-document.json", "formats/tempo-v1.json", "formats/tempo-v2.json",
    "formats/tempo-search.json", "formats/jaeger-api.json", "formats/jaeger-array.json",
    "formats/jaeger-elasticsearch.json", "formats/zipkin-v2-nested.json", "formats/zipkin-v1.json",
    "cases/old-names.json", "cases/jaeger-api.json", "cases/jaeger-bare.json", "cases/zipkin-v2.json",
  ]

  @Test("documents of every format, cut anywhere, hold what they hold", arguments: files)
  func fixtures(_ path: String) throws {
    let text = try Fixtures.bytes(path)
    var whole = Content()
    whole.read(text, continues: false)
    try #require(whole.failure == nil && !whole.spans.isEmpty)
    for seed in 0..<30 as Range<UInt64> {
      var random = SeededRandom(seed: seed)
      let content = try inPieces(text, &random).content
      #expect(content.failure == nil, "\(path), seed \(seed)")
      #expect(content.documents == whole.documents, "\(path), seed \(seed)")
      #expect(content.spans.sorted() == whole.spans.sorted(), "\(path), seed \(seed)")
    }
  }

  private func span(_ number: Int) -> String {
    #"{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"n\#(number) \"},{[\\","#
      + #""end":[]}"#
  }

  private func spans(_ count: Int, _ first: Int) -> String {
    (0..<count).map { span(first + $0) }.joined(separator: " ,\n")
  }

  @Test("what elements need is repeated before each piece, and where it comes too late nothing is cut")
  func needs() throws {
    var random = SeededRandom(seed: 5)
    func resource(_ name: String) -> String {
      #""resource":{"attributes":[{"key":"service.name","value":{"stringValue":"\#(name)"}}]}"#
    }
    let first =
      #"{\#(resource("a")), "scopeSpans":[{"scope":{"name":"s"},"spans":[\#(spans(20, 0))]},{"scope":{"name":"t"},"spans":[\#(spans(9, 20))]}]}"#
    let late = #"{"scopeSpans":[{"spans":[\#(spans(20, 40))],"scope":{"name":"s"}}],\#(resource("b"))}"#
    let jaeger = { (processes: String, spans: String) in #"{"data":[{"traceID":"1",\#(processes)\#(spans)}]}"# }
    let processes = #""processes":{"p":{"serviceName":"j"}}"#
    let list =
      #""spans":["#
      + (0..<20).map { #"{"traceID":"1","spanID":"\#($0 + 1)","processID":"p","operationName":"o\#($0)"}"# }
      .joined(separator: ",") + "]"
    let cases: [(String, isCut: Bool)] = [
      (#"{"resourceSpans":[\#(first),\#(late)]}"#, true), (first, true), (late, false),
      (jaeger(processes + ",", list), true), (jaeger(list + ",", processes), false),
    ]
    for (text, isCut) in cases {
      var whole = Content()
      whole.read(Array(text.utf8), continues: false)
      try #require(whole.failure == nil && whole.spans.count >= 20)
      var most = 0
      for _ in 0..<20 {
        let (content, pieces) = try inPieces(Array(text.utf8), &random)
        #expect(content == whole)
        most = max(most, pieces)
      }
      #expect(isCut ? most > 3 : most == 1, "\(most) pieces of \(text.prefix(80))")
    }
  }

  @Test("a broken document is refused in pieces as well")
  func broken() throws {
    let good = try Fixtures.bytes("formats/zipkin-v2-nested.json")
    var random = SeededRandom(seed: 11)
    for _ in 0..<300 {
      var text = good
      text[Int.random(in: 0..<text.count, using: &random)] = [0x7b, 0x7d, 0x5b, 0x5d, 0x2c, 0x22].randomElement(
        using: &random)!
      var whole = Content()
      whole.read(text, continues: false)
      let (content, _) = try inPieces(text, &random)
      if whole.failure == nil { #expect(content.spans.sorted() == whole.spans.sorted() && content.failure == nil) }
      if whole.failure != nil { #expect(content.failure != nil, "\(String(decoding: text, as: UTF8.self))") }
    }
  }

  @Test("a long file is read in bounded memory, from a file and from a pipe, and lines are counted through")
  func memory() throws {
    let directory = try TemporaryDirectory()
    let line =
      #"{"traceID":"%","spans":[{"traceID":"%","spanID":"1","operationName":"o","processID":"p","tags":[{"key":"k","type":"string","value":"\#(String(repeating: "x", count: 2000))"}]}],"processes":{"p":{"serviceName":"j"}}}"#
    let lines = (0..<20_000).map { line.replacing("%", with: String($0 + 1, radix: 16)) }
    let text = "{\"data\":[\n" + lines.joined(separator: ",\n") + "\n]}"
    let file = try directory.write("a.json", Array(text.utf8))
    for (arguments, input) in [([file], []), (["-"], Array(text.utf8))] as [([String], [UInt8])] {
      let result = try Program.run(["traceql", "--info"] + arguments, input: input)
      #expect(result.output.contains("\"spans\":20000,"), "\(result.output)\(result.errors)")
      #expect(result.output.contains(#""formats":{"Jaeger JSON":20000}"#))
    }
    let broken = try directory.write(
      "b.json", Array(text.replacing(#""traceID":"4e20","spanID":"1""#, with: #""traceID":"4e20","spanID":1"#).utf8))
    let result = try Program.run(["spanmetrics", broken])
    #expect(result.status == 2)
    #expect(result.errors.contains("b.json:20001:"), "\(result.errors)")
    #expect(
      result.errors.contains("in the span at byte \(text.utf8.count - 3 - lines[19_999].utf8.count + 27)"),
      "\(result.errors)")
  }
}
