import Compression
import Foundation
import Platform
import TestSupport
import Testing

/// Small files of every format, through every command that reads traces.
@Suite struct FormatTests {
  /// A file with what a careful reader finds in it.
  struct Sample: Sendable, CustomTestStringConvertible {
    var path: String
    var spans: Int
    var services: Int
    var errors: Int
    var format: String
    var testDescription: String { path }
    var isProtobuf: Bool { format == "OTLP protobuf" }

    init(_ path: String, spans: Int, services: Int, errors: Int, _ format: String) {
      (self.path, self.spans, self.services, self.errors, self.format) = (path, spans, services, errors, format)
    }
  }

  static let samples = [
    Sample("formats/otlp-pretty.json", spans: 2, services: 1, errors: 1, "OTLP JSON"),
    Sample("formats/otlp-java-logging.jsonl", spans: 2, services: 1, errors: 1, "OTLP JSON"),
    Sample("formats/otlp-mixed-document.json", spans: 1, services: 1, errors: 1, "OTLP JSON"),
    Sample("formats/otlp-old-names.pb", spans: 2, services: 1, errors: 0, "OTLP protobuf"),
    Sample("formats/otlp-old-names.otlp", spans: 2, services: 1, errors: 0, "OTLP protobuf"),
    Sample("formats/tempo-v1.json", spans: 2, services: 1, errors: 1, "OTLP JSON"),
    Sample("formats/tempo-v2.json", spans: 2, services: 1, errors: 1, "OTLP JSON"),
    Sample("formats/tempo-search.json", spans: 2, services: 2, errors: 0, "Tempo search answer"),
    Sample("formats/jaeger-api.json", spans: 3, services: 2, errors: 1, "Jaeger JSON"),
    Sample("formats/jaeger-array.json", spans: 6, services: 2, errors: 2, "Jaeger JSON"),
    Sample("formats/jaeger-lines.jsonl", spans: 6, services: 2, errors: 2, "Jaeger JSON"),
    Sample("formats/jaeger-elasticsearch.json", spans: 2, services: 1, errors: 2, "Jaeger JSON"),
    Sample("formats/jaeger-elasticsearch.jsonl", spans: 2, services: 1, errors: 2, "Jaeger JSON"),
    Sample("formats/jaeger-protobuf.json", spans: 1, services: 1, errors: 0, "Jaeger JSON"),
    Sample("formats/zipkin-v2-nested.json", spans: 4, services: 2, errors: 2, "Zipkin JSON"),
    Sample("formats/zipkin-v2-lines.jsonl", spans: 3, services: 2, errors: 1, "Zipkin JSON"),
    Sample("formats/zipkin-v2-array-lines.jsonl", spans: 6, services: 2, errors: 2, "Zipkin JSON"),
    Sample("formats/zipkin-v1.json", spans: 1, services: 1, errors: 0, "Zipkin JSON"),
    Sample("formats/go-stdouttrace.txt", spans: 2, services: 1, errors: 1, "Go stdouttrace"),
    Sample("formats/go-stdouttrace.jsonl", spans: 2, services: 1, errors: 1, "Go stdouttrace"),
    Sample("formats/python-console.txt", spans: 2, services: 1, errors: 1, "Python console output"),
    Sample("cases/old-names.json", spans: 1, services: 1, errors: 0, "OTLP JSON"),
    Sample("cases/jaeger-api.json", spans: 3, services: 2, errors: 1, "Jaeger JSON"),
    Sample("cases/jaeger-bare.json", spans: 3, services: 2, errors: 1, "Jaeger JSON"),
    Sample("cases/zipkin-v2.json", spans: 4, services: 2, errors: 1, "Zipkin JSON"),
    Sample("cases/mixed-signals.jsonl", spans: 2, services: 1, errors: 0, "OTLP JSON"),
    Sample("cases/zero-frame.otlp", spans: 3, services: 1, errors: 0, "OTLP protobuf"),
  ]

  private struct Metrics: Decodable {
    struct Series: Decodable {
      var labels: [String: String]
      var calls: Double
    }
    var series: [Series]

    enum CodingKeys: String, CodingKey { case series = "span_metrics" }
  }

  /// What `spanmetrics` counts: spans, services, errors.
  private func counts(_ arguments: [String], input: [UInt8] = []) throws -> (result: ProgramResult, [Int]) {
    let result = try Program.run(["spanmetrics"] + arguments, input: input)
    guard result.status == 0 || result.status == 4 else { return (result, []) }
    let series = try JSONDecoder().decode(Metrics.self, from: Data(result.stdout)).series
    let services = Set(series.map { $0.labels["service_name"] ?? $0.labels["service"] ?? "" })
    let errors = series.filter { $0.labels["status_code"] == "STATUS_CODE_ERROR" }
    return (
      result, [Int(series.reduce(0) { $0 + $1.calls }), services.count, Int(errors.reduce(0) { $0 + $1.calls })]
    )
  }

