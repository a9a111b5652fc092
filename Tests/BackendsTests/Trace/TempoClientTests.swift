import Foundation
import JSON
import OTLP
import Platform
import TestSupport
import Testing

@testable import Backends
@testable import Transport

@Suite struct TempoClientTests {
  private let quick = RetryPolicy(initial: .milliseconds(1), maximum: .milliseconds(2), maximumAttempts: 3)
  private let start = Timestamp(nanoseconds: 1_795_416_000_500_000_000)
  private let end = Timestamp(nanoseconds: 1_795_417_800_500_000_000)

  private func tempo(_ answer: StubServer.Answer) throws -> (TempoClient, StubServer) {
    let server = try StubServer { _ in answer }
    return (try TempoClient(url: HTTPURL(server.url), retry: quick), server)
  }

  private func collect(_ body: (TraceBackend.Sink) throws -> Void) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try body { piece in
      bytes.append(contentsOf: piece)
      return true
    }
    return bytes
  }

  @Test func searchHandsTheBodyThrough() throws {
    let (client, server) = try tempo(Fixtures.answer("tempo/search.json"))
    let request = TraceSearchRequest(query: "{ status = error }", start: start, end: end, limit: 7, spansPerSet: 500)
    let body = try collect { try client.search(request, into: $0) }
    #expect(body == (try Fixtures.bytes("tempo/search.json")))
    let expected = [
      "q": "{ status = error }", "start": "1795416000", "end": "1795417801", "limit": "7", "spss": "100",
    ]
    #expect(server.requests[0].query == expected)
    #expect(server.requests[0].path == "/api/search")
  }

  @Test func searchPadsIDs() throws {
    let (client, _) = try tempo(Fixtures.answer("tempo/search.json"))
    let traces = try client.search(TraceSearchRequest(query: "{}"))
    #expect(traces[0].id == "0894c7387a881343ac6d0c4e7dd8a5a2")
    #expect(traces[0].rootService == "payments-api")
    #expect(traces[0].durationMilliseconds == 1085)
    #expect(traces[0].spans.map(\.id) == ["bc184b387481f4e8", "a84ce1b116845fd1"])
    #expect(traces[0].spans[0].durationNanoseconds == 1_085_684_200)
    #expect(traces[0].spans[0].attributes == ["service.name": "payments-api"])
    #expect(traces.allSatisfy { $0.id.count == 32 && $0.spans.allSatisfy { $0.id.count == 16 } })
    let (empty, _) = try tempo(Fixtures.answer("tempo/search-empty.json"))
    #expect(try empty.search(TraceSearchRequest(query: "{}")).isEmpty)
    let (tags, _) = try tempo(Fixtures.answer("tempo/search-tags.json"))
    #expect(try tags.search(TraceSearchRequest(query: "{}")).map(\.id)[2] == "0682bf3b70d2a88ef916fa901c92087d")
  }

  private func spanIDs(_ otlp: [UInt8]) throws -> Set<String> {
    try otlp.withByteView { view in
      var ids: Set<String> = []
      try RequestView(view).resourceSpans.forEach { resource in
        try? resource.scopeSpans.forEach { scope in
          try? scope.spans.forEach { span in ids.insert(Array(span.spanID).map { String(format: "%02x", $0) }.joined())
          }
        }
      }
      return ids
    }
  }

  @Test func readsTracesInEveryForm() throws {
    let expected = try spanIDs(Fixtures.bytes("tempo/trace-v1.pb"))
    #expect(!expected.isEmpty)
    let id = "7719cdfbb878c2d651ea345e50690b90"
    for answer in [try Fixtures.tempoTrace(), try Fixtures.answer("tempo/trace-v2.json")] {
      let (client, server) = try tempo(answer)
      #expect(try spanIDs(#require(try client.trace(id, start: start, end: nil))) == expected)
      #expect(server.requests.map(\.path) == ["/api/v2/traces/\(id)"])
      #expect(server.requests[0].headers["accept"] == "application/protobuf")
    }
    for name in ["tempo/trace-v1.pb", "tempo/trace-v1.json"] {
      let (client, server) = try older(Fixtures.answer(name))
      for _ in 0..<2 { #expect(try spanIDs(#require(try client.trace(id))) == expected, "\(name)") }
      #expect(server.requests.map(\.path) == ["/api/v2/traces/\(id)", "/api/traces/\(id)", "/api/traces/\(id)"])
    }
    let (client, _) = try older(Fixtures.answer("tempo/trace-v1.json"))
    let body = try collect { _ = try client.traceJSON("7719", into: $0) }
    #expect(body == (try Fixtures.bytes("tempo/trace-v1.json")))
    // Both versions print in one shape.
    let (newer, _) = try tempo(Fixtures.answer("tempo/trace-v2.json"))
    let printed = try collect { _ = try newer.traceJSON("7719", into: $0) }
    let document = try printed.withByteView { try JSONDocument.parse($0) }
    #expect(document["batches"]?.elements?.isEmpty == false)
    #expect(newer.client.shortfall == nil)
  }

  /// A Tempo without the second version of trace by id.
  private func older(_ answer: StubServer.Answer) throws -> (TempoClient, StubServer) {
    let server = try StubServer { $0.path.hasPrefix("/api/v2") ? .text(404, "404 page not found") : answer }
    return (try TempoClient(url: HTTPURL(server.url), retry: quick), server)
  }

  @Test func tellsThatATraceIsAPart() throws {
    let message = "trace exceeds max size (max bytes: 5000)"
    let json = "{\"trace\":{\"resourceSpans\":[]},\"metrics\":{},\"status\":\"PARTIAL\",\"message\":\"\(message)\"}"
    let (client, _) = try tempo(.ok(json))
    #expect(try collect { _ = try client.traceJSON("1", into: $0) } == Array("{\"batches\":[]}".utf8))
    #expect(client.client.shortfall?.hasSuffix(message) == true)
    var buffer = ByteBuffer(capacity: 64)
    buffer.appendField(1, string: "")
    buffer.appendField(3, varint: 1)
    buffer.appendField(4, string: message)
    let (other, _) = try tempo(
      .respond(status: 200, headers: ["Content-Type": "application/protobuf"], body: [UInt8](buffer.view)))
    _ = try other.trace("1")
    #expect(other.client.shortfall?.hasSuffix(message) == true)
  }

  @Test func asksForAllAndObeysTheLimit() throws {
    let server = try StubServer { request in
      let limit = Int(request.query["limit"] ?? "") ?? 0
      if limit > 2 { return .text(400, "limit \(limit) exceeds max limit 2") }
      return .ok("{\"traces\":[{\"traceID\":\"1\"},{\"traceID\":\"2\"}]}")
    }
    let client = try TempoClient(url: HTTPURL(server.url), retry: quick)
    #expect(try client.search(TraceSearchRequest(query: "{}", limit: 0)).count == 2)
    #expect(client.client.shortfall?.contains("2 traces at most") == true)
    #expect(server.requests.map { $0.query["limit"] } == ["2147483647", "2"])
  }

  @Test func asksAgainOnlyWhereThatMayHelp() throws {
    for (status, message, attempts) in [
      (422, "trace exceeds max size (max bytes: 5000000)", 1), (500, "response larger than the max (9 vs 5)", 1),
      (429, "too many outstanding requests", 3), (503, "ring is empty", 3),
    ] {
      let (client, server) = try tempo(.text(status, message))
      #expect(throws: BackendError.self) { try client.trace("1") }
      #expect(server.requests.count == attempts, "\(status) \(message)")
    }
  }

  @Test func tellsMissingFromBroken() throws {
    let (empty, _) = try tempo(.ok("{\"trace\":{},\"metrics\":{}}"))
    #expect(try empty.traceJSON("00", into: { _ in true }) == false)
    #expect(try empty.trace("00") == nil)
    let (missing, _) = try tempo(Fixtures.answer("tempo/trace-not-found.txt"))
    #expect(try missing.trace("00") == nil)
    #expect(try missing.traceJSON("00", into: { _ in true }) == false)
    let (bad, _) = try tempo(Fixtures.answer("tempo/trace-bad-id.txt"))
    #expect(
      throws: BackendError.query("trace IDs can only contain hex characters: invalid character 'z' at position 1")
    ) { try bad.trace("zz") }
    let (proxy, server) = try tempo(.text(404, "404 page not found"))
    #expect(throws: BackendError.status(origin: server.url, status: 404, message: "404 page not found")) {
      try proxy.trace("00")
    }
    for body in [[0xff, 0xff], Array("<html>".utf8)] as [[UInt8]] {
      let (broken, _) = try tempo(.respond(status: 200, headers: ["Content-Type": "application/protobuf"], body: body))
      #expect(throws: BackendError.self) { try broken.trace("00") }
    }
  }

  @Test func handsThroughTagsAndMetrics() throws {
    let cases: [(String, String, (TempoClient, TraceBackend.Sink) throws -> Void)] = [
      ("tempo/tags-v2.json", "/api/v2/search/tags", { try $0.tagNames(into: $1) }),
      (
        "tempo/tag-values-v2.json", "/api/v2/search/tag/resource.service.name/values",
        { try $0.tagValues("resource.service.name", into: $1) }
      ),
      (
        "tempo/metrics-query-range.json",
        "/api/metrics/query_range?q=%7B%7D%20%7C%20rate%28%29&start=1795416000&end=1795417801&step=60s",
        {
          try $0.metrics(.init(query: "{} | rate()", start: start, end: end, step: 60_000_000_000), into: $1)
        }
      ),
      (
        "tempo/metrics-query-instant.json",
        "/api/metrics/query?q=%7B%7D%20%7C%20rate%28%29&start=1795416000&end=1795417801",
        { try $0.metrics(.init(query: "{} | rate()", start: start, end: end, step: nil), into: $1) }
      ),
    ]
    for (fixture, target, ask) in cases {
      let (client, server) = try tempo(Fixtures.answer(fixture))
      #expect(try collect { try ask(client, $0) } == Fixtures.bytes(fixture))
      #expect(server.requests[0].target == target)
    }
  }

  @Test func tellsErrorsAndRetries() throws {
    let (refused, server) = try tempo(Fixtures.answer("tempo/search-parse-error.txt"))
    let message = "invalid TraceQL query: parse error at line 1, col 8: syntax error: unexpected }"
    #expect(throws: BackendError.query(message)) { try refused.search(TraceSearchRequest(query: "{ a = }")) }
    #expect(server.requests.count == 1)
    let (failing, failed) = try tempo(.text(500, "boom"))
    #expect(throws: BackendError.status(origin: failed.url, status: 500, message: "boom")) {
      try failing.search(TraceSearchRequest(query: "{}"))
    }
    #expect(failed.requests.count == 3)
    let whole = try Fixtures.bytes("tempo/search.json")
    let (cut, _) = try tempo(.cutOff(after: 100, body: whole))
    let error = #expect(throws: BackendError.self) { try cut.search(TraceSearchRequest(query: "{}")) }
    #expect(error?.isOutage == true)
    let (huge, _) = try tempo(.endless(bytes: 200 << 20))
    huge.client.maximumResponse = 1 << 20
    #expect(throws: BackendError.self) { try huge.search(TraceSearchRequest(query: "{}")) }
  }
}
