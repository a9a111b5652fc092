import Foundation
import TLS

/// Ends TLS before a server on a loopback port that knows nothing of it.
public final class TLSFront: @unchecked Sendable {
  public let port: Int
  private let listener: Int32
  private let target: UInt16
  private let server: TLSServer
  private let lock = NSLock()
  private var accepted = 0
  private var resumed = 0
  private var sockets: Set<Int32> = []

  /// - Parameters:
  ///   - target: the port of the server.
  ///   - certificate: the name of one of the `certificates`.
  ///   - demandsClient: whether clients must show a certificate.
  public init(
    to target: Int, _ certificates: Certificates, certificate: String = "server", demandsClient: Bool = false
  ) throws {
    self.target = UInt16(target)
    server = try TLSServer(
      certificate: certificates.certificate(certificate), key: certificates.key(certificate),
      clientCA: demandsClient ? certificates.authority : nil)
    let (socket, port) = try Sockets.listen()
    listener = socket
    self.port = Int(port)
    Thread.detachNewThread { [self] in
      while true {
        let client = accept(listener, nil, nil)
        if client < 0 { return }
        Thread.detachNewThread { [self] in serve(client) }
      }
    }
  }

  /// How many connections there were, and how many of them went on with an earlier one's session.
  public var connections: (all: Int, resumed: Int) { lock.withLock { (accepted, resumed) } }

  /// Breaks all connections, the next ones are served again.
  public func disconnect() {
    lock.withLock { for socket in sockets { shutdown(socket, Int32(SHUT_RDWR)) } }
  }

  private func serve(_ client: Int32) {
    defer { close(client) }
    guard let upstream = Sockets.connect(target) else { return }
    defer { close(upstream) }
    for socket in [client, upstream] { _ = fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK) }
    guard let connection = server.accept(client) else { return }
    while let step = connection.handshake() {
      guard step == .wantsRead || step == .wantsWrite else { return }
      var entry = pollfd(fd: client, events: Int16(step == .wantsRead ? POLLIN : POLLOUT), revents: 0)
      poll(&entry, 1, -1)
    }
    lock.withLock {
      accepted += 1
      if connection.isResumed { resumed += 1 }
      sockets.insert(client)
    }
    pump(client, connection, upstream)
    lock.withLock { _ = sockets.remove(client) }
  }

  private func pump(_ client: Int32, _ connection: TLSConnection, _ upstream: Int32) {
    var toClient: [UInt8] = []
    var toServer: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      var entries = [
        pollfd(fd: client, events: Int16(POLLIN | (toClient.isEmpty ? 0 : POLLOUT)), revents: 0),
        pollfd(fd: upstream, events: Int16(POLLIN | (toServer.isEmpty ? 0 : POLLOUT)), revents: 0),
      ]
      poll(&entries, 2, connection.hasInput ? 0 : -1)
      switch room.withUnsafeMutableBytes({ connection.read(into: $0) }) {
      case .bytes(let count): toServer += room[..<count]
      case .wantsRead, .wantsWrite: break
      case .closed, .failed: return
      }
      let received = recv(upstream, &room, room.count, 0)
      if received > 0 { toClient += room[..<received] }
      if received == 0 || (received < 0 && errno != EAGAIN) {
        if toClient.isEmpty {
          connection.finishSending()
          return
        }
      }
      if !toServer.isEmpty {
        let sent = send(upstream, toServer, toServer.count, Int32(MSG_NOSIGNAL))
        if sent > 0 { toServer.removeFirst(sent) } else if errno != EAGAIN { return }
      }
      if !toClient.isEmpty {
        switch toClient.withUnsafeBytes({ connection.write($0) }) {
        case .bytes(let count): toClient.removeFirst(count)
        case .wantsRead, .wantsWrite: break
        case .closed, .failed: return
        }
      }
    }
  }
}
