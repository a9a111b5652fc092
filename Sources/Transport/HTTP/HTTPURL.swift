/// An absolute URL as the clients need it: checked once, printable without secrets.
///
/// Only the forms a server address can have are understood (RFC 3986 section 3 without fragments):
/// `scheme://[user:password@]host[:port][/path][?query]`.
public struct HTTPURL: Sendable, Hashable {
  /// Lower case: `http`, `https`, `grpc` or `grpcs`.
  public var scheme: String
  /// Name or address; an IPv6 address keeps its brackets.
  public var host: String
  /// The port as written, nil for the scheme's own.
  public var port: Int?
  /// Empty, or starts with a slash; percent-encoded as written.
  public var path: String
  /// Without the question mark; percent-encoded.
  public var query: String
  /// `user:password` when the URL carried one, percent-decoded. Never printed.
  let userInfo: String?

  /// Reads a URL. A missing or other scheme, an empty host, a bad port or a control character is an error.
  public init(_ text: String, schemes: [String] = ["http", "https"]) throws(HTTPError) {
    guard let mark = text.utf8.firstRange(of: "://".utf8) else {
      throw .invalidURL("\(HTTPURL.shown(text)) has no scheme (expected \(schemes.joined(separator: ":// or "))://)")
    }
    let scheme = text[..<mark.lowerBound].lowercased()
    guard schemes.contains(scheme) else {
      throw .invalidURL("scheme \(scheme) is not one of \(schemes.joined(separator: ", "))")
    }
    guard !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }) else {
      throw .invalidURL("\(HTTPURL.shown(text)) holds a space or control character")
    }
    var rest = text[mark.upperBound...]
    if let fragment = rest.firstIndex(of: "#") { rest = rest[..<fragment] }
    let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
    var authority = rest[..<authorityEnd]
    if let at = authority.lastIndex(of: "@") {
      userInfo = PercentEncoding.decode(authority[..<at])
      authority = authority[authority.index(after: at)...]
    } else {
      userInfo = nil
    }
    var port: Int?
    let hostEnd = authority.lastIndex(of: "]") ?? authority.startIndex
    if let colon = authority[hostEnd...].lastIndex(of: ":") {
      let digits = authority[authority.index(after: colon)...]
      guard let number = Int(digits), (1...65535).contains(number) else {
        throw .invalidURL("\(HTTPURL.shown(text)) has a bad port")
      }
      port = number
      authority = authority[..<colon]
    }
    guard !authority.isEmpty else { throw .invalidURL("\(HTTPURL.shown(text)) has no host") }
    self.scheme = scheme
    self.host = String(authority)
    self.port = port
    let target = rest[authorityEnd...]
    if let question = target.firstIndex(of: "?") {
      path = String(target[..<question])
      query = String(target[target.index(after: question)...])
    } else {
      path = String(target)
      query = ""
    }
  }

  /// Scheme, host and port: what an error names and what credentials belong to.
  public var origin: String {
    port.map { "\(scheme)://\(host):\($0)" } ?? "\(scheme)://\(host)"
  }

  /// The origin with the port spelled out, for comparing.
  public var canonicalOrigin: String { "\(scheme)://\(host.lowercased()):\(effectivePort)" }

  /// The port as written, or the scheme's own.
  var effectivePort: Int { port ?? (isSecure ? 443 : 80) }

  /// Whether it is reached through TLS.
  var isSecure: Bool { scheme == "https" || scheme == "grpcs" }

  /// The host as resolvers and certificates know it: an IPv6 address without its brackets.
  var bareHost: String { host.hasPrefix("[") ? String(host.dropFirst().prefix { $0 != "]" }) : host }

  /// The whole URL without user information.
  public var absolute: String {
    origin + (path.isEmpty ? "/" : path) + (query.isEmpty ? "" : "?" + query)
  }

  /// The URL with `suffix` (which starts with a slash) after the path, keeping a path prefix such as a gateway's.
  public func appending(path suffix: String) -> HTTPURL {
    var copy = self
    while copy.path.hasSuffix("/") { copy.path.removeLast() }
    copy.path += suffix
    return copy
  }

  /// The URL with parameters after the ones it has; names and values are percent-encoded here.
  public func appending(query parameters: [(String, String)]) -> HTTPURL {
    var copy = self
    for (name, value) in parameters {
      if !copy.query.isEmpty { copy.query += "&" }
      copy.query += PercentEncoding.encode(name) + "=" + PercentEncoding.encode(value)
    }
    return copy
  }

  /// `text` fit for an error line, whatever it is: without user information and control characters, and not too long.
  public static func redacted(_ text: String) -> String {
    var shown = text
    if let at = shown.lastIndex(of: "@") { shown = "…" + shown[at...] }
    return String(shown.prefix(80).filter { $0.asciiValue.map { $0 >= 0x20 && $0 != 0x7f } ?? true })
  }

  private static func shown(_ text: String) -> String { "\"\(redacted(text))\"" }
}

extension HTTPURL: CustomStringConvertible {
  /// The whole URL without user information.
  public var description: String { absolute }
}
