import Platform
import TestSupport
import Testing

@testable import Backends
@testable import Transport

@Suite struct LokiClientTests {
  private let start = Timestamp(nanoseconds: 1_795_416_000_000_000_000)
  private let end = Timestamp(nanoseconds: 1_795_417_800_000_000_000)

  private func ask(_ answer: StubServer.Answer, limit: Int = 100) throws -> (LokiClient.Answer, StubServer) {
    let server = try StubServer { _ in answer }
    let retry = RetryPolicy(initial: .milliseconds(1), maximum: .milliseconds(2), maximumAttempts: 2)
    let client = try LokiClient(url: HTTPURL(server.url), retry: retry)
    return (try client.queryRange("{a=\"b\"}", start: start, end: end, limit: limit), server)
  }

  @Test func readsStreamsNewestFirst() throws {
    let (answer, server) = try ask(Fixtures.answer("loki/query-range.json"))
    guard case .entries(let entries) = answer else {
      Issue.record("not entries")
      return
    }
    #expect(entries.count > 1)
    for (newer, older) in zip(entries, entries.dropFirst()) { #expect(newer.time >= older.time) }
    let known = entries.first { $0.time.nanoseconds == 1_795_416_417_390_352_232 }
    #expect(known?.labels["trace_id"] == "1da6f2af81c7bf0b7c6951cc4532840c")
    #expect(known?.line.hasPrefix("level=error msg=\"timeout\"") == true)
    #expect(server.requests[0].query["direction"] == "backward")
    #expect(server.requests[0].query["start"] == "1795416000000000000")
    let (few, _) = try ask(Fixtures.answer("loki/query-range.json"), limit: 2)
    #expect(few == .entries(Array(entries.prefix(2))))
  }

  @Test func readsMatricesAndNothing() throws {
    guard case .matrix(let series) = try ask(Fixtures.answer("loki/query-range-matrix.json")).0 else {
      Issue.record("not a matrix")
      return
    }
    #expect(series[0].labels == ["level": "error"])
    #expect(series[0].samples.map(\.value).prefix(3) == [10, 28, 12])
    #expect(try ask(Fixtures.answer("loki/query-range-empty.json")).0 == .entries([]))
  }

  @Test func tellsWhatTheServerSaid() throws {
    let refused = #expect(throws: BackendError.self) { try ask(Fixtures.answer("loki/query-error.txt")) }
    #expect(
      refused == .query("parse error at line 1, col 15: syntax error: unexpected $end, expecting STRING"))
    for answer in [StubServer.Answer.ok("<html>"), .ok("{\"data\":1}"), .cutOff(after: 3, body: [1, 2, 3, 4])] {
      let error = #expect(throws: BackendError.self) { try ask(answer) }
      #expect(error?.isOutage == true)
    }
  }
}
