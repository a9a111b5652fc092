import Libc
import Platform

/// The proxy that the environment names for a server behind TLS, found as libcurl finds it, so that all clients agree:
/// `https_proxy`, else `all_proxy`, unless `no_proxy` lists the server; each in lower case first, then in upper case. What
/// this host is to itself is no proxy's business, whatever the variables say.
struct HTTPProxy: Sendable {
  let url: HTTPURL

  /// Whether it is reached without TLS and takes `CONNECT`; others speak TLS themselves, or SOCKS.
  var isPlain: Bool { url.scheme == "http" }

  /// - Returns: `nil` when the server is to be reached directly.
  static func forServer(
    _ server: HTTPURL, environment: (String) -> String? = HTTPProxy.variable
  ) throws(HTTPError) -> HTTPProxy? {
    func value(_ name: String) -> String? {
      for spelling in [name, name.uppercased()] {
        if let text = environment(spelling), !text.isEmpty { return text }
      }
      return nil
    }
    guard let text = value("https_proxy") ?? value("all_proxy"), !isLoopback(server.bareHost),
      !isExempt(server.bareHost, value("no_proxy") ?? "")
    else { return nil }
    let schemes = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"]
    return HTTPProxy(url: try HTTPURL(text.contains("://") ? text : "http://" + text, schemes: schemes))
  }

  static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// Whether `host` is this host by its name or address: `localhost`, names below it, 127.0.0.0/8, `::1`.
  static func isLoopback(_ host: String) -> Bool {
    let host = bare(host)
    guard let address = IPAddress(host) else { return host == "localhost" || host.hasSuffix(".localhost") }
    return address.bytes.count == 4 ? address.bytes[0] == 127 : address == IPAddress("::1")
  }

  /// Whether `list` (comma or space between entries) names `host`: by its name, by a domain it is in, by its address, or
  /// by a network such as `10.0.0.0/8`; `*` names all.
  static func isExempt(_ host: String, _ list: String) -> Bool {
    let host = bare(host)
    let address = IPAddress(host)
    return list.split { $0 == "," || $0 == " " }.contains { entry in
      if entry == "*" { return true }
      let name = bare(entry)
      guard let address else { return host == name || host.hasSuffix("." + name) }
      let parts = name.split(separator: "/")
      guard let first = parts.first, let network = IPAddress(String(first)) else { return false }
      if parts.count == 1 { return address == network }
      return Int(parts[1]).map { address.isIn(network, prefix: $0) } ?? false
    }
  }

  /// A name without case, brackets, and dots at its ends.
  private static func bare(_ name: some StringProtocol) -> String {
    var name = name.lowercased()[...]
    if name.hasPrefix("[") { name = name.dropFirst().prefix { $0 != "]" } }
    if name.hasPrefix(".") { name = name.dropFirst() }
    if name.hasSuffix(".") { name = name.dropLast() }
    return String(name)
  }
}
