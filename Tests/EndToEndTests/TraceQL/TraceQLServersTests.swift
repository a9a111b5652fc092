import Foundation
import TestSupport
import Testing

/// `ongrid traceql` against stubs that answer what real servers answered.
@Suite struct TraceQLServersTests {
  static let id = "0894c7387a881343ac6d0c4e7dd8a5a2"

  private func tempo() throws -> StubServer {
    try StubServer { request in
      let query = request.query["q"] ?? ""
      let fixture: String
      switch request.path {
      case "/api/search":
        fixture =
          query.contains("nothing")
          ? "search-empty.json" : query.contains("select") ? "search-select.json" : "search.json"
      case "/api/metrics/query_range": fixture = "metrics-query-range.json"
      case "/api/v2/search/tags": fixture = "tags-v2.json"
      case "/api/v2/search/tag/resource.service.name/values": fixture = "tag-values-v2.json"
      case "/api/traces/7719cdfbb878c2d651ea345e50690b90":
        fixture = request.headers["accept"] == "application/protobuf" ? "trace-v1.pb" : "trace-v1.json"
      case let path where path.hasPrefix("/api/traces/"): fixture = "trace-not-found.txt"
      default: return .text(404, "404 page not found")
      }
      return (try? Fixtures.answer("tempo/\(fixture)")) ?? .text(500, "no fixture")
    }
  }

  private func run(_ arguments: [String], _ environment: [String: String] = [:]) throws -> ProgramResult {
    try Program.run(["traceql"] + arguments, environment: environment)
  }

  private func line(_ fixture: String) throws -> [UInt8] {
    let bytes = try Fixtures.bytes("tempo/\(fixture)")
    return bytes.last == 0x0A ? bytes : bytes + [0x0A]
  }

  @Test func handsTheAnswerThroughUntouched() throws {
    let server = try tempo()
    defer { server.stop() }
    let result = try run([
      "{ resource.service.name=\"payments-api\" } | duration > 800ms", "--tempo", server.url, "--tenant", "t1",
    ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.stdout == (try line("search.json")))
    let request = try #require(server.requests.first)
    // The short form is written out on the way.
    #expect(request.query["q"] == "{ resource.service.name = \"payments-api\" } | { duration > 800ms }")
    #expect(request.query["limit"] == "20" && request.query["spss"] == "3")
    #expect(request.headers["x-scope-orgid"] == "t1")
    let end = try #require(request.query["end"].flatMap { Int($0) })
    let start = try #require(request.query["start"].flatMap { Int($0) })
    #expect((3600...3601).contains(end - start))
    let raw = try run(["{ x } | {{", "--raw"], ["ONGRID_TEMPO_URL": server.url])
    #expect(raw.status == 0 && server.requests.last?.query["q"] == "{ x } | {{")
    #expect(raw.stdout == (try Fixtures.bytes("tempo/search.json")), "not a byte more than the server sent")
  }

  @Test func saysWhatAServerHasInPlaceOfWhatIsAskedFor() throws {
    let server = try tempo()
    defer { server.stop() }
    let result = try run(["{ span.http.status_code = 500 && name = \"nothing\" }", "--tempo", server.url])
    #expect(
      result.errors.contains(
        "nothing has span.http.status_code, but there is span.http.response.status_code, its newer name"),
      "\(result.errors)")
    // Nothing is looked up where it would help nobody.
    let asked = server.requests.count
    _ = try run(["{ name = \"nothing\" }", "--tempo", server.url])
    #expect(server.requests.count == asked + 1)
  }

  @Test func showsTablesWithWholeIds() throws {
    let server = try tempo()
    defer { server.stop() }
    let table = try run(["{ .a }", "-f", "table", "--tempo", server.url])
    #expect(table.output.contains(Self.id), "\(table.output)")
    let plot = try run(["{ .a } | rate() by (resource.service.name)", "-f", "plot", "--tempo", server.url])
    #expect(plot.output.contains("resource.service.name=\"checkout\""), "\(plot.output)")
    let series = try run(["{ .a } | rate() by (resource.service.name)", "--tempo", server.url])
    #expect(series.stdout == (try line("metrics-query-range.json")))
    #expect(server.requests.last?.query["step"] == "60s")
  }

