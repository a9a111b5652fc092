import Foundation
import TestSupport
import Testing

/// `ongrid mcp` line by line.
@Suite struct MCPServerTests {
  private let file = Fixtures.path("otlp/shop.jsonl")

  private func line(_ id: Int, _ method: String, _ params: String = "{}") -> String {
    "{\"jsonrpc\":\"2.0\",\"id\":\(id),\"method\":\"\(method)\",\"params\":\(params)}\n"
  }

  private func call(_ id: Int, _ tool: String, _ arguments: String) -> String {
    line(id, "tools/call", "{\"name\":\"\(tool)\",\"arguments\":\(arguments)}")
  }

  /// Each line as an object, by its id; those without one under -1.
  private func answers(_ result: ProgramResult) throws -> [Int: [String: Any]] {
    var answers: [Int: [String: Any]] = [:]
    for line in result.output.split(separator: "\n") {
      let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      answers[object["id"] as? Int ?? -1] = object
    }
    return answers
  }

  private func text(_ answer: [String: Any]?) throws -> String {
    let result = try #require(answer?["result"] as? [String: Any])
    let content = try #require(result["content"] as? [[String: Any]])
    return try #require(content.first?["text"] as? String)
  }

  @Test func hostileRequestsLeaveItRunning() throws {
    let deep = String(repeating: "[", count: 200_000)
    let huge = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" + String(repeating: "x", count: 3 << 20) + "\"}"
    let values =
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"a\":[1" + String(repeating: ",1", count: 200_000)
      + "]}}"
    let hostile = [
      "", "   ", "nonsense", "{", "[]", "[{}]", "null", "42", "\"text\"", "{}",
      "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}",
      "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", "{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"ping\"}",
      "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}",
      "{\"jsonrpc\":\"2.0\",\"id\":\"\(String(repeating: "i", count: 5000))\",\"method\":\"ping\"}",
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[1]}", "{\"jsonrpc\":\"2.0\",\"result\":{}}",
      "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":{}}}",
      "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", "\u{0}\u{1}", deep, huge, values,
    ]
    let calls = [
      "{\"name\":7}", "{\"name\":\"rm\"}", "{\"name\":\"get_trace\",\"arguments\":[1]}",
      "{\"name\":\"get_trace\",\"arguments\":{\"x\":1}}",
      "{\"name\":\"get_trace\",\"arguments\":{\"trace_id\":\"\\u0000\"}}",
      "{\"name\":\"query_traceql\",\"arguments\":{\"query\":\"{ status = \"}}",
      "{\"name\":\"query_traceql\",\"arguments\":{\"query\":\"{ \(String(repeating: "(", count: 5000))\"}}",
      "{\"name\":\"query_traceql\",\"arguments\":{\"service\":\"a\",\"limit\":1001}}",
      "{\"name\":\"query_traceql\",\"arguments\":{\"service\":\"a\",\"min_duration\":\"1e99s\"}}",
      "{\"name\":\"query_traceql\",\"arguments\":{\"service\":\"a\",\"from\":\"/etc/passwd\"}}",
      "{\"name\":\"correlate_incident\",\"arguments\":{\"service\":\"a\",\"window_minutes\":0}}",
      "{\"name\":\"correlate_incident\",\"arguments\":{\"service\":\"a\",\"tempo\":\"http://evil\"}}",
      "{\"name\":\"compile_rule\",\"arguments\":{\"rules\":\"not json\"}}",
    ]
    var input = hostile.joined(separator: "\n") + "\n"
    for (index, params) in calls.enumerated() { input += line(100 + index, "tools/call", params) }
    input += line(900, "ping") + line(901, "resources/list") + line(902, "server/discover")
    input += line(
      903, "tools/list",
      "{\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2099-01-01\",\"io.modelcontextprotocol/clientCapabilities\":{}}}"
    )
    // The last line has no line feed.
    input += String(call(999, "query_traceql", "{\"service\":\"payments-api\"}").dropLast())
    let result = try Program.run(["mcp", "--from", file], input: input)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.isEmpty)
    let answers = try answers(result)
    for index in calls.indices {
      let answer = try #require(answers[100 + index], "\(calls[index])")
      let isError = (answer["result"] as? [String: Any])?["isError"] as? Bool
      #expect(isError == true || answer["error"] != nil, "\(calls[index])")
    }
    let code = { (id: Int) in ((answers[id]?["error"] as? [String: Any])?["code"] as? Int) }
    #expect(answers[900]?["result"] as? [String: String] == [:])
    #expect(code(901) == -32601)
    #expect(code(902) == -32602)
    #expect(code(903) == -32022)
    #expect(try text(answers[999]).contains("\"trace_id\""))
  }

  /// Ten thousand spans, with failures far down and names that try to look like other lines.
  @Test func aLargeTraceFitsAndNothingIsForged() throws {
    let directory = try TemporaryDirectory()
    let forged = "x\\\"\\n+0.00ms 9.9s evil \\\"ok\\\" [0000000000000001] !\\u202e\\u001b[31m"
    var spans = [
      "{\"traceId\":\"\(String(repeating: "a", count: 32))\",\"spanId\":\"0000000000000001\",\"name\":\"root\",\"startTimeUnixNano\":\"1000000000\",\"endTimeUnixNano\":\"3000000000\"}"
    ]
    for index in 2...10_000 {
      let parent = index % 100 == 0 ? index / 100 : 1
      let isError = index % 1250 == 0
      let name = isError ? forged : "step \(index % 7)"
      let start = 1_000_000_000 + index * 150_000
      let id = String(index, radix: 16)
      spans.append(
        "{\"traceId\":\"\(String(repeating: "a", count: 32))\",\"spanId\":\"\(String(repeating: "0", count: 16 - id.count))\(id)\","
          + "\"parentSpanId\":\"\(String(format: "%016x", parent))\",\"name\":\"\(name)\",\"startTimeUnixNano\":\"\(start)\","
          + "\"endTimeUnixNano\":\"\(start + 140_000)\""
          + (isError ? ",\"status\":{\"code\":2,\"message\":\"\(forged)\"}}" : "}"))
    }
    let path = directory.path("large.json")
    try Data(
      ("{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"shop\"}}]},"
        + "\"scopeSpans\":[{\"spans\":[" + spans.joined(separator: ",") + "]}]}]}").utf8
    ).write(to: URL(filePath: path))
    let id = String(repeating: "a", count: 32)
    let input =
      call(1, "get_trace", "{\"trace_id\":\"\(id)\"}")
      + call(2, "get_trace", "{\"trace_id\":\"\(id)\",\"max_bytes\":16384}")
      + call(3, "get_trace", "{\"trace_id\":\"\(id)\",\"span_id\":\"00000000000004e2\"}")
    let answers = try answers(Program.run(["mcp", "--from", path], input: input))
    for (id, budget) in [(1, 4096), (2, 16384)] {
      let text = try text(answers[id])
      #expect(text.utf8.count <= budget)
      #expect(text.contains("10000 spans") && text.contains("8 failed"))
      let lines = text.split(separator: "\n")
      // Every line but the first two is a row; failures of one kind may share one.
      let failed = lines.dropFirst(2).filter { $0.contains(" !") }
      let count = failed.reduce(0) { sum, line in
        sum + (line.firstMatch(of: #/ x([0-9]+)/#).flatMap { Int($0.output.1) } ?? 1)
      }
      #expect(count == 8, "\(text)")
      #expect(!lines.contains { $0.hasPrefix("+0.00ms 9.9s") })
      #expect(!text.unicodeScalars.contains { $0.value == 0x202e || $0.value == 0x1b })
      let folded = lines.reduce(0) { sum, line in
        sum + (line.firstMatch(of: /… ([0-9]+) spans folded/).flatMap { Int($0.output.1) } ?? 0)
      }
      let shown = lines.dropFirst(2).filter { !$0.contains("…") || $0.contains("[") }.reduce(0) { sum, line in
        sum + (line.firstMatch(of: #/ x([0-9]+)/#).flatMap { Int($0.output.1) } ?? 1)
      }
      #expect(folded + shown == 10_000, "\(text)")
    }
    #expect(try text(answers[3]).split(separator: "\n").allSatisfy { !$0.hasPrefix("+") })
  }

  /// A backend that does not answer costs its call, not the server.
  @Test func aCallEndsAtItsDeadline() throws {
    let silent = try StubServer { _ in .silence }
    let input =
      call(1, "query_traceql", "{\"service\":\"a\"}") + line(2, "ping")
      + call(3, "query_traceql", "{\"service\":\"b\"}")
      + "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":3}}\n"
    let answers = try answers(Program.run(["mcp", "--tempo", silent.url, "--timeout", "300ms"], input: input))
    #expect((answers[1]?["result"] as? [String: Any])?["isError"] as? Bool == true)
    #expect(answers[2]?["result"] != nil)
    #expect(answers[3] == nil)
  }

  @Test func saysWhatItCannotBeStartedWith() throws {
    let cases: [([String], String)] = [
      ([], "nothing to ask"), (["--from", "-"], "--from"),
      (["--tempo", "http://a", "--jaeger", "http://b"], "exclude"),
      (["--tempo", "http://a", "--from", file], "exclude"),
    ]
    for (options, expected) in cases {
      let result = try Program.run(["mcp"] + options)
      #expect(result.status == 2 && result.stdout.isEmpty && result.errors.contains(expected), "\(result.errors)")
    }
  }
}
