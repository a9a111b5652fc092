import Foundation
import TestSupport
import Testing

/// `traceql_metrics` answered by a Tempo: recorded answers, and its refusals.
@Suite struct TraceQueryTests {
  static func rule(_ threshold: String, _ extra: String = "") -> String {
    #"{"kind":"traceql_metrics","rule_key":"q","for":"0s",\#(extra)"conditions_json":{"query":"{ } | count_over_time() by (resource.service.name)","window":"5m","threshold":\#(threshold)}}"#
  }

  func run(_ rule: String, _ options: [String] = [], answer: StubServer.Answer? = nil) throws -> (
    result: ProgramResult, requests: [StubServer.Request]
  ) {
    let body = try Fixtures.text("tempo/metrics-query-instant.json")
    let server = try StubServer { _ in answer ?? .ok(body) }
    defer { server.stop() }
    let result = try Program.run(
      ["compile-rule", "--quiet", "--tempo", server.url, "--end", "2026-11-23T07:30:00Z"] + options, input: rule)
    return (result, server.requests)
  }

  /// The most calls of a service in the recorded answer are 14.
  @Test func comparesTheWorstSeries() throws {
    let (fires, requests) = try run(Self.rule("13"), ["--eval"])
    #expect(fires.status == 1, "\(fires.output)\(fires.errors)")
    #expect(fires.output == "FIRING  14.00  > 13  q (traceql_metrics)\n")
    let request = try #require(requests.first)
    #expect(request.path == "/api/metrics/query")
    #expect(request.query["start"] == "1795418700" && request.query["end"] == "1795419000")
    #expect(try run(Self.rule("100"), ["--eval"]).result.status == 0)
    // Nothing is not healthy.
    let none = try run(Self.rule("1"), ["--eval"], answer: .ok(#"{"series":[]}"#)).result
    #expect(none.status == 4 && none.output.hasPrefix("no series"))
  }

  @Test func saysWhatTempoSays() throws {
    let refused = try run(
      Self.rule("1"), ["--eval"], answer: .respond(status: 400, body: Array("compiling query: unknown".utf8))
    ).result
    #expect(refused.status == 3 && refused.errors.contains("compiling query: unknown"), "\(refused.errors)")
    let other = try run(
      #"{"kind":"trace_latency","conditions_json":{"service":"a","threshold_ms":512}}"#, ["--eval"]
    ).result
    #expect(other.status == 2 && other.errors.contains("--prometheus URL is needed"), "\(other.errors)")
  }
}
