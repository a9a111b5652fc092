import Foundation

/// A way to a server on a loopback port that carries a number of bytes a second, as a thin uplink does: what is on its way
/// waits in the sender's kernel. What comes back is not held up.
public final class SlowLink: @unchecked Sendable {
  public let port: Int

  /// - Parameters:
  ///   - target: the port of the server.
  ///   - rate: bytes a second towards it.
  public init(to target: Int, rate: Int) throws {
    let (listener, port) = try Sockets.listen()
    self.port = Int(port)
    var room: Int32 = 16 << 10
    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &room, socklen_t(MemoryLayout<Int32>.size))
    Thread.detachNewThread {
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0, let server = Sockets.connect(UInt16(target)) else { return }
        let hasEnded = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
          SlowLink.carry(client, to: server, count: max(rate / 50, 1), pause: 20)
          hasEnded.signal()
        }
        Thread.detachNewThread {
          SlowLink.carry(server, to: client, count: 64 << 10, pause: 0)
          shutdown(client, Int32(SHUT_RDWR))
          hasEnded.wait()
          close(client)
          close(server)
        }
      }
    }
  }

  private static func carry(_ source: Int32, to target: Int32, count: Int, pause: Int32) {
    var chunk = [UInt8](repeating: 0, count: count)
    while true {
      let got = recv(source, &chunk, count, 0)
      guard got > 0, StubServer.sendAll(target, Array(chunk[..<got])) else { break }
      if pause > 0 { poll(nil, 0, pause) }
    }
    shutdown(target, Int32(SHUT_WR))
  }
}
