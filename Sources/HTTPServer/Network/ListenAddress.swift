/// Where to listen: a host and a port, or the path of a Unix socket.
public struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
  /// A name, an IPv4 or an IPv6 address; empty: every address of the host.
  public let host: String
  /// 0 lets the kernel choose.
  public let port: UInt16
  /// The path of a Unix socket, written `unix:PATH`; then `host` and `port` mean nothing.
  public let path: String?

  public init(host: String, port: UInt16) {
    self.host = host
    self.port = port
    path = nil
  }

  /// Reads `HOST:PORT`, `[IPV6]:PORT`, `:PORT` or `unix:PATH`.
  public init(_ text: String) throws(ListenError) {
    if text.hasPrefix("unix:") {
      path = String(text.dropFirst(5))
      host = ""
      port = 0
      if path?.isEmpty ?? true { throw .badAddress(text) }
      return
    }
    path = nil
    guard let colon = text.lastIndex(of: ":"), let number = UInt16(text[text.index(after: colon)...]) else {
      throw .badAddress(text)
    }
    var name = text[..<colon]
    if name.hasPrefix("["), name.hasSuffix("]") {
      name = name.dropFirst().dropLast()
    } else if name.contains(":") {
      throw .badAddress(text)
    }
    host = String(name)
    port = number
  }

  /// Whether only this host can reach it.
  public var isLoopback: Bool {
    path != nil || host == "localhost" || host == "::1" || host.hasPrefix("127.")
  }

  public var description: String {
    if let path { return "unix:\(path)" }
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}
