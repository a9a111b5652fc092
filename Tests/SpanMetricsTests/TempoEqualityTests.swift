import OTLP
import Platform
import SpanMetrics
import TestSupport
import Testing
import TraceFormats

/// The metrics of shop equal what a real Tempo derived from it, series by series.
@Suite struct TempoEqualityTests {
  static let configuration = {
    var configuration = SpanMetricsConfiguration()
    configuration.serviceLabels = ["service"]
    configuration.dimensions = ["service.name"]
    configuration.size = .total
    configuration.serviceGraph = ServiceGraphConfiguration()
    return configuration
  }()

  /// Tempo's series by name and labels in their order. Zero samples were not recorded.
  static func expected() throws -> [String: Double] {
    var series: [String: Double] = [:]
    for line in try Fixtures.text("spanmetrics/shop.tempo.txt").split(separator: "\n") {
      let end = try #require(line.lastIndex(of: " "))
      series[String(line[..<end])] = Double(line[line.index(after: end)...])
    }
    return series
  }

  @Test(arguments: ["otlp/shop.otlp", "otlp/shop.jsonl"], [1, 3])
  func everySeriesIsTempos(_ file: String, _ threads: Int) throws {
    let input = try TraceInput([Fixtures.path(file)])
    let outcome = try ParallelRun.run(input, Self.configuration, threads: threads)
    let actual = flatten(outcome.aggregator.snapshot())
    let expected = try Self.expected()
    #expect(expected.count == 1434)
    for (series, value) in expected {
      let own = try #require(actual[series], "\(series) is missing")
      if series.contains("_sum{") {
        #expect(abs(own - value) <= 1e-9 * max(abs(value), 1e-300), "\(series): \(own), Tempo has \(value)")
      } else {
        #expect(own == value, "\(series): \(own), Tempo has \(value)")
      }
    }
    let extra = actual.filter { expected[$0.key] == nil && $0.value != 0 }
    #expect(extra.isEmpty, "series that Tempo does not have")
  }
}

/// Every sample of a snapshot as `name{labels}`, the way the fixture writes series.
func flatten(_ snapshot: SpanMetricsSnapshot) -> [String: Double] {
  var samples: [String: Double] = [:]
  func put(_ name: String, _ labels: [(name: String, value: String)], _ value: Double) {
    let text = labels.sorted { $0.name < $1.name }.map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ", ")
    samples["\(name){\(text)}"] = value
  }
  func put(
    histogram name: String, _ labels: [(name: String, value: String)], _ value: HistogramValue, _ bounds: [Double]
  ) {
    for (bound, count) in zip(bounds + [.infinity], value.cumulative) {
      put("\(name)_bucket", labels + [("le", FloatText.fixed(bound))], count)
    }
    put("\(name)_sum", labels, value.sum)
    put("\(name)_count", labels, value.count)
  }
  snapshot.forEachSeries { series in
    put("traces_spanmetrics_calls_total", series.labels, series.calls)
    put(histogram: "traces_spanmetrics_latency", series.labels, series.latency, snapshot.latencyBounds)
    if let size = series.size { put("traces_spanmetrics_size_total", series.labels, size.sum) }
  }
  for edge in snapshot.graph?.edges ?? [] {
    let bounds = snapshot.graph?.bounds ?? []
    put("traces_service_graph_request_total", edge.labels, edge.requests)
    put("traces_service_graph_request_failed_total", edge.labels, edge.failed)
    put(histogram: "traces_service_graph_request_server_seconds", edge.labels, edge.serverLatency, bounds)
    put(histogram: "traces_service_graph_request_client_seconds", edge.labels, edge.clientLatency, bounds)
  }
  return samples
}
