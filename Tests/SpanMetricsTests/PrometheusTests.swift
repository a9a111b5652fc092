import Backends
import Foundation
import TestSupport
import Testing
import Transport

/// The body that a server answers; any status but success is an error.
func get(_ url: String) throws -> [UInt8] {
  let response = try HTTPClient(options: HTTPOptions()).send(HTTPRequest(url: HTTPURL(url)))
  guard response.isSuccess else { throw BackendError.status(origin: url, status: response.status, message: "") }
  return response.body
}

/// A Prometheus server of one's own that takes remote writes.
private final class PrometheusServer {
  let url: String
  private let program: Program

  init(port: UInt16? = nil) throws {
    let directory = try TemporaryDirectory()
    let port = try port ?? Sockets.freePort()
    url = "http://127.0.0.1:\(port)"
    program = try Program(
      [
        "--config.file=\(try directory.write("prometheus.yml", "global: {scrape_interval: 1h}\n"))",
        "--storage.tsdb.path=\(directory.path("data"))", "--web.listen-address=127.0.0.1:\(port)",
        "--web.enable-remote-write-receiver", "--enable-feature=exemplar-storage,native-histograms", "--log.level=warn",
      ], executable: Tools.path(of: "prometheus") ?? "prometheus")
    try waitUntil("Prometheus") { try? self.get("-/ready", [:]) }
  }

  deinit { program.send(SIGKILL) }

  func get(_ path: String, _ parameters: [String: String]) throws -> Data {
    var components = try #require(URLComponents(string: "\(url)/\(path)"))
    components.queryItems = parameters.map { URLQueryItem(name: $0.key, value: $0.value) }
    // A plus sign in a query means a space to the server.
    components.percentEncodedQuery = components.percentEncodedQuery?.replacingOccurrences(of: "+", with: "%2B")
    return Data(try SpanMetricsTests.get(#require(components.string)))
  }

  /// The values of an instant query.
  func query(_ text: String) throws -> [Double] { try series(text).map(\.value) }

  /// The series of an instant query.
  func series(_ text: String) throws -> [(labels: [String: String], value: Double)] {
    let document = try JSONSerialization.jsonObject(with: get("api/v1/query", ["query": text])) as? [String: Any]
    let result = (document?["data"] as? [String: Any])?["result"] as? [[String: Any]] ?? []
    return try result.map { series in
      let value = (series["value"] as? [Any])?.last as? String
      return (try #require(series["metric"] as? [String: String]), try #require(value.flatMap { Double($0) }))
    }
  }
}

@Suite(.enabled(if: Tools.has("prometheus"))) struct PrometheusTests {
  private static let shop = Fixtures.path("otlp/shop.otlp")

  @Test func aProcessThatStartsAgainDoesNotBreakRates() throws {
    let server = try PrometheusServer()
    for _ in 0..<2 {
      let result = try Program.run([
        "spanmetrics", "--service-graph", "--stale-markers", "--remote-write", server.url, "--label",
        "instance=edge-1", Self.shop,
      ])
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.output.isEmpty)
    }
    // Every run counts from 0, so that what both have counted adds up. Extrapolation to the window's ends aside, that is
    // what rate and increase see; resets are what they correct by.
    #expect(try server.query("sum(resets(traces_spanmetrics_calls_total[1h]))") == [58])
    #expect(try server.query("max(max_over_time(traces_spanmetrics_calls_total[1h])) - 160 < 1") != [])
    #expect(try server.query("count(count_over_time(traces_spanmetrics_calls_total[1h]) == 4)") == [58])
    let increase = try #require(try server.query("sum(increase(traces_spanmetrics_calls_total[1h]))").first)
    #expect(increase >= 2 * 1948 * 0.999 && increase <= 2 * 1948 * 1.5)
    #expect(try server.query("sum(rate(traces_service_graph_request_failed_total[1h])) > 0") != [])
    // Both runs have ended, and so have their series.
    #expect(try server.query("traces_spanmetrics_calls_total") == [])

    let other = try Program.run(["spanmetrics", "--remote-write", server.url, "--label", "instance=edge-2", Self.shop])
    #expect(other.status == 0)
    #expect(
      try server.query("count by (instance) (count_over_time(traces_spanmetrics_calls_total{job=\"ongrid\"}[1h]))")
        == [58, 58])
  }

  /// A process that is killed writes no stale markers; its series go on with those of the next one, from 0 again.
  @Test func aKilledProcessDoesNotBreakRates() throws {
    let server = try PrometheusServer()
    let arguments = [
      "spanmetrics", "--follow", "--max-age", "0", "--interval", "100ms", "--remote-write", server.url, "--label",
      "instance=edge",
      Self.shop,
    ]
    let sum = "sum(traces_spanmetrics_calls_total)"
    for run in 1...3 {
      let program = try Program(arguments)
      let samples = "min(count_over_time(traces_spanmetrics_calls_total[1h]))"
      // A 0 and a value from each run before, at least the same from this one.
      try waitUntil("run \(run)") { try server.query(samples).first ?? 0 >= Double(3 * run) }
      #expect(try server.query(sum) == [1948])
      program.send(SIGKILL)
      _ = try program.wait()
    }
    #expect(try server.query("count(resets(traces_spanmetrics_calls_total[1h]) == 2)") == [58])
    let increase = try #require(try server.query("sum(increase(traces_spanmetrics_calls_total[1h]))").first)
    #expect(increase >= 3 * 1948 * 0.999 && increase <= 3 * 1948 * 1.5, "\(increase)")
    // Never more than one run's worth at a time: no sample was added to another's.
    #expect(try server.query("max_over_time(\(sum)[1h:1s]) > 1948") == [])
  }

  @Test func estimatesAreThoseOfHistogramQuantile() throws {
    let server = try PrometheusServer()
    let written = try Program.run([
      "spanmetrics", "--service-graph", "--remote-write", server.url, "-f", "json", Self.shop,
    ])
    #expect(written.status == 0, "\(written.errors)")
    let document = try #require(try JSONSerialization.jsonObject(with: Data(written.stdout)) as? [String: Any])
    for (list, key, metric) in [
      ("span_metrics", "latency", "traces_spanmetrics_latency_bucket"),
      ("service_graph", "server", "traces_service_graph_request_server_seconds_bucket"),
      ("service_graph", "client", "traces_service_graph_request_client_seconds_bucket"),
    ] {
      let series = try #require(document[list] as? [[String: Any]])
      #expect(series.count > 5)
      for (name, quantile) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
        let answers = try server.series("histogram_quantile(\(quantile), last_over_time(\(metric)[1h]))")
        #expect(answers.count == series.count)
        for entry in series {
          let labels = try #require(entry["labels"] as? [String: String])
          let estimate = try #require((entry[key] as? [String: Any])?[name] as? Double)
          let answer = answers.first { answer in labels.allSatisfy { answer.labels[$0.key] == $0.value } }
          let value = try #require(answer?.value)
          #expect(abs(value - estimate) <= 1e-9 * abs(value), "\(name) of \(labels): \(estimate), not \(value)")
        }
      }
    }
  }

