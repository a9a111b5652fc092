import Foundation

#if canImport(Glibc)
  import Glibc

  private let noSignal = Int32(MSG_NOSIGNAL)
  private func closeSocket(_ socket: Int32) { _ = Glibc.close(socket) }
  private func listenOn(_ socket: Int32) { _ = Glibc.listen(socket, 64) }
#else
  import Darwin

  private let noSignal: Int32 = 0
  private func closeSocket(_ socket: Int32) { _ = Darwin.close(socket) }
  private func listenOn(_ socket: Int32) { _ = Darwin.listen(socket, 64) }
#endif

/// An HTTP/1.1 server on a loopback port of the system's choice, which answers as a test says and can misbehave.
///
/// A thread serves each connection, so that slow answers do not hold up others. It runs until `stop()` or the end of the
/// test run.
public final class StubServer: @unchecked Sendable {
  /// What a client sent.
  public struct Request: Sendable {
    public var method: String
    /// Path and query as sent.
    public var target: String
    /// Names in lower case.
    public var headers: [String: String]
    public var body: [UInt8]

    public var path: String { String(target.prefix { $0 != "?" }) }

    /// Decoded query parameters; the last of a name wins.
    public var query: [String: String] {
      let items = URLComponents(string: "http://x" + target)?.queryItems ?? []
      return Dictionary(items.map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { $1 })
    }
  }

  public indirect enum Answer: Sendable {
    case respond(status: Int, headers: [String: String] = [:], body: [UInt8] = [])
    /// Waits, then answers.
    case after(seconds: Double, Answer)
    /// Announces the whole body, sends the first bytes of it and closes.
    case cutOff(after: Int, body: [UInt8])
    /// Sends the header fields, then nothing until the client leaves.
    case silence
    /// Sends a 200 with this many bytes of body, as fast as they are taken.
    case endless(bytes: Int)
    /// Closes without an answer.
    case close
    /// Breaks the connection with a TCP reset.
    case reset
    /// Any bytes.
    case raw([UInt8])

    public static func ok(_ body: String, type: String = "application/json") -> Answer {
      .respond(status: 200, headers: ["Content-Type": type], body: Array(body.utf8))
    }

    public static func text(_ status: Int, _ body: String) -> Answer {
      .respond(status: status, headers: ["Content-Type": "text/plain; charset=utf-8"], body: Array(body.utf8))
    }
  }

  public let port: Int
  public var url: String { "http://127.0.0.1:\(port)" }

  private let listener: Int32
  private let handler: @Sendable (Request) -> Answer
  private let lock = NSLock()
  private var received: [Request] = []
  private var connections: Set<Int32> = []
  private var accepted = 0
  private var isStopped = false

  public init(_ handler: @escaping @Sendable (Request) -> Answer) throws {
    self.handler = handler
    let (socket, port) = try Sockets.listen()
    listener = socket
    self.port = Int(port)
    Thread.detachNewThread { [self, listener] in
      while true {
        let connection = accept(listener, nil, nil)
        if connection < 0 { return }
        guard register(connection) else {
          closeSocket(connection)
          return
        }
        Thread.detachNewThread { [self] in
          serve(connection)
          unregister(connection)
          closeSocket(connection)
        }
      }
    }
  }

  /// A port on which nothing listens.
  public static func closedPort() throws -> Int { try Int(Sockets.freePort()) }

  /// Everything received so far, in order of arrival.
  public var requests: [Request] { lock.withLock { received } }

  /// How many connections clients opened.
  public var connectionCount: Int { lock.withLock { accepted } }

  public func stop() {
    lock.withLock {
      guard !isStopped else { return }
      isStopped = true
      shutdown(listener, Int32(SHUT_RDWR))
      closeSocket(listener)
      for connection in connections { shutdown(connection, Int32(SHUT_RDWR)) }
    }
  }

  private func register(_ connection: Int32) -> Bool {
    lock.withLock {
      accepted += 1
      if !isStopped { connections.insert(connection) }
      return !isStopped
    }
  }

  private func unregister(_ connection: Int32) {
    lock.withLock { _ = connections.remove(connection) }
  }

