import JSON
import MCP
import Platform

extension FuzzTarget {
  /// Requests to an MCP server: whatever the line, its answer is one line of JSON that names the request or nobody's, and
  /// arguments that pass are what the tool takes.
  static let mcp = FuzzTarget(
    "mcp",
    seeds: {
      let meta =
        "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{}}"
      return [
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"server/discover\",\"params\":{\(meta)}}",
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"tools/call\",\"params\":{\"name\":\"look\",\"arguments\":{\"id\":\"x\",\"limit\":\"7\"},\(meta)}}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":4}}",
      ].map { Array($0.utf8) }
    }
  ) { view in
    let tool = MCPTool(
      "look", "Looks.",
      [MCPParameter("id", required: true), MCPParameter("limit", .whole(1...9)), MCPParameter("rules", .document)])
    let session = MCPSession(name: "test", version: "1", instructions: "", tools: [tool])
    var lines = MCPLines(limit: 1 << 16)
    for line in lines.add(view.buffer) + [lines.end()].compactMap(\.self) {
      guard case .text(let bytes) = line else { continue }
      switch bytes.withByteView({ session.receive($0) }) {
      case .nothing, .cancel: break
      case .reply(let answer): try isAnswer(answer)
      case .call(let call):
        if let arguments = try? MCPArguments(call.arguments, for: call.tool) {
          if let limit = arguments.whole("limit") { try hold(1...9 ~= limit, "the limit is \(limit)") }
        }
        try isAnswer(session.reply(to: call, MCPToolResult("a\nb\u{0}\"")))
      }
    }
  }

  private static func isAnswer(_ line: [UInt8]) throws {
    try hold(!line.contains(0x0A), "an answer takes several lines")
    let answer = try line.withByteView { try JSONDocument.parse($0) }
    try hold((answer["result"] == nil) != (answer["error"] == nil), "neither a result nor an error, or both")
    try hold(answer["id"] != nil && answer["jsonrpc"]?.string == "2.0", "no answer of JSON-RPC")
  }
}