  @Test(arguments: [
    (#""kind":"trace_latency""#, #""operation":"POST /v1/charge","quantile":"p95","threshold_ms":"#, 1000.0, 5000.0),
    (#""kind":"trace_latency""#, #""quantile":"p50","threshold_ms":"#, 10, 5000),
    (#""kind":"trace_error_rate""#, #""threshold_pct":"#, 1, 99),
  ])
  func compiledRulesEvaluate(_ kind: String, _ condition: String, _ low: Double, _ high: Double) throws {
    let server = try PrometheusServer()
    // Two runs: the rules see the counters of both.
    for _ in 0..<2 {
      let written = try Program.run([
        "spanmetrics", "--remote-write", server.url, "--label", "instance=edge", Self.shop,
      ])
      #expect(written.status == 0, "\(written.errors)")
    }
    for (threshold, fires) in [(low, true), (high, false)] {
      let rule =
        "{\(kind),\"scope_type\":\"global\",\"conditions_json\":{\"service\":\"payments-api\",\"window\":\"5m\","
        + "\(condition)\(Int(threshold))}}"
      let compiled = try Program.run(["compile-rule"], input: rule)
      #expect(compiled.status == 0, "\(compiled.errors)")
      #expect(try server.query(compiled.output).isEmpty == !fires, "\(compiled.output)")
    }
  }

  @Test func followingWritesEveryRoundAndExemplars() throws {
    let server = try PrometheusServer()
    let directory = try TemporaryDirectory()
    let lines = try Fixtures.text("otlp/shop.jsonl").split(separator: "\n").map { Array("\($0)\n".utf8) }
    let path = try directory.write("traces.jsonl", lines[..<10].flatMap { $0 })
    let program = try Program([
      "spanmetrics", "--follow", "--max-age", "0", "--interval", "100ms", "--exemplars", "--remote-write", server.url,
      path,
    ])
    let sum = "sum(traces_spanmetrics_calls_total)"
    try waitUntil("the first records") { try server.query(sum).first ?? 0 > 0 }
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(lines[10...].flatMap { $0 }))
    try waitUntil("all records") { try server.query(sum) == [1948] }
    #expect(try server.query("sum(resets(traces_spanmetrics_calls_total[1h]))") == [0])
    let exemplars = try server.get(
      "api/v1/query_exemplars",
      ["query": "traces_spanmetrics_latency_bucket", "start": "0", "end": "4000000000"])
    #expect(String(decoding: exemplars, as: UTF8.self).contains("trace_id"))
    program.send(SIGTERM)
    let result = try program.wait()
    #expect(result.status == 0, "\(result.errors)")
    #expect(try server.query(sum) == [])
  }

  /// Quantiles of native histograms lie within the width of a bucket of the exact ones.
  @Test func nativeHistogramsGiveQuantilesWithinABucket() throws {
    let server = try PrometheusServer()
    let now = Int(Date().timeIntervalSince1970) * 1_000_000_000
    var random = SeededRandom()
    let durations = (0..<400).map { _ in Int.random(in: 10_000...10_000_000_000, using: &random) }
    let spans = durations.enumerated().map { index, duration in
      "{\"traceId\":\"\(String(format: "%032x", index + 1))\",\"spanId\":\"\(String(format: "%016x", index + 1))\","
        + "\"name\":\"op\",\"kind\":2,\"startTimeUnixNano\":\"\(now - duration)\",\"endTimeUnixNano\":\"\(now)\"}"
    }
    let document =
      "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"a\"}}]},"
      + "\"scopeSpans\":[{\"spans\":[\(spans.joined(separator: ","))]}]}]}"
    let result = try Program.run(
      ["spanmetrics", "--histograms", "native", "--remote-write", server.url], input: document)
    #expect(result.status == 0, "\(result.errors)")
    let metric = "traces_spanmetrics_latency"
    #expect(try server.query("histogram_count(\(metric))") == [400])
    #expect(try server.query("traces_spanmetrics_latency_bucket") == [])
    let sorted = durations.sorted()
    for quantile in [0.1, 0.5, 0.9, 0.95, 0.99] {
      let value = try #require(try server.query("histogram_quantile(\(quantile), \(metric))").first)
      let exact = Double(sorted[Int((quantile * 400).rounded(.up)) - 1]) / 1e9
      // A bucket of schema 3 is 9.05 % wide.
      #expect(abs(value / exact - 1) < 0.0906, "\(quantile): \(value), not \(exact); \(random.note)")
    }
  }

  @Test func aReceiverThatComesLateGetsEverything() throws {
    let port = try Sockets.freePort()
    let program = try Program([
      "spanmetrics", "--follow", "--max-age", "0", "--interval", "100ms", "--remote-write", "http://127.0.0.1:\(port)",
      Self.shop,
    ])
    _ = try program.waitForLine(containing: "connection refused; trying again in ")
    let server = try PrometheusServer(port: port)
    try waitUntil("the counters") { try server.query("sum(traces_spanmetrics_calls_total)") == [1948] }
    // The 0 from which they rose stands before them.
    #expect(try server.query("min(min_over_time(traces_spanmetrics_calls_total[1h]))") == [0])
    #expect(try server.query("max(resets(traces_spanmetrics_calls_total[1h]))") == [0])
    program.send(SIGTERM)
    let result = try program.wait()
    #expect(result.status == 0, "\(result.errors)")
    #expect(try server.query("traces_spanmetrics_calls_total") == [])
  }

  @Test func aReceiverThatIsNotThereIsStatus3() throws {
    let server = try StubServer { _ in .text(400, "out of bounds") }
    let result = try Program.run(["spanmetrics", "--remote-write", server.url, Self.shop])
    #expect(result.status == 3)
    #expect(result.errorLines.count == 1)
    #expect(result.errors.contains("out of bounds"))
  }
}
