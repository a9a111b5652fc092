public import JSON
public import Platform

/// What tells the requests of a client apart: a text or a whole number.
public enum MCPRequestID: Hashable, Sendable {
  case text(String)
  case number(Int64)

  /// Longer ones are refused: they come back in every answer.
  private static let maximumLength = 200

  init?(_ value: JSONValue) {
    if let text = value.string, text.utf8.count <= MCPRequestID.maximumLength {
      self = .text(text)
    } else if let number = value.int64 {
      self = .number(number)
    } else {
      return nil
    }
  }

  func write(to json: inout JSONWriter) {
    switch self {
    case .text(let text): json.string(text)
    case .number(let number): json.int(number)
    }
  }
}

/// One JSON-RPC message of a client.
public enum MCPMessage: Sendable {
  /// It wants an answer. `params` is an object, or nil where there are none.
  case request(id: MCPRequestID, method: String, params: JSONValue?)
  case notification(method: String, params: JSONValue?)
  /// An answer to a question that was never asked.
  case answer

  /// Reads a line. The error is ready to be sent.
  public init(line: ByteView) throws(MCPError) {
    // A comma stands between two values, so this bounds the memory of the tree.
    guard line.count(of: UInt8(ascii: ",")) <= MCPMessage.maximumValues else {
      throw MCPError(.invalidRequest, "the message holds more than \(MCPMessage.maximumValues) values")
    }
    let message: JSONValue
    do throws(JSONError) { message = try JSONDocument.parse(line) } catch {
      throw MCPError(.parse, "byte \(error.offset): \(error.message)")
    }
    guard message.members != nil else {
      let reason = message.elements == nil ? "a message is an object" : "batches are no part of the protocol"
      throw MCPError(.invalidRequest, reason)
    }
    let id = message["id"].flatMap(MCPRequestID.init)
    guard message["jsonrpc"]?.string == "2.0" else {
      throw MCPError(.invalidRequest, "\"jsonrpc\" must be \"2.0\"", id: id)
    }
    guard let method = message["method"] else {
      guard message["result"] != nil || message["error"] != nil else {
        throw MCPError(.invalidRequest, "the message has no method", id: id)
      }
      self = .answer
      return
    }
    guard let method = method.string else { throw MCPError(.invalidRequest, "the method must be a string", id: id) }
    let params = message["params"].flatMap { $0.isNull ? nil : $0 }
    guard message["id"] != nil else {
      self = .notification(method: method, params: params)
      return
    }
    guard let id else {
      throw MCPError(.invalidRequest, "the id must be a whole number, or a string of at most 200 bytes")
    }
    guard params == nil || params?.members != nil else {
      throw MCPError(.invalidParams, "params must be an object", id: id)
    }
    self = .request(id: id, method: method, params: params)
  }

  private static let maximumValues = 100_000
}

/// Why a message is not answered with a result.
public struct MCPError: Error, Sendable {
  /// JSON-RPC's numbers, and the protocol's own.
  public enum Code: Int, Sendable {
    case parse = -32700
    case invalidRequest = -32600
    case methodNotFound = -32601
    case invalidParams = -32602
    case unsupportedRevision = -32022
    case busy = -32000
  }

  public let code: Code
  public let message: String
  /// Whose answer it is; nil where that cannot be told.
  public let id: MCPRequestID?
  /// The revision that was asked for and is not spoken.
  let requested: String?

  public init(_ code: Code, _ message: String, id: MCPRequestID? = nil) {
    self.init(code, message, id: id, requested: nil)
  }

  init(_ code: Code, _ message: String, id: MCPRequestID?, requested: String?) {
    self.code = code
    self.message = message
    self.id = id
    self.requested = requested
  }

  /// The answer, one line without its line feed.
  public var line: [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("jsonrpc")
    json.string("2.0")
    json.key("id")
    if let id { id.write(to: &json) } else { json.null() }
    json.key("error")
    json.beginObject()
    json.key("code")
    json.int(code.rawValue)
    json.key("message")
    json.string(message)
    if let requested {
      json.key("data")
      json.beginObject()
      json.key("supported")
      json.beginArray()
      for revision in MCPRevision.statelessVersions { json.string(revision) }
      json.endArray()
      json.key("requested")
      json.string(String(requested.prefix(100)))
      json.endObject()
    }
    json.endObject()
    json.endObject()
    return json.bytes
  }
}
