import Foundation

/// An HTTP proxy on a loopback port that takes `CONNECT` and nothing else.
public final class ConnectProxy: @unchecked Sendable {
  public let port: Int
  private let credentials: String?
  private let listener: Int32
  private let lock = NSLock()
  private var seen: [String] = []

  /// - Parameter credentials: `user:password` to demand.
  public init(credentials: String? = nil) throws {
    self.credentials = credentials
    let (socket, port) = try Sockets.listen()
    listener = socket
    self.port = Int(port)
    Thread.detachNewThread { [self] in
      while true {
        let client = accept(listener, nil, nil)
        if client < 0 { return }
        Thread.detachNewThread { [self] in
          serve(client)
          close(client)
        }
      }
    }
  }

  /// The request lines that came.
  public var requests: [String] { lock.withLock { seen } }

  private func serve(_ client: Int32) {
    var reader = SocketReader(client)
    guard let line = reader.line() else { return }
    lock.withLock { seen.append(line) }
    var authorization: String?
    while let field = reader.line(), !field.isEmpty {
      if field.lowercased().hasPrefix("proxy-authorization: basic ") { authorization = String(field.dropFirst(27)) }
    }
    if let credentials, authorization != Data(credentials.utf8).base64EncodedString() {
      _ = StubServer.sendAll(client, Array("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n".utf8))
      return
    }
    let words = line.split(separator: " ")
    guard words.first == "CONNECT", let port = words[1].split(separator: ":").last.flatMap({ UInt16($0) }),
      let server = Sockets.connect(port)
    else {
      _ = StubServer.sendAll(client, Array("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n".utf8))
      return
    }
    _ = StubServer.sendAll(client, Array("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n".utf8))
    let ended = DispatchSemaphore(value: 0)
    for (source, target) in [(client, server), (server, client)] {
      Thread.detachNewThread {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
          let count = recv(source, &chunk, chunk.count, 0)
          if count <= 0 || !StubServer.sendAll(target, Array(chunk[..<count])) { break }
        }
        shutdown(target, Int32(SHUT_WR))
        ended.signal()
      }
    }
    ended.wait()
    ended.wait()
    close(server)
  }
}
