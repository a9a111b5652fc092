import Backends
import Foundation
import TestSupport
import Testing

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

  init() throws {
    let directory = try TemporaryDirectory()
    let port = try Sockets.freePort()
    url = "http://127.0.0.1:\(port)"
    program = try Program(
      [
        "--config.file=\(try directory.write("prometheus.yml", "global: {scrape_interval: 1h}\n"))",
        "--storage.tsdb.path=\(directory.path("data"))", "--web.listen-address=127.0.0.1:\(port)",
        "--web.enable-remote-write-receiver", "--enable-feature=exemplar-storage", "--log.level=warn",
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
  func query(_ text: String) throws -> [Double] {
    let document = try JSONSerialization.jsonObject(with: get("api/v1/query", ["query": text])) as? [String: Any]
    let result = (document?["data"] as? [String: Any])?["result"] as? [[String: Any]] ?? []
    return result.compactMap { ($0["value"] as? [Any])?.last as? String }.compactMap { Double($0) }
  }
}

@Suite(.enabled(if: Tools.has("prometheus"))) struct PrometheusTests {
  private static let shop = Fixtures.path("otlp/shop.otlp")

  @Test func aProcessThatStartsAgainDoesNotBreakRates() throws {
    let server = try PrometheusServer()
    for _ in 0..<2 {
      let result = try Program.run([
        "spanmetrics", "--service-graph", "--remote-write", server.url, "--label", "instance=edge-1", Self.shop,
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

  @Test func compiledRulesEvaluate() throws {
    let server = try PrometheusServer()
    let written = try Program.run(["spanmetrics", "--remote-write", server.url, Self.shop])
    #expect(written.status == 0, "\(written.errors)")
    for (threshold, fires) in [(1000, true), (5000, false)] {
      let rule = """
        {"kind":"trace_latency","scope_type":"global","conditions_json":{"service":"payments-api",\
        "operation":"POST /v1/charge","quantile":"p95","window":"5m","threshold_ms":\(threshold)}}
        """
      let compiled = try Program.run(["compile-rule"], input: rule)
      #expect(compiled.status == 0, "\(compiled.errors)")
      #expect(try server.query(compiled.output).isEmpty == !fires)
    }
  }

  @Test func followingWritesEveryRoundAndExemplars() throws {
    let server = try PrometheusServer()
    let directory = try TemporaryDirectory()
    let lines = try Fixtures.text("otlp/shop.jsonl").split(separator: "\n").map { Array("\($0)\n".utf8) }
    let path = try directory.write("traces.jsonl", lines[..<10].flatMap { $0 })
    let program = try Program([
      "spanmetrics", "--follow", "--interval", "100ms", "--exemplars", "--remote-write", server.url, path,
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

  @Test func aReceiverThatIsNotThereIsStatus3() throws {
    let server = try StubServer { _ in .text(400, "out of bounds") }
    let result = try Program.run(["spanmetrics", "--remote-write", server.url, Self.shop])
    #expect(result.status == 3)
    #expect(result.errorLines.count == 1)
    #expect(result.errors.contains("out of bounds"))
  }
}
