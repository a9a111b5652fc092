import JSON
import MCP
import Platform
import Testing

/// What a line of a client is answered.
struct MCPSessionTests {
  private let session = MCPSession(
    name: "test", version: "1", instructions: "Look.",
    tools: [MCPTool("look", "Looks.", [MCPParameter("id", required: true), MCPParameter("limit", .whole(1...9))])])
  private static let meta =
    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{}}"

  private func answer(_ line: String) throws -> JSONValue? {
    guard case .reply(let bytes) = Array(line.utf8).withByteView({ session.receive($0) }) else { return nil }
    return try bytes.withByteView { try JSONDocument.parse($0) }
  }

  private func request(_ method: String, _ params: String) -> String {
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\(method)\",\"params\":{\(params)}}"
  }

  @Test func handshake() throws {
    for (asked, named) in [("2025-11-25", "2025-11-25"), ("2024-11-05", "2024-11-05"), ("2030-01-01", "2025-11-25")] {
      let result = try #require(try answer(request("initialize", "\"protocolVersion\":\"\(asked)\""))?["result"])
      #expect(result["protocolVersion"]?.string == named)
      #expect(result["capabilities"]?["tools"] != nil && result["serverInfo"]?["name"]?.string == "test")
      #expect(result["resultType"] == nil)
    }
    #expect(try answer(request("ping", ""))?["result"]?.members?.isEmpty == true)
  }

  @Test func everyRequestForItself() throws {
    let discovered = try #require(try answer(request("server/discover", Self.meta))?["result"])
    #expect(discovered["supportedVersions"]?[0]?.string == "2026-07-28")
    let listed = try #require(try answer(request("tools/list", Self.meta))?["result"])
    for result in [discovered, listed] {
      #expect(result["resultType"]?.string == "complete")
      #expect(result["ttlMs"]?.int64 != nil && result["cacheScope"]?.string == "public")
      #expect(result["_meta"]?["io.modelcontextprotocol/serverInfo"]?["version"]?.string == "1")
    }
    // Gone since then.
    #expect(try answer(request("ping", Self.meta))?["error"]?["code"]?.int64 == -32601)
    let other = Self.meta.replacing("2026-07-28", with: "2031-01-01")
    let error = try #require(try answer(request("tools/list", other))?["error"])
    #expect(error["code"]?.int64 == -32022 && error["data"]?["requested"]?.string == "2031-01-01")
    #expect(error["data"]?["supported"]?[0]?.string == "2026-07-28")
    let bare = "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}"
    #expect(try answer(request("tools/list", bare))?["error"]?["code"]?.int64 == -32602)
  }

  @Test func schemasSayWhatIsChecked() throws {
    let tool = try #require(try answer(request("tools/list", ""))?["result"]?["tools"]?[0])
    let schema = try #require(tool["inputSchema"])
    #expect(schema["properties"]?["limit"]?["maximum"]?.int64 == 9)
    #expect(schema["required"]?[0]?.string == "id" && schema["additionalProperties"]?.bool == false)
    let cases: [(String, String?)] = [
      ("{\"id\":\"a\",\"limit\":9}", nil), ("{\"id\":\"a\",\"limit\":\"9\"}", nil), ("{\"id\":7}", nil),
      ("{\"id\":\"a\",\"limit\":null}", nil), ("{\"limit\":9}", "id is missing"),
      ("{\"id\":\"a\",\"limit\":10}", "1 to 9"),
      ("{\"id\":\"a\",\"limit\":1.5}", "1 to 9"), ("{\"id\":\"a\",\"limti\":1}", "did you mean limit?"),
      ("{\"id\":{}}", "must be a string"), ("[]", "must be an object"),
    ]
    for (arguments, expected) in cases {
      do throws(MCPArgumentError) {
        _ = try MCPArguments(try? JSONDocument.parse(arguments), for: session.tools[0])
        #expect(expected == nil, "\(arguments)")
      } catch {
        #expect(expected.map { error.description.contains($0) } == true, "\(arguments): \(error)")
      }
    }
  }

  @Test func notificationsHaveNoAnswer() throws {
    for line in [
      "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
      "{\"jsonrpc\":\"2.0\",\"method\":\"unheard-of\"}",
      "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}",
    ] {
      #expect(try answer(line) == nil)
    }
    let cancelled = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":\"a\"}}"
    guard case .cancel(.text("a")) = Array(cancelled.utf8).withByteView({ session.receive($0) }) else {
      Issue.record("not a cancellation")
      return
    }
  }
}
