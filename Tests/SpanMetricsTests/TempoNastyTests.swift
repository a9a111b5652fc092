import Foundation
import TestSupport
import Testing

/// Inputs made to be difficult, each with options and with the series that a running Tempo 3 (main, August 2026) made of
/// it: `Fixtures/spanmetrics/nasty`. There are values of every attribute type, strange names
/// and durations, calls of which an end is missing, came twice or was filtered, databases and peers under all their
/// names, sampling ratios and tracestates good and bad.
///
/// Left out of them is where results differ on purpose: Tempo looks for a dimension on the resource first, lets the last
/// of colliding dimensions count even where it is absent, keeps a digit in front of a label's name, takes all root
/// servers of a trace for one call, and lets the end of a call that came later decide where both could.
@Suite struct TempoNastyTests {
  /// Series by name and labels; buckets without values are in neither.
  private static func expected(_ name: String) throws -> [String: Double] {
    var series: [String: Double] = [:]
    for line in try Fixtures.text("spanmetrics/\(name).tempo.txt").split(separator: "\n") {
      let end = try #require(line.lastIndex(of: " "))
      let brace = try #require(line.firstIndex(of: "{"))
      let labels = try JSONSerialization.jsonObject(with: Data(line[brace..<end].utf8)) as? [String: String]
      series[key(String(line[..<brace]), try #require(labels))] = Double(line[line.index(after: end)...])
    }
    return series
  }

  private static func key(_ name: String, _ labels: [String: String]) -> String {
    "\(name)\(labels.map { "\($0.key)=\($0.value)" }.sorted())"
  }

  /// The series of a JSON document as the command writes it.
  private struct Samples {
    var series: [String: Double] = [:]

    mutating func add(_ name: String, _ labels: [String: String], _ value: Any?) throws {
      let value = try #require(value as? Double)
      if value != 0 { series[key(name, labels)] = value }
    }

    mutating func add(histogram name: String, _ labels: [String: String], _ value: Any?) throws {
      let histogram = try #require(value as? [String: Any])
      for (bound, count) in try #require(histogram["buckets"] as? [String: Double]) {
        let le = bound == "+Inf" ? bound : "\(try #require(Double(bound)))"
        try add("\(name)_bucket", labels.merging(["le": le]) { $1 }, count)
      }
      try add("\(name)_sum", labels, histogram["sum"])
      try add("\(name)_count", labels, histogram["count"])
    }
  }

  private static func actual(_ document: [String: Any], hasInfo: Bool) throws -> [String: Double] {
    var samples = Samples()
    func each(_ list: String, _ body: ([String: Any], [String: String]) throws -> Void) throws {
      for entry in document[list] as? [[String: Any]] ?? [] {
        try body(entry, try #require(entry["labels"] as? [String: String]))
      }
    }
    try each("span_metrics") { entry, labels in
      if let calls = entry["calls"] { try samples.add("traces_spanmetrics_calls_total", labels, calls) }
      if let latency = entry["latency"] { try samples.add(histogram: "traces_spanmetrics_latency", labels, latency) }
      if let size = entry["size_total"] { try samples.add("traces_spanmetrics_size_total", labels, size) }
    }
    let prefix = "traces_service_graph_request"
    try each("service_graph") { entry, labels in
      if let requests = entry["requests"] {
        try samples.add("\(prefix)_total", labels, requests)
        try samples.add("\(prefix)_failed_total", labels, entry["failed"])
      }
      if let server = entry["server"] {
        try samples.add(histogram: "\(prefix)_server_seconds", labels, server)
        try samples.add(histogram: "\(prefix)_client_seconds", labels, entry["client"])
      }
      if let messaging = entry["messaging_system"] {
        try samples.add(histogram: "\(prefix)_messaging_system_seconds", labels, messaging)
      }
      if hasInfo { try samples.add("traces_service_graph_connection_info", labels, 1.0) }
    }
    try each("target_info") { _, labels in try samples.add("traces_target_info", labels, 1.0) }
    try each("host_info") { _, labels in try samples.add("traces_host_info", labels, 1.0) }
    return samples.series
  }

  @Test(arguments: ["58", "73", "88", "126", "199", "252"])
  func everySeriesIsTempos(_ name: String) throws {
    try compare("nasty/\(name)", Fixtures.path("spanmetrics/nasty/\(name).otlp"), withBuckets: true)
  }

  /// Options of a running Tempo 3 and those here, on shop; recorded without the buckets.
  @Test(arguments: [
    "intrinsic-kind-name", "intrinsic-service-status", "counters-only", "histograms-only", "host-info", "separators",
    "graph-filter",
  ])
  func optionsDoWhatTempoDoes(_ name: String) throws {
    try compare("options/\(name)", Fixtures.path("otlp/shop.jsonl"), withBuckets: false)
  }

  private func compare(_ name: String, _ input: String, withBuckets: Bool) throws {
    let options = try #require(
      try JSONSerialization.jsonObject(with: Data(Fixtures.bytes("spanmetrics/\(name).options.json"))) as? [String])
    let result = try Program.run(["spanmetrics"] + options + [input])
    #expect(result.status == 0, "\(result.errors)")
    let document = try #require(try JSONSerialization.jsonObject(with: Data(result.stdout)) as? [String: Any])
    let actual = try Self.actual(document, hasInfo: options.contains("--service-graph-connection-info"))
      .filter { withBuckets || !$0.key.contains("_bucket[") }
    let expected = try Self.expected(name).filter { $0.value != 0 }
    #expect(expected.count > 60)
    for (series, value) in expected {
      let own = try #require(actual[series], "\(series) is missing")
      #expect(abs(own - value) <= 1e-9 * abs(value), "\(series): \(own), Tempo has \(value)")
    }
    let extra = actual.keys.filter { expected[$0] == nil }
    #expect(extra.isEmpty, "series that Tempo does not have")
  }

  /// How often spans with these tracestates count.
  static let tracestates: [(text: String, weight: Double)] = [
    ("", 1), ("ot=th:0", 1), ("ot=th:8", 2), ("ot=th:c", 4), ("ot=th:C", 4), ("ot=th:fd70a4", 100.00009536752259),
    ("v=1, ot=th:c,w=2", 4), ("not=th:8,ot=th:c", 4), ("not=th:8", 1), ("ot=th:xyz", 1), ("ot=th:", 1), ("ot=", 1),
    ("ot=th:8;th:c", 4), ("ot=th:8;", 1), ("ot=th:123456789abcdef", 1), ("ot=rv:00112233445566;th:8", 2),
    ("ot=rv:00000000000001;th:4", 2), ("ot=rv:ffffffffffffff;th:4", 1), ("ot=rv:123;th:8", 1), ("ot=p:8;r:62", 1),
    ("ot=TH:8", 1), ("ot=th:8;x:!", 1), ("ot=9a:b;th:8", 1),
    ("ot=x:" + String(repeating: "y", count: 260) + ";th:8", 1),
  ]

  @Test(arguments: tracestates)
  func tracestatesGiveWeights(_ text: String, _ weight: Double) throws {
    let request = encode([("service.name", .text("a"))], [TestSpan("x").with { $0.traceState = text }])
    let snapshot = try count([request]) { $0.usesTraceState = true }
    #expect(abs(snapshot.all[0].calls - weight) < 1e-9)
    #expect(try count([request]).all[0].calls == 1)
    let fallback = try count([
      encode(
        [("service.name", .text("a"))],
        [
          TestSpan("x").with {
            $0.traceState = text
            $0.attributes = [("ratio", .double(0.125))]
          }
        ])
    ]) {
      $0.usesTraceState = true
      $0.multiplierAttribute = "ratio"
    }
    let expected = weight == 1 && !text.contains("th:0") && !text.hasSuffix("ffff;th:4") ? 8 : weight
    #expect(abs(fallback.all[0].calls - expected) < 1e-9)
  }
}
