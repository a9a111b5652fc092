import Foundation
import TestSupport
import Testing

/// `ongrid mcp` as the official Python SDK sees it.
@Suite struct MCPClientTests {
  private struct Answer: Decodable {
    var error: Bool
    var text: String
  }

  private struct Session: Decodable {
    var revision: String
    var tools: [String]
    var answers: [Answer]
    var same: [Bool]
  }

  private struct Report: Decodable {
    var auto: Session
    var legacy: Session
    var tokens: Int
    var newest: String
  }

  private func traces() throws -> (path: String, id: String) {
    let path = Fixtures.url("otlp/shop.jsonl").path(percentEncoded: false)
    let found = try Program.run(["traceql", "{ status = error }", path, "-n", "1", "-f", "table"])
    let id = try #require(found.output.firstMatch(of: /[0-9a-f]{32}/)).output
    return (path, String(id))
  }

  @Test(.enabled(if: Tools.hasPython)) func listsAndCallsEveryTool() throws {
    let traces = try traces()
    let rule = """
      {"kind":"trace_latency","scope_type":"global","conditions_json":{"service":"payments-api","threshold_ms":800}}
      """
    let calls = """
      [["correlate_incident",{"service":"payments-api","at":"2026-11-23T07:00:00Z","window_minutes":240}],
       ["query_traceql",{"query":"{ status = error }","limit":2}],["query_traceql",{"query":"{ status = error } | rate()"}],
       ["get_trace",{"trace_id":"\(traces.id)"}],["compile_rule",{"rules":\(rule)}],
       ["query_traceql",{}],["query_traceql",{"query":"{ }"}],["get_trace",{"trace_id":"zz"}],["compile_rule",{"rules":[]}],
       ["correlate_incident",{}]]
      """
    let script = try String(
      contentsOf: Fixtures.repository.appending(path: "Tests/Python/mcp_client.py"), encoding: .utf8)
    let result = try Tools.runPython(script, [calls, Program.ongrid, "mcp", "--from", traces.path])
    try #require(result.status == 0, "\(result.errors)")
    let report = try JSONDecoder().decode(Report.self, from: Data(result.stdout))
    #expect(report.auto.revision == report.newest)
    #expect(report.legacy.revision == "2025-11-25")
    for session in [report.auto, report.legacy] {
      #expect(session.tools == ["correlate_incident", "query_traceql", "get_trace", "compile_rule"])
      #expect(session.answers.map(\.error) == [false, false, false, false, false, true, true, true, true, true])
      #expect(session.same.allSatisfy { $0 })
      #expect(session.answers.allSatisfy { $0.text.utf8.count <= 16 << 10 })
    }
    #expect(report.auto.answers.map(\.text) == report.legacy.answers.map(\.text))
    #expect(report.tokens <= 1500, "\(report.tokens) tokens")
    let texts = report.auto.answers.map(\.text)
    #expect(texts[0].contains("\"suspects\""))
    #expect(texts[1].contains("\"trace_id\""))
    #expect(texts[2].contains("\"series\""))
    #expect(texts[3].hasPrefix("trace \(traces.id), ") && texts[3].utf8.count <= 4096)
    #expect(texts[4].contains("histogram_quantile(0.95"))
  }
}
