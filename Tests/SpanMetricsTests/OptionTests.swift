import Foundation
import MetricProfiles
import OTLP
import Platform
import TestSupport
import Testing
import TraceFormats

@testable import SpanMetrics

/// Options that shape what is counted and under which labels, on few spans.
@Suite struct OptionTests {
  private func run(_ arguments: [String], _ input: String? = nil) throws -> ProgramResult {
    if let input { return try Program.run(["spanmetrics"] + arguments, input: input) }
    return try Program.run(["spanmetrics"] + arguments + [Fixtures.path("otlp/shop.otlp")])
  }

  private func lines(_ arguments: [String], _ prefix: String, _ input: String? = nil) throws -> [String] {
    let result = try run(["-f", "prometheus"] + arguments, input)
    #expect(result.status == 0, "\(result.errors)")
    return result.output.split(separator: "\n").map(String.init).filter { $0.hasPrefix(prefix) }
  }

  @Test func whatIsLeftOutTellsNothingApart() throws {
    let spans = [
      TestSpan("a"), TestSpan("b").with { $0.kind = .client }, TestSpan("b").with { $0.status = .error },
    ]
    for (excluded, series) in [
      ([OwnLabel.name], 3), ([.kind], 3), ([.status], 3), ([.service], 3), (OwnLabel.allCases, 1),
      ([.kind, .status], 2),
    ] {
      let snapshot = try count(spans) { $0.excluded = Set(excluded) }
      #expect(snapshot.seriesCount == series, "\(excluded)")
      #expect(snapshot.all.reduce(0) { $0 + $1.calls } == 3)
      let names = Set(snapshot.all.flatMap { $0.labels.map(\.name) })
      #expect(names.count == 4 - excluded.count, "\(names)")
    }
  }

  @Test func partsAreSwitchedOffOneByOne() throws {
    let all = try lines([], "# TYPE")
    #expect(all == ["# TYPE traces_spanmetrics_calls_total counter", "# TYPE traces_spanmetrics_latency histogram"])
    #expect(try lines(["--no-calls"], "# TYPE") == [all[1]])
    #expect(try lines(["--no-latency"], "# TYPE") == [all[0]])
    let graph = try lines(["--service-graph", "--no-service-graph-latency", "--no-latency"], "# TYPE")
    #expect(graph.count == 3 && graph.allSatisfy { $0.hasSuffix("counter") }, "\(graph)")
    let json = try run(["--no-latency"]).output
    #expect(json.contains("\"calls\"") && !json.contains("\"latency\""))
  }

  @Test func theFirstValuesOfALabelKeepTheirs() throws {
    let spans = (0..<20).map { TestSpan("op-\($0 % 10)") }
    let snapshot = try count(spans) { $0.maxLabelValues = 3 }
    #expect(snapshot.values(of: "span_name") == ["__cardinality_overflow__", "op-0", "op-1", "op-2"])
    #expect(snapshot.all.map(\.calls).sorted() == [2, 2, 2, 14])
    #expect(snapshot.overflowed == 0)
    // What several threads counted keeps to the limit as well, and so does a dimension.
    for threads in 1...3 {
      var configuration = SpanMetricsConfiguration()
      configuration.maxLabelValues = 2
      configuration.dimensions = ["http.route"]
      let outcome = try ParallelRun.run(
        TraceInput([Fixtures.path("otlp/shop.jsonl")]), configuration, threads: threads)
      let merged = outcome.aggregator.snapshot()
      #expect(merged.all.reduce(0) { $0 + $1.calls } == 1948)
      for label in ["service_name", "span_name", "http_route"] {
        let values = Set(merged.values(of: label)).subtracting(["", LabelLimits.overflow])
        #expect(values.count == 2, "\(label): \(values)")
      }
    }
  }

  @Test func longValuesAreCutBetweenCharacters() throws {
    for (limit, name) in [(1, ""), (2, "ü"), (3, "ü"), (4, "üü"), (7, "üüüa"), (8, "üüüab")] {
      let snapshot = try count([TestSpan("üüüab")]) { $0.maxLabelBytes = limit }
      #expect(snapshot.values(of: "span_name") == [name])
    }
    #expect(try run(["--max-label-length", "0"]).status == 2)
  }

