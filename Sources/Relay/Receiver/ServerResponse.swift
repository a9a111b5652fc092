import Compression

/// A response to an HTTP request, before HTTP/1.1 or HTTP/2 writes it down.
struct ServerResponse {
  var status: Int
  var fields: [(name: StaticString, value: String)] = []
  var body: [UInt8] = []

  init(status: Int) { self.status = status }

  /// The answer of the receiver in the request's encoding.
  init(_ reply: Reply, _ format: PayloadFormat) {
    switch reply {
    case .accepted(let warning):
      status = 200
      body = StatusMessage.success(warning: warning, format)
    case .refused(let refusal):
      status = refusal.httpStatus
      body = StatusMessage.body(refusal, format)
      if let seconds = refusal.retryAfter { fields.append(("retry-after", String(seconds))) }
      switch refusal.kind {
      case .methodNotAllowed: fields.append(("allow", "POST"))
      case .unauthenticated: fields.append(("www-authenticate", "Bearer"))
      case .unsupportedCoding: fields.append(("accept-encoding", "\(ContentEncoding.accepted)"))
      default: break
      }
    }
    fields.append(("content-type", "\(format.contentType)"))
  }

  /// The answer to a CORS preflight (Fetch standard, section 3.3).
  static func preflight(origin: String, headers: String?) -> ServerResponse {
    var response = ServerResponse(status: 204)
    response.fields = [
      ("access-control-allow-origin", origin), ("access-control-allow-methods", "POST"),
      ("access-control-max-age", "7200"), ("vary", "Origin"),
    ]
    if let headers, headers.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) {
      response.fields.append(("access-control-allow-headers", headers))
    }
    return response
  }

  /// Lets the page that `origin` names read the response.
  mutating func allow(origin: String?) {
    guard let origin else { return }
    fields.append(("access-control-allow-origin", origin))
    fields.append(("vary", "Origin"))
  }

  var reason: StaticString {
    switch status {
    case 200: "OK"
    case 204: "No Content"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 413: "Content Too Large"
    case 415: "Unsupported Media Type"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 501: "Not Implemented"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    default: "Internal Server Error"
    }
  }

  /// The response as HTTP/1.1 writes it. `omitBody`: the request was a HEAD.
  func http1(keepAlive: Bool, omitBody: Bool = false) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(192 + body.count)
    bytes += "HTTP/1.1 \(status) \(reason)\r\n".utf8
    for (name, value) in fields { bytes += "\(name): \(value)\r\n".utf8 }
    if status != 204 { bytes += "content-length: \(body.count)\r\n".utf8 }
    if !keepAlive { bytes += "connection: close\r\n".utf8 }
    bytes += "\r\n".utf8
    if !omitBody { bytes += body }
    return bytes
  }
}
