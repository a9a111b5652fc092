/// A response, before HTTP/1.1 or HTTP/2 writes it down.
public struct ServerResponse: Sendable {
  /// A header or trailer field, its name in lower case.
  public typealias Field = (name: StaticString, value: String)

  public var status: Int
  public var fields: [Field]
  public var body: [UInt8]
  /// What follows the body, in HTTP/2 only.
  public var trailers: [Field] = []

  public init(status: Int, fields: [Field] = [], body: [UInt8] = []) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  /// A page of plain text.
  public init(status: Int, text: String) {
    self.init(status: status, fields: [("content-type", "text/plain; charset=utf-8")], body: Array(text.utf8))
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
