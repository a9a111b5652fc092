import Backends
import Foundation
import JSON
import OTLP
import Platform
import TestSupport
import Testing
import Traces

@testable import Correlate

/// Evidence with as much of everything as a test wants.
struct GeneratedEvidence {
  static func make(_ random: inout SeededRandom, scale: Int) -> Evidence {
    func count(_ most: Int) -> Int { Int.random(in: 0...max(1, most * scale), using: &random) }
    func word(_ most: Int) -> String {
      let pieces = [
        "error ", "\"quoted\" ", "naïve ", "内部错误 ", "\u{1F600}", "\\", "\n", "\u{7}", "GET /cart/{id} ", "```",
      ]
      return (0..<Int.random(in: 0...most, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
        .joined()
    }
    func hex(_ digits: Int) -> String {
      (0..<digits).map { _ in String(Int.random(in: 0..<16, using: &random), radix: 16) }.joined()
    }
    let start = Timestamp(nanoseconds: 1_795_416_000_000_000_000)
    let window = CorrelationWindow(start: start, end: start.advanced(byNanoseconds: 1800 * 1_000_000_000))
    func sample() -> PrometheusSample {
      let value =
        [Double.nan, .infinity, 0, -1.5, 1e-9, 1e18, Double.random(in: 0..<1000, using: &random)]
        .randomElement(using: &random) ?? 0
      return PrometheusSample(
        time: start.advanced(byNanoseconds: Int64.random(in: 0..<1800, using: &random) * 1_000_000_000), value: value)
    }
    var incident = Incident()
    incident.id = word(3)
    incident.title = word(200)
    incident.firstFiredAt = start
    for _ in 0..<count(5) { incident.labels[word(3)] = word(30) }
    for _ in 0..<count(5) { incident.annotations[word(3)] = word(50) }
    incident.expression = word(20)
    var evidence = Evidence(incident: incident, service: word(3), window: window)
    var metrics = MetricPanel()
    for name in ["rule", "call_rate", "error_rate", "latency_p95"] {
      metrics.series.append(
        MetricSeries(
          name: name, unit: "ms", query: word(5), window: (0..<count(60)).map { _ in sample() },
          baseline: (0..<count(60)).map { _ in sample() }))
    }
    evidence.metrics = metrics
    var logs = LogPanel()
    let ids = (0..<20).map { _ in hex(32) }
    for _ in 0..<count(200) {
      logs.lines.append(
        .init(
          time: sample().time, level: "error", text: word(40), traceID: ids.randomElement(using: &random),
          spanID: hex(16)))
    }
    logs.levels = (0..<count(4)).map { .init(level: "level\($0)", samples: (0..<count(30)).map { _ in sample() }) }
    evidence.logs = logs
    var traces = TracePanel()
    traces.errors = ids.prefix(count(20)).map { id in
      .init(
        id: id, rootService: word(3), rootName: word(3), start: start, durationMilliseconds: 12.5, span: word(3),
        message: word(20))
    }
    traces.slowest = traces.errors
    for id in ids.prefix(3) {
      var spans: [TraceSpan] = []
      for index in 0...count(100) {
        let begin = start.nanoseconds + Int64(index) * 1000
        let length = Int64.random(in: -5...5_000_000, using: &random)
        let attributes = [TraceSpan.Attribute(key: word(2), value: word(10))]
        spans.append(
          TraceSpan(
            id: UInt64(index + 1), parent: UInt64.random(in: 0...UInt64(index + 2), using: &random), service: word(3),
            name: word(3), kind: .server, start: begin, end: begin + length, isError: Bool.random(using: &random),
            message: word(5), attributes: attributes, ownAttributes: 1))
      }
      traces.traces.append(Trace(id: id, spans: spans))
    }
    evidence.traces = traces
    for index in 0..<count(6) {
      var suspect = Suspect(kind: Suspect.Kind.allCases[index % 4], service: word(3))
      suspect.text = word(20)
      suspect.bad = .init(count: 3, total: 4)
      suspect.lift = 2.5
      evidence.suspects.append(suspect)
    }
    evidence.links = TraceLink.find(evidence)
    evidence.timeline = TimelineEvent.find(evidence)
    evidence.skipped = ["loki": word(40)]
    evidence.queries = [SentQuery(source: "tempo", name: "errors", path: "/api/search", query: word(10), start: start)]
    evidence.timing = [("tempo", 12_000_000), ("total", 13_000_000)]
    return evidence
  }
}

@Suite struct DocumentTests {
  private let schema: JSONSchemaCheck

  init() throws {
    schema = JSONSchemaCheck(schema: try JSONDocument.parse(CorrelateSchema.text))
  }

  @Test(arguments: [2048, 3000, 5000, 10 << 10, 40 << 10, 100 << 10, 300 << 10, 1 << 20])
  func holdsTheSizeAndTheSchema(_ limit: Int) throws {
    var random = SeededRandom()
    for scale in [0, 1, 1, 5] {
      let evidence = GeneratedEvidence.make(&random, scale: scale)
      let result = Correlation(completeness: .whole, skipped: [:], evidence: evidence)
      let bytes = result.json(maximumBytes: limit)
      #expect(bytes.count <= limit, "\(random.note)")
      #expect(bytes.last == 10)
      let document = try bytes.withByteView { try JSONDocument.parse($0) }
      #expect(schema.problems(document).prefix(5).isEmpty, "\(schema.problems(document).prefix(5)) \(random.note)")
      let lines = document["log_panel"]?["lines"]?.elements?.count ?? 0
      for link in document["links"]?.elements ?? [] {
        for position in link["log_lines"]?.elements ?? [] { #expect(position.int64 ?? 0 < lines) }
      }
      let markdown = result.markdown(maximumBytes: limit)
      #expect(markdown.count <= limit && !markdown.isEmpty)
      #expect(String(validating: markdown, as: UTF8.self) != nil)
    }
  }

  @Test func countsWhatItCutsAndCutsNoMoreThanNeeded() throws {
    var random = SeededRandom(seed: 3)
    let evidence = GeneratedEvidence.make(&random, scale: 3)
    let result = Correlation(completeness: .whole, skipped: [:], evidence: evidence)
    let whole = try result.json(maximumBytes: 64 << 20).withByteView { try JSONDocument.parse($0) }
    #expect(whole["truncated"]?.members?.isEmpty == true)
    let total = whole["log_panel"]?["lines"]?.elements?.count ?? 0
    for limit in [8 << 10, 30 << 10, 60 << 10] {
      let bytes = result.json(maximumBytes: limit)
      #expect(bytes.count > limit * 6 / 10, "much room is left unused: \(bytes.count) of \(limit)")
      let document = try bytes.withByteView { try JSONDocument.parse($0) }
      let kept = document["log_panel"]?["lines"]?.elements?.count ?? 0
      #expect(document["truncated"]?["log_panel"]?.int64 ?? 0 >= Int64(total - kept))
    }
  }

  @Test func linksPanelsByTrace() throws {
    var random = SeededRandom(seed: 5)
    let evidence = GeneratedEvidence.make(&random, scale: 3)
    let link = try #require(evidence.links.first)
    let lines = evidence.logs?.lines ?? []
    #expect(!link.logLines.isEmpty && !link.lists.isEmpty)
    for position in link.logLines { #expect(lines[position].traceID == link.traceID) }
    #expect(evidence.links.contains { $0.span != nil })
  }

  @Test func theShippedSchemaIsTheOnePrinted() throws {
    let file = Fixtures.repository.appending(path: "schemas/correlate.schema.json")
    #expect(try String(contentsOf: file, encoding: .utf8) == CorrelateSchema.text)
  }

  @Test func theSchemaCheckCanFail() throws {
    var random = SeededRandom(seed: 1)
    let evidence = GeneratedEvidence.make(&random, scale: 1)
    let text = String(
      decoding: Correlation(completeness: .whole, skipped: [:], evidence: evidence).json(maximumBytes: 1 << 20),
      as: UTF8.self)
    for (old, new) in [
      ("\"version\":2", "\"version\":3"), ("\"links\":", "\"lynx\":"), ("\"error\":true", "\"error\":1"),
    ] {
      let broken = try JSONDocument.parse(text.replacingOccurrences(of: old, with: new))
      #expect(!schema.problems(broken).isEmpty, "\(old)")
    }
  }
}
