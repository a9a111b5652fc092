public import JSON
public import Platform

/// The server's side of the Model Context Protocol, without threads and without input and output: what a line of the
/// client asks for, and how an answer is written.
public struct MCPSession: Sendable {
  public let name: String
  public let version: String
  /// What a model should know before it calls a tool.
  public let instructions: String
  public let tools: [MCPTool]

  public init(name: String, version: String, instructions: String, tools: [MCPTool]) {
    self.name = name
    self.version = version
    self.instructions = instructions
    self.tools = tools
  }

  /// What is to be done about a line.
  public enum Reaction: Sendable {
    /// Send this line.
    case reply([UInt8])
    /// Call the tool, then send what `reply(to:_:)` makes of its result.
    case call(Call)
    /// The client no longer waits for this request.
    case cancel(MCPRequestID)
    case nothing
  }

  /// A call of a tool.
  public struct Call: Sendable {
    public let id: MCPRequestID
    public let tool: MCPTool
    public let arguments: JSONValue?
    let revision: MCPRevision
  }

  /// Takes a line without its line feed.
  public func receive(_ line: ByteView) -> Reaction {
    do throws(MCPError) {
      switch try MCPMessage(line: line) {
      case .request(let id, let method, let params): return try answer(id, method, params)
      case .notification("notifications/cancelled", let params):
        return params?["requestId"].flatMap(MCPRequestID.init).map { .cancel($0) } ?? .nothing
      case .notification, .answer: return .nothing
      }
    } catch {
      return .reply(error.line)
    }
  }

  private func answer(_ id: MCPRequestID, _ method: String, _ params: JSONValue?) throws(MCPError) -> Reaction {
    if method == "initialize" { return .reply(initialized(id, params)) }
    let revision = try MCPRevision(of: id, params: params)
    switch (method, revision) {
    case ("server/discover", .stateless): return .reply(discovered(id))
    case ("server/discover", .handshake):
      throw MCPError(.invalidParams, "params._meta lacks \(MCPRevision.versionKey)", id: id)
    case ("ping", .handshake): return .reply(reply(id, revision) { _ in })
    case ("tools/list", _):
      guard params?["cursor"].map(\.isNull) ?? true else { throw MCPError(.invalidParams, "unknown cursor", id: id) }
      return .reply(listed(id, revision))
    case ("tools/call", _):
      guard let name = params?["name"]?.string else {
        throw MCPError(.invalidParams, "params.name must be a tool's name", id: id)
      }
      guard let tool = tools.first(where: { $0.name == name }) else {
        let names = tools.map(\.name).joined(separator: ", ")
        throw MCPError(.invalidParams, "unknown tool; there are \(names)", id: id)
      }
      return .call(Call(id: id, tool: tool, arguments: params?["arguments"], revision: revision))
    default: throw MCPError(.methodNotFound, "method not found", id: id)
    }
  }

  /// The answer to a call, one line without its line feed.
  public func reply(to call: Call, _ result: MCPToolResult) -> [UInt8] {
    reply(call.id, call.revision) { json in
      json.key("content")
      json.beginArray()
      json.beginObject()
      json.key("type")
      json.string("text")
      json.key("text")
      json.string(result.text)
      json.endObject()
      json.endArray()
      json.key("isError")
      json.bool(result.isError)
    }
  }

  // MARK: Answers

  private func initialized(_ id: MCPRequestID, _ params: JSONValue?) -> [UInt8] {
    reply(id, .handshake) { json in
      json.key("protocolVersion")
      json.string(MCPRevision.negotiated(params?["protocolVersion"]?.string))
      write(about: &json)
      json.key("serverInfo")
      write(identity: &json)
    }
  }

  private func discovered(_ id: MCPRequestID) -> [UInt8] {
    reply(id, .stateless) { json in
      json.key("supportedVersions")
      json.beginArray()
      for revision in MCPRevision.statelessVersions { json.string(revision) }
      json.endArray()
      write(about: &json)
      write(freshness: &json)
    }
  }

  private func listed(_ id: MCPRequestID, _ revision: MCPRevision) -> [UInt8] {
    reply(id, revision) { json in
      json.key("tools")
      json.beginArray()
      for tool in tools { tool.write(to: &json) }
      json.endArray()
      if revision == .stateless { write(freshness: &json) }
    }
  }

  private func write(about json: inout JSONWriter) {
    json.key("capabilities")
    json.beginObject()
    json.key("tools")
    json.beginObject()
    json.endObject()
    json.endObject()
    json.key("instructions")
    json.string(instructions)
  }

  private func write(identity json: inout JSONWriter) {
    json.beginObject()
    json.key("name")
    json.string(name)
    json.key("version")
    json.string(version)
    json.endObject()
  }

  /// The tools stay the same as long as the process runs.
  private func write(freshness json: inout JSONWriter) {
    json.key("ttlMs")
    json.int(3_600_000)
    json.key("cacheScope")
    json.string("public")
  }

  private func reply(
    _ id: MCPRequestID, _ revision: MCPRevision, _ result: (inout JSONWriter) -> Void
  ) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("jsonrpc")
    json.string("2.0")
    json.key("id")
    id.write(to: &json)
    json.key("result")
    json.beginObject()
    if revision == .stateless {
      json.key("resultType")
      json.string("complete")
    }
    result(&json)
    if revision == .stateless {
      json.key("_meta")
      json.beginObject()
      json.key(MCPRevision.serverKey)
      write(identity: &json)
      json.endObject()
    }
    json.endObject()
    json.endObject()
    return json.bytes
  }
}
