import Foundation
import TestSupport
import Testing

/// `correlate` over a real Prometheus that `spanmetrics` fills.
@Suite(.enabled(if: PrometheusServer.isInstalled)) struct CorrelatePrometheusTests {
  /// One trace of a service that began `age` seconds ago; every fourth fails.
  private func line(_ index: Int, age: Double) -> String {
    let start = UInt64((Date().timeIntervalSince1970 - age) * 1e6) * 1000
    let id = String(format: "%032x", index + 1)
    return """
      {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"payments-api"}}]},\
      "scopeSpans":[{"spans":[{"traceId":"\(id)","spanId":"\(id.suffix(16))","name":"POST /v1/charge","kind":2,\
      "startTimeUnixNano":"\(start)","endTimeUnixNano":"\(start + 900_000_000)",\
      "status":{"code":\(index % 4 == 0 ? 2 : 0)}}]}]}]}
      """
  }

  @Test func showsWhatSpanmetricsWrote() throws {
    let server = try PrometheusServer()
    var lines: [String] = []
    let moments = try waitUntil("two samples a second apart", timeout: 60) { () -> Int? in
      lines += (lines.count..<lines.count + 40).map { line($0, age: 2) }
      let written = try Program.run(
        ["spanmetrics", "--exemplars", "--remote-write", server.remoteWriteURL], input: lines.joined(separator: "\n"))
      #expect(written.status == 0, "\(written.errors)")
      let counted = try server.query("count_over_time(sum(traces_spanmetrics_calls_total)[1m:1s])")
      return (counted.first?.value).flatMap { $0 >= 3 ? Int($0) : nil }
    }
    #expect(moments >= 3)
    let result = try waitUntil("the rates to show", timeout: 60) { () -> [String: Any]? in
      let run = try Program.run(
        ["correlate", "--service", "payments-api", "--window", "2m", "--prometheus", server.url, "--at", "now"])
      #expect(run.status == 0, "\(run.errors)")
      let document = try JSONSerialization.jsonObject(with: Data(run.stdout)) as? [String: Any]
      let panel = document?["metric_panel"] as? [String: Any]
      let series = panel?["series"] as? [[String: Any]] ?? []
      let names = Set(series.compactMap { $0["mean"] is Double || $0["mean"] is Int ? $0["name"] as? String : nil })
      return names.isSuperset(of: ["call_rate", "error_rate", "latency_p95"]) ? panel : nil
    }
    let series = try #require(result["series"] as? [[String: Any]])
    let error = try #require(series.first { $0["name"] as? String == "error_rate" }?["max"] as? Double)
    #expect(error > 15 && error < 35, "\(error)")
    let latency = try #require(series.first { $0["name"] as? String == "latency_p95" }?["max"] as? Double)
    #expect(latency > 500 && latency < 1100, "\(latency)")
    try server.stop()
  }
}