  /// Spans in OTLP/JSON lines.
  private func spans(inLines lines: [UInt8]) throws -> Int {
    try String(decoding: lines, as: UTF8.self).split(separator: "\n").reduce(0) { sum, line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      let resources = object?["resourceSpans"] as? [[String: Any]] ?? []
      return sum
        + resources.flatMap { $0["scopeSpans"] as? [[String: Any]] ?? [] }
        .reduce(0) { $0 + (($1["spans"] as? [Any])?.count ?? 0) }
    }
  }

  @Test("three commands find the same spans, services and errors", arguments: samples)
  func counted(_ sample: Sample) throws {
    let path = Fixtures.path(sample.path)
    let (metrics, found) = try counts([path])
    #expect(metrics.status == 0, "\(metrics.errors)")
    #expect(found == [sample.spans, sample.services, sample.errors])

    let info = try Program.run(["traceql", "--info", path])
    #expect(info.status == 0, "\(info.output)\(info.errors)")
    let document = try JSONSerialization.jsonObject(with: Data(info.stdout)) as? [String: Any]
    #expect(document?["spans"] as? Int == sample.spans)
    #expect((document?["services"] as? [String: Int])?.count == sample.services)
    #expect((document?["formats"] as? [String: Int])?.keys.sorted() == [sample.format])

    let query = try Program.run(["traceql", "{ status = error }", path, "--fail-if-found"])
    #expect(query.status == (sample.errors > 0 ? 1 : 0), "\(query.output)\(query.errors)")

    let relayed = try Program.run(["relay", "--once", "--to", "-", path])
    #expect(try spans(inLines: relayed.stdout) == sample.spans, "\(relayed.errors)")
    let mixed = sample.path.contains("mixed")
    #expect(relayed.status == (mixed ? 4 : 0), "\(relayed.errors)")
  }

  @Test("compressed it is the same file", arguments: samples)
  func compressed(_ sample: Sample) throws {
    let bytes = try Fixtures.bytes(sample.path)
    var packed = ByteBuffer()
    var gzip = try Compressor(.gzip)
    try bytes.withByteView { try gzip.compress($0, into: &packed) }
    let (result, found) = try counts(["-"], input: [UInt8](packed.view))
    #expect(result.status == 0, "\(result.errors)")
    #expect(found == [sample.spans, sample.services, sample.errors])
  }

  @Test("cut anywhere it is an error, and what stands before the cut is kept on request", arguments: samples)
  func cut(_ sample: Sample) throws {
    let bytes = try Fixtures.bytes(sample.path)
    var kept = 0
    for part in [0.3, 0.6, 0.97] {
      let count = Int(Double(bytes.count) * part)
      let head = Array(bytes[..<count])
      // A cut between two records leaves a whole file.
      if head.last == 0x0A, !sample.path.hasSuffix(".json") { continue }
      let strict = try counts(["-"], input: head)
      let lenient = try counts(["--skip-bad", "-"], input: head)
      if strict.result.status == 0 {
        // One frame of several, or one line, is whole.
        #expect(strict.1 == lenient.1)
        continue
      }
      #expect(strict.result.status == 2, "\(part): \(strict.result.errors)")
      #expect(strict.result.errorLines.count == 1)
      #expect(lenient.result.status == 4, "\(part): \(lenient.result.errors)")
      #expect((lenient.1.first ?? 0) <= sample.spans)
      kept = max(kept, lenient.1.first ?? 0)
    }
    if sample.spans > 1, !["formats/zipkin-v1.json"].contains(sample.path) {
      #expect(kept > 0 || sample.path.hasSuffix("lines.jsonl"), "nothing is kept of \(sample.path)")
    }
  }

  @Test("with one byte changed nothing crashes, and no span is missing without a word", arguments: samples)
  func damaged(_ sample: Sample) throws {
    let bytes = try Fixtures.bytes(sample.path)
    let directory = try TemporaryDirectory()
    var random = SeededRandom(seed: 7)
    for round in 0..<400 {
      var changed = bytes
      let place = Int.random(in: 0..<bytes.count, using: &random)
      // Of the bits mostly one, so that a text mostly stays text.
      changed[place] = round % 4 == 0 ? UInt8.random(in: 0...255, using: &random) : bytes[place] ^ (1 << (round % 5))
      let file = try directory.write("changed", changed)
      let reading = SilentReading(of: file)
      if let spans = reading.spans, spans < sample.spans, !sample.isProtobuf || spans < SilentReading.count(changed) {
        Issue.record("\(spans) of \(sample.spans) spans, and nothing is said: byte \(place) is \(changed[place])")
      }
      if round == 0 {
        let result = try counts(["--skip-bad", file]).result
        #expect(result.signal == nil && [0, 2, 4].contains(result.status), "\(result.errors)")
        #expect((result.status == 0) == (reading.spans != nil), "\(result.errors)")
      }
    }
  }
}
