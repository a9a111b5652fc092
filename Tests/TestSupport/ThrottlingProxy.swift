import Foundation
import Platform

/// A TCP proxy on a loopback port that hands on what it gets at a rate that a test may change: a slow uplink. It reads no
/// faster than it writes, and all connections share the rate.
public final class ThrottlingProxy: @unchecked Sendable {
  public let port: Int
  public var url: String { "http://127.0.0.1:\(port)" }
  private let target: UInt16
  private let listener: Int32
  private let state: Monitor<(rate: Double, free: Int64)>

  /// - Parameter bytesPerSecond: towards `target`; answers are not slowed down.
  public init(to target: Int, bytesPerSecond: Double) throws {
    self.target = UInt16(target)
    state = Monitor((bytesPerSecond, 0))
    let (socket, port) = try Sockets.listen()
    listener = socket
    self.port = Int(port)
    Thread.detachNewThread { [self] in
      while true {
        let client = accept(listener, nil, nil)
        if client < 0 { return }
        // What the kernel holds is what a sender believes to have sent.
        var size: Int32 = 32 << 10
        setsockopt(client, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        Thread.detachNewThread { [self] in serve(client) }
      }
    }
  }

  public func set(bytesPerSecond: Double) { state.withLock { $0.rate = bytesPerSecond } }

  private func serve(_ client: Int32) {
    defer { close(client) }
    guard let server = Sockets.connect(target) else { return }
    let ended = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      ThrottlingProxy.pump(server, client) { _ in }
      ended.signal()
    }
    ThrottlingProxy.pump(client, server) { [self] count in
      let due = state.withLock { state in
        state.free = max(state.free, monotonicNanoseconds()) + Int64(Double(count) / state.rate * 1e9)
        return state.free
      }
      let wait = (due - monotonicNanoseconds()) / 1_000_000
      if wait > 0 { poll(nil, 0, Int32(min(wait, 1000))) }
    }
    ended.wait()
    close(server)
  }

  private static func pump(_ source: Int32, _ target: Int32, _ before: (Int) -> Void) {
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(source, &chunk, chunk.count, 0)
      if count <= 0 { break }
      before(count)
      if !StubServer.sendAll(target, Array(chunk[..<count])) { break }
    }
    shutdown(target, Int32(SHUT_WR))
    shutdown(source, Int32(SHUT_RD))
  }
}