  @Test func findsTraces() throws {
    let server = try tempo()
    defer { server.stop() }
    let id = "7719cdfbb878c2d651ea345e50690b90"
    let json = try run(["--trace-id", id.uppercased(), "--tempo", server.url])
    #expect(json.stdout == (try line("trace-v1.json")), "\(json.errors)")
    let otlp = try run(["--trace-id", id, "--tempo", server.url, "-f", "otlp"])
    #expect(otlp.output.contains("\"traceId\":\"\(id)\""), "\(otlp.errors)")
    let waterfall = try run(["--trace-id", id, "--tempo", server.url, "-f", "waterfall"])
    #expect(waterfall.output.contains("GET /cart") && waterfall.output.contains("#"), "\(waterfall.errors)")
    let missing = try run(["--trace-id", "1", "--tempo", server.url])
    #expect(missing.status == 1 && missing.errors.contains("no trace"), "\(missing.errors)")
  }

  @Test func listsNamesAndValues() throws {
    let server = try tempo()
    defer { server.stop() }
    #expect(try run(["--tags", "--tempo", server.url]).stdout == (try line("tags-v2.json")))
    #expect(try run(["--tags", "-f", "table", "--tempo", server.url]).output.contains("span.db.rows\n"))
    let values = try run(["--tag-values", "resource.service.name", "-f", "table", "--tempo", server.url])
    #expect(values.output.split(separator: "\n").count == 8, "\(values.errors)")
  }

  @Test func refusesToReadEverything() throws {
    let server = try tempo()
    defer { server.stop() }
    for query in ["{ }", "{ true }", "{ } | rate()", "{ .a } || { }"] {
      let result = try run([query, "--tempo", server.url])
      #expect(result.status == 2 && result.errors.contains("--all"), "\(query): \(result.errors)")
    }
    #expect(server.requests.isEmpty)
    #expect(try run(["{ }", "--all", "--tempo", server.url]).status == 0)
  }

  @Test func saysWhetherAnythingWasFound() throws {
    let server = try tempo()
    defer { server.stop() }
    #expect(try run(["{ .nothing }", "--tempo", server.url]).status == 0)
    #expect(try run(["{ .nothing }", "--exit-status", "--tempo", server.url]).status == 1)
    #expect(try run(["{ .nothing }", "--exit-status", "-f", "table", "--tempo", server.url]).status == 1)
    #expect(try run(["{ .a }", "--exit-status", "--tempo", server.url]).status == 0)
  }

  @Test func reportsServersThatFail() throws {
    let refusal = try Fixtures.answer("tempo/search-parse-error.txt")
    for (answer, status, words) in [
      (refusal, Int32(2), "parse error"), (StubServer.Answer.text(401, "who are you"), 3, "401"),
      (.cutOff(after: 20, body: Array(repeating: 0x20, count: 100)), 3, "cut off"), (.ok("<html>"), 3, "not JSON"),
      (.silence, 3, "nothing moved for 1s"),
    ] {
      let server = try StubServer { _ in answer }
      defer { server.stop() }
      let result = try run(["{ .a }", "-f", "table", "--timeout", "1s", "--tempo", server.url])
      #expect(result.status == status, "\(words): \(result.status) \(result.errors)")
      #expect(result.errorLines.count == 1 && result.errors.contains(words), "\(result.errors)")
    }
    let closed = try run(["{ .a }", "--timeout", "1s", "--tempo", "http://127.0.0.1:\(try StubServer.closedPort())"])
    #expect(closed.status == 3, "\(closed.errors)")
  }

  @Test func evaluatesOnWhatJaegerReturns() throws {
    let spans = try Program.run(
      [
        "traceql", "{ resource.service.name = \"payments-api\" }", "-n", "40", "-f", "otlp", "--from",
        Fixtures.path("otlp/shop.otlp"),
      ])
    let resources = spans.output.split(separator: "\n").map { line in
      String(line.dropFirst("{\"resourceSpans\":[".count).dropLast(2))
    }
    let answer = "{\"result\":{\"resourceSpans\":[\(resources.joined(separator: ","))]}}"
    let server = try StubServer { request in request.path == "/api/v3/traces" ? .ok(answer) : .text(404, "") }
    defer { server.stop() }
    let query =
      "{ resource.service.name = \"payments-api\" && kind = server } >> { name = \"score\" } | select(duration)"
    let result = try run([query, "-n", "0", "--jaeger", server.url, "--start", "1795416000", "--end", "1795418000"])
    #expect(result.status == 0, "\(result.errors)")
    let found = try JSONSerialization.jsonObject(with: Data(result.stdout)) as? [String: Any]
    #expect((found?["traces"] as? [Any])?.isEmpty == false, "\(result.output.prefix(300))")
    #expect(server.requests.first?.query["query.service_name"] == "payments-api")
  }
}
