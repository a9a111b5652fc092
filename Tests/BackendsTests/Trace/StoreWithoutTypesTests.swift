import Foundation
import JSON
import Platform
import TestSupport
import Testing

@testable import Backends
@testable import Transport

/// Jaeger's older interface as VictoriaTraces has it: no version 3, a limit of its own, and text for all values.
@Suite struct StoreWithoutTypesTests {
  private static let traces = (1...40).map { number in
    (time: Int64(number) * 1_000_000, id: String(format: "%032x", number), status: number % 20 == 0 ? "500" : "200")
  }

  /// Holds forty traces, a second apart, and gives the first `most` of those that are asked for.
  private static func store(most: Int) throws -> StubServer {
    try StubServer { request in
      guard request.path == "/api/traces" else {
        return .text(400, "unsupported path requested: \"\(request.path)\"")
      }
      let query = request.query
      let limit = Int(query["limit"] ?? "") ?? 0
      if limit > most { return .text(400, "cannot parse request: limit should be not higher than \(most)") }
      let range = (Int64(query["start"] ?? "") ?? 0)...(Int64(query["end"] ?? "") ?? 0)
      let chosen = traces.filter { range.contains($0.time) }.prefix(limit)
      let data = chosen.map { trace in
        """
        {"traceID":"\(trace.id)","processes":{"p1":{"serviceName":"s","tags":[]}},"spans":[{"traceID":"\(trace.id)",\
        "spanID":"\(trace.id.suffix(16))","operationName":"op","references":[],"startTime":\(trace.time),"duration":1000,\
        "processID":"p1","logs":[],"tags":[{"key":"http.status_code","type":"string","value":"\(trace.status)"},\
        {"key":"cache","type":"string","value":"true"},{"key":"size","type":"string","value":"1.5"}]}]}
        """
      }
      return .ok("{\"data\":[\(data.joined(separator: ","))],\"errors\":null}")
    }
  }

  private func search(
    _ query: String, limit: Int = 20, most: Int = 1000
  ) throws -> (ids: [String], shortfall: String?, server: StubServer) {
    let server = try Self.store(most: most)
    let client = try JaegerClient(url: HTTPURL(server.url))
    let found = try client.search(
      TraceSearchRequest(
        query: "{ resource.service.name = \"s\" && \(query) }", start: Timestamp(nanoseconds: 0),
        end: Timestamp(nanoseconds: 64_000_000_000), limit: limit))
    return (found.map(\.id), client.client.shortfall, server)
  }

  @Test(arguments: [
    (".http.status_code = 500", 2), (".http.status_code >= 500", 2), ("span.http.status_code != 200", 2),
    (".http.status_code = \"500\"", 2), (".http.status_code =~ \"5..\"", 2), (".cache = true", 40),
    (".size > 1.4 && .size < 2", 40), (".cache = false", 0), (".http.status_code + 0 = 500", 2),
  ])
  func textReadsAsWhatIsAskedFor(_ query: String, _ count: Int) throws {
    let found = try search(query, limit: 0)
    #expect(found.ids.count == count)
    #expect(found.shortfall == nil)
  }

  @Test func asksOnWhereTheStoreHasMore() throws {
    let found = try search(".http.status_code = 500", most: 8)
    #expect(Set(found.ids) == Set(Self.traces.filter { $0.status == "500" }.map(\.id)))
    #expect(found.shortfall == nil)
    #expect(found.server.requests.allSatisfy { (Int($0.query["limit"] ?? "") ?? 0) <= 8 || $0.query["limit"] == "200" })
    let all = try search(".cache = true", limit: 0, most: 8)
    #expect(all.ids.count == 40)
    #expect(Set(all.ids).count == 40)
    let three = try search(".cache = true", limit: 3, most: 8)
    #expect(three.ids.count == 3)
  }

  @Test func saysWhatItCouldNotAskFor() throws {
    let found = try search(".http.status_code = 500", most: 1)
    #expect(found.shortfall?.contains("narrow the query or the time") == true)
    #expect(found.server.requests.count <= 40)
  }

  @Test func anInstantMetricIsAValue() throws {
    let server = try Self.store(most: 1000)
    let client = try JaegerClient(url: HTTPURL(server.url))
    var body: [UInt8] = []
    try client.metrics(
      TraceMetricsRequest(
        query: "{ resource.service.name = \"s\" } | count_over_time()", start: Timestamp(nanoseconds: 0),
        end: Timestamp(nanoseconds: 64_000_000_000), step: nil)
    ) { bytes in
      body.append(contentsOf: bytes)
      return true
    }
    let series = try body.withByteView { try JSONDocument.parse($0) }["series"]
    #expect(series?.elements?.count == 1)
    #expect(series?[0]?["value"]?.double == 40)
    #expect(series?[0]?["samples"] == nil)
  }
}
