import Platform

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

  private var statusLine: StaticString {
    switch status {
    case 200: "HTTP/1.1 200 OK\r\n"
    case 204: "HTTP/1.1 204 No Content\r\n"
    case 400: "HTTP/1.1 400 Bad Request\r\n"
    case 401: "HTTP/1.1 401 Unauthorized\r\n"
    case 404: "HTTP/1.1 404 Not Found\r\n"
    case 405: "HTTP/1.1 405 Method Not Allowed\r\n"
    case 408: "HTTP/1.1 408 Request Timeout\r\n"
    case 413: "HTTP/1.1 413 Content Too Large\r\n"
    case 415: "HTTP/1.1 415 Unsupported Media Type\r\n"
    case 429: "HTTP/1.1 429 Too Many Requests\r\n"
    case 431: "HTTP/1.1 431 Request Header Fields Too Large\r\n"
    case 501: "HTTP/1.1 501 Not Implemented\r\n"
    case 503: "HTTP/1.1 503 Service Unavailable\r\n"
    case 504: "HTTP/1.1 504 Gateway Timeout\r\n"
    case 505: "HTTP/1.1 505 HTTP Version Not Supported\r\n"
    default: "HTTP/1.1 500 Internal Server Error\r\n"
    }
  }

  /// Writes the response as HTTP/1.1 has it. `omitBody`: the request was a HEAD. `date`: now, as RFC 9110 demands it.
  func write(keepAlive: Bool, omitBody: Bool, date: String, into bytes: inout ByteBuffer) {
    bytes.append(statusLine)
    bytes.append("date: ")
    bytes.append(date)
    bytes.append("\r\n")
    for (name, value) in fields {
      bytes.append(name)
      bytes.append(": ")
      bytes.append(value)
      bytes.append("\r\n")
    }
    if status != 204 {
      bytes.append("content-length: ")
      bytes.append(String(body.count))
      bytes.append("\r\n")
    }
    bytes.append(keepAlive ? "\r\n" : "connection: close\r\n\r\n")
    if !omitBody { bytes.append(body) }
  }
}