  private func serve(_ connection: Int32) {
    var stream = SocketReader(connection)
    while let request = StubServer.read(&stream) {
      lock.withLock { received.append(request) }
      guard perform(handler(request), connection) else { return }
    }
  }

  /// Whether the connection can go on.
  private func perform(_ answer: Answer, _ connection: Int32) -> Bool {
    switch answer {
    case .respond(let status, let headers, let body):
      return write(connection, StubServer.head(status, headers, length: body.count) + body)
    case .after(let seconds, let next):
      // Events asked for: none; poll reports by itself that the client is gone, who then need not be waited for.
      var client = pollfd(fd: connection, events: 0, revents: 0)
      guard poll(&client, 1, Int32(seconds * 1000)) == 0 else { return false }
      return perform(next, connection)
    case .cutOff(let count, let body):
      _ = write(connection, StubServer.head(200, ["Content-Type": "application/json"], length: body.count))
      _ = write(connection, Array(body.prefix(count)))
      return false
    case .silence:
      _ = write(connection, StubServer.head(200, ["Content-Type": "application/json"], length: 1000))
      var byte: UInt8 = 0
      return recv(connection, &byte, 1, 0) > 0 && false
    case .endless(let bytes):
      var left = bytes
      let chunk = [UInt8](repeating: UInt8(ascii: "["), count: 64 << 10)
      guard write(connection, StubServer.head(200, ["Content-Type": "application/json"], length: nil)) else {
        return false
      }
      while left > 0 {
        guard write(connection, Array(chunk.prefix(left))) else { return false }
        left -= chunk.count
      }
      return false
    case .close:
      return false
    case .reset:
      var linger = linger(l_onoff: 1, l_linger: 0)
      setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
      return false
    case .raw(let bytes):
      return write(connection, bytes)
    }
  }

  private static func head(_ status: Int, _ headers: [String: String], length: Int?) -> [UInt8] {
    var lines = ["HTTP/1.1 \(status) Stub"] + headers.map { "\($0.key): \($0.value)" }
    lines.append(length.map { "Content-Length: \($0)" } ?? "Connection: close")
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
  }

  private func write(_ connection: Int32, _ bytes: [UInt8]) -> Bool {
    StubServer.sendAll(connection, bytes)
  }

  static func sendAll(_ connection: Int32, _ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        send(connection, $0.baseAddress.map { $0 + sent }, bytes.count - sent, noSignal)
      }
      if count <= 0 { return false }
      sent += count
    }
    return true
  }

  private static func read(_ stream: inout SocketReader) -> Request? {
    guard let first = stream.line() else { return nil }
    let words = first.split(separator: " ").map(String.init)
    guard words.count >= 2 else { return nil }
    var headers: [String: String] = [:]
    while let line = stream.line(), !line.isEmpty {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    var body: [UInt8] = []
    if headers["transfer-encoding"]?.lowercased() == "chunked" {
      while let size = stream.line().flatMap({ Int($0, radix: 16) }), size > 0 {
        guard let chunk = stream.bytes(size) else { return nil }
        body += chunk
        _ = stream.line()
      }
      _ = stream.line()
    } else if let length = headers["content-length"].flatMap({ Int($0) }) {
      guard let bytes = stream.bytes(length) else { return nil }
      body = bytes
    }
    return Request(method: words[0], target: words[1], headers: headers, body: body)
  }
}

/// Reads lines and byte runs from a socket.
struct SocketReader {
  private let socket: Int32
  private var buffer: [UInt8] = []

  init(_ socket: Int32) { self.socket = socket }

  mutating func bytes(_ count: Int) -> [UInt8]? {
    while buffer.count < count { guard fill() else { return nil } }
    let result = Array(buffer.prefix(count))
    buffer.removeFirst(count)
    return result
  }

  mutating func line() -> String? {
    while true {
      if let end = buffer.firstIndex(of: 10) {
        var line = Array(buffer[..<end])
        buffer.removeFirst(end + 1)
        if line.last == 13 { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
      }
      guard fill() else { return nil }
    }
  }

  private mutating func fill() -> Bool {
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    let count = recv(socket, &chunk, chunk.count, 0)
    guard count > 0 else { return false }
    buffer += chunk[..<count]
    return true
  }
}
