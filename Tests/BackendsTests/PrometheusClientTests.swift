import Foundation
import Platform
import TestSupport
import Testing

@testable import Backends
@testable import Transport

@Suite struct PrometheusClientTests {
  private let quick = RetryPolicy(initial: .milliseconds(1), maximum: .milliseconds(2), maximumAttempts: 3)

  private func client(_ answer: StubServer.Answer) throws -> (PrometheusClient, StubServer) {
    let server = try StubServer { _ in answer }
    return (try PrometheusClient(url: HTTPURL(server.url), retry: quick), server)
  }

  @Test func readsRecordedAnswers() throws {
    let (vector, server) = try client(Fixtures.answer("prometheus/query-vector.json"))
    let series = try vector.query("up", at: Timestamp(nanoseconds: 1_795_417_318_580_000_000)).series
    #expect(series.count == 8)
    #expect(series[0].labels == ["service_name": "cart"])
    let time = Timestamp(nanoseconds: 1_795_417_318_580_000_000)
    #expect(series[0].samples == [PrometheusSample(time: time, value: 59)])
    #expect(server.requests[0].path == "/api/v1/query")
    #expect(server.requests[0].query == ["query": "up", "time": "1795417318.580"])

    let (range, _) = try client(Fixtures.answer("prometheus/query-range.json"))
    let start = Timestamp(nanoseconds: 1_795_416_718_000_000_000)
    let matrix = try range.queryRange(
      "x", start: start, end: start.advanced(byNanoseconds: 600_000_000_000), step: 60_000_000_000)
    #expect(matrix[0].samples.map(\.value).prefix(4) == [130, 130, 130, 134])

    let (scalar, _) = try client(Fixtures.answer("prometheus/query-scalar.json"))
    #expect(try scalar.query("2").series[0].samples[0].value == 2)
    let (empty, _) = try client(Fixtures.answer("prometheus/query-empty.json"))
    #expect(try empty.query("x") == .vector([]))

    let (exemplars, _) = try client(Fixtures.answer("prometheus/exemplars.json"))
    let found = try exemplars.queryExemplars("x", start: start, end: start)
    #expect(found[0].seriesLabels["span_name"] == "POST /v1/charge")
    #expect(found[0].exemplars[0].traceID == "d1ff572d5c7637738c77b140787e8ce7")
    #expect(found[0].exemplars[0].sample.value == 33.396260524)

    let (all, _) = try client(Fixtures.answer("prometheus/series.json"))
    #expect(try all.series(matching: ["x"])[0]["service_name"] == "payments-api")
  }

  @Test func tellsWhatTheServerSaid() throws {
    let (refused, server) = try client(Fixtures.answer("prometheus/query-error.json"))
    let error = #expect(throws: BackendError.self) { try refused.query("sum(") }
    #expect(error == .query("invalid parameter \"query\": 1:9: parse error: unclosed left parenthesis"))
    #expect(error?.isOutage == false)
    #expect(server.requests.count == 1)
  }

  @Test func retriesWhatMayPass() throws {
    for status in [429, 500, 502, 503, 504] {
      let (flaky, server) = try client(.text(status, "try later"))
      let error = #expect(throws: BackendError.self) { try flaky.query("x") }
      #expect(error == .status(origin: server.url, status: status, message: "try later"))
      #expect(server.requests.count == 3)
    }
    let (broken, server) = try client(.close)
    #expect(throws: BackendError.self) { try broken.query("x") }
    #expect(server.connectionCount >= 3)
  }

  @Test func refusesWrongAnswers() throws {
    let bodies = [
      "<html>login</html>", "{\"status\":\"success\"", "[]", "{}", "{\"data\":{}}", "", "{\"data\":{\"result\":[]}}",
      "{\"data\":{\"resultType\":\"vector\",\"result\":{}}}", "{\"data\":{\"resultType\":\"x\",\"result\":[]}}",
    ]
    for body in bodies {
      let (client, server) = try client(.ok(body))
      let error = #expect(throws: BackendError.self, "\(body)") { try client.query("x") }
      #expect(error?.description.hasPrefix(server.url) == true)
    }
    let odd = "{\"data\":{\"resultType\":\"vector\",\"result\":[1,{},{\"metric\":[],\"value\":[1]}]}}"
    let (client, _) = try client(.ok(odd))
    #expect(try client.query("x").series.allSatisfy { $0.samples.isEmpty })
  }

  @Test func splitsLongRanges() throws {
    let server = try StubServer { request in
      let start = request.query["start"] ?? ""
      return .ok(
        "{\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{\"a\":\"b\"},\"values\":[[\(start),\"1\"]]}]}}")
    }
    let start = Timestamp(nanoseconds: 1_000_000_000_000)
    let series = try PrometheusClient(url: HTTPURL(server.url)).queryRange(
      "x", start: start, end: start.advanced(byNanoseconds: 25_000 * 1_000_000_000), step: 1_000_000_000)
    #expect(server.requests.map { $0.query["start"] } == ["1000", "11000", "21000"])
    #expect(server.requests.map { $0.query["end"] } == ["10999", "20999", "26000"])
    #expect(series.count == 1)
    #expect(series[0].samples.count == 3)
  }

  @Test func sendsLongQueriesAsForms() throws {
    let (client, server) = try client(Fixtures.answer("prometheus/query-empty.json"))
    let long = "sum(" + String(repeating: "a + ", count: 3000) + "b)"
    _ = try client.query(long)
    #expect(server.requests[0].method == "POST")
    #expect(server.requests[0].target == "/api/v1/query")
    #expect(server.requests[0].headers["content-type"] == "application/x-www-form-urlencoded")
    #expect(String(decoding: server.requests[0].body, as: UTF8.self).hasPrefix("query=sum%28a%20%2B%20"))
  }

  @Test func keepsTheDeadline() throws {
    let (slow, _) = try client(.silence)
    slow.client.deadline = monotonicNanoseconds() + 200_000_000
    let start = ContinuousClock.now
    #expect(throws: BackendError.self) { try slow.query("x") }
    #expect(ContinuousClock.now - start < .seconds(2))
  }

  @Test(arguments: [
    (0, "0"), (1_500_000_000, "1.500"), (-500_000_000, "-0.500"), (-1_500_000_000, "-1.500"), (15_000_000_000, "15"),
    (1_795_417_318_580_999_999, "1795417318.580"), (999_999, "0"),
  ])
  func writesTimes(_ nanoseconds: Int64, expected: String) {
    #expect(PrometheusTime.seconds(nanoseconds) == expected)
  }
}