  @Test func dimensionsHaveDefaults() throws {
    let arguments = [
      "--no-latency", "-d", "http.route", "-d", "region", "--dimension-default", "region=nowhere",
      "--exclude-dimension",
      "span_name", "--exclude-dimension", "span.kind", "--exclude-dimension", "status_code",
    ]
    let found = try lines(arguments, "traces_spanmetrics_calls_total{")
    #expect(!found.isEmpty && found.allSatisfy { $0.contains("region=\"nowhere\"") })
    #expect(found.contains { !$0.contains("http_route") })
    let wrong = try run(["-d", "region", "--dimension-default", "zone=x"])
    #expect(wrong.status == 2 && wrong.errors.contains("'zone' is none"))
  }

  @Test func eventsAreCounted() throws {
    let found = try lines(
      ["--no-latency", "--no-calls", "--event-dimension", "exception.type", "--exclude-dimension", "service"]
        + ["--exclude-dimension", "span_name", "--exclude-dimension", "span_kind"],
      "traces_spanmetrics_events_total{")
    #expect(
      found == [
        "traces_spanmetrics_events_total{exception_type=\"IOError\",status_code=\"STATUS_CODE_ERROR\"} 20",
        "traces_spanmetrics_events_total{exception_type=\"TimeoutError\",status_code=\"STATUS_CODE_ERROR\"} 11",
      ])
    let connector = try lines(
      ["--generator", "otel-connector", "--event-dimension", "exception.type"], "# TYPE traces_span_metrics_events")
    #expect(connector == ["# TYPE traces_span_metrics_events_total counter"])
  }

  @Test func aNamespaceNamesTheMetrics() throws {
    #expect(
      try lines(["--namespace", "edge", "--size", "total"], "# TYPE").map { $0.split(separator: " ")[2] }
        == ["edge_calls_total", "edge_latency", "edge_size_total"])
    #expect(
      try lines(["--namespace", "span.metrics", "--generator", "otel-connector"], "# TYPE")
        .map { $0.split(separator: " ")[2] } == ["span_metrics_calls_total", "span_metrics_duration_milliseconds"])
    #expect(try run(["--namespace", "1x"]).status == 2)
  }

  @Test func hostsAreNamed() throws {
    func resource(_ attributes: String) -> String {
      "{\"resourceSpans\":[{\"resource\":{\"attributes\":[\(attributes)]},\"scopeSpans\":[{\"spans\":[{\"traceId\":"
        + "\"00000000000000000000000000000001\",\"spanId\":\"0000000000000001\",\"name\":\"a\",\"endTimeUnixNano\":\"1\"}]}]}]}\n"
    }
    func attribute(_ key: String, _ value: String) -> String {
      "{\"key\":\"\(key)\",\"value\":{\"stringValue\":\"\(value)\"}}"
    }
    let input =
      resource(attribute("host.id", "h1") + "," + attribute("k8s.node.name", "n1"))
      + resource(attribute("host.id", "h2"))
      + resource(attribute("host.id", "")) + resource(attribute("host.name", "x"))
      + resource(attribute("host.id", "h2"))
    #expect(
      try lines(["--host-info", "--no-latency", "--filter", "{ name = \"other\" }"], "traces_host_info{", input) == [
        "traces_host_info{grafana_host_id=\"h2\",host_source=\"host.id\"} 1",
        "traces_host_info{grafana_host_id=\"n1\",host_source=\"k8s.node.name\"} 1",
      ])
    #expect(try lines(["--host-info", "--host-identifier", "host.name"], "traces_host_info{", input).count == 1)
  }

  /// The service graph's own filter lets the other filter be for the spans' metrics alone.
  @Test func theServiceGraphHasAFilterOfItsOwn() throws {
    let both = try lines(["--service-graph"], "traces_service_graph_request_total{")
    let filtered = try lines(
      ["--service-graph", "--filter", "{ kind = server }", "--service-graph-filter", "{ true }"],
      "traces_service_graph_request_total{")
    #expect(both == filtered)
    let without = try lines(
      ["--service-graph", "--service-graph-filter", "{ resource.service.name != \"cart\" }"],
      "traces_service_graph_request_total{")
    #expect(
      !without.isEmpty && without.allSatisfy { !$0.contains("server=\"cart\"") && !$0.contains("client=\"cart\"") })
    #expect(
      try lines(["--service-graph", "--filter", "{ kind = server }"], "traces_spanmetrics_calls_total{").count > 5)
  }
}
