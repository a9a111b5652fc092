import Libc
import Platform
import TLS

/// A blocking connection, plain or with TLS.
final class Wire {
  private let descriptor: Int32
  private let tls: TLSConnection?

  /// Connects, with TLS when `authorities` (a PEM file) is not empty.
  init(port: Int, authorities: String = "") throws(BenchError) {
    descriptor = try Sockets.connect(port)
    guard !authorities.isEmpty else {
      tls = nil
      return
    }
    do throws(TLSError) {
      tls = try TLSClient.with(TLSClient.Settings(authorities: authorities))
        .connect(descriptor, name: "localhost", server: "\(port)")
    } catch {
      throw BenchError(error.description)
    }
    try begin()
  }

  /// Takes over a connection of a client, whose first byte tells whether it speaks TLS.
  init(accepted descriptor: Int32, _ server: TLSServer?) throws(BenchError) {
    self.descriptor = descriptor
    var first: UInt8 = 0
    // 22 begins a handshake, and neither HTTP/1.1 nor HTTP/2.
    let isTLS = recv(descriptor, &first, 1, Int32(MSG_PEEK)) == 1 && first == 22
    tls = isTLS ? server?.accept(descriptor) : nil
    if tls != nil { try begin() }
  }

  deinit { close(descriptor) }

  private func begin() throws(BenchError) {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    while let outcome = tls?.handshake() {
      guard wait(outcome) else { throw BenchError("no TLS handshake: \(outcome)") }
    }
  }

  /// Waits for what TLS wants; `false` when it wants nothing any more.
  private func wait(_ outcome: TLSConnection.Outcome) -> Bool {
    guard outcome == .wantsRead || outcome == .wantsWrite else { return false }
    var entry = pollfd(fd: descriptor, events: Int16(outcome == .wantsRead ? POLLIN : POLLOUT), revents: 0)
    poll(&entry, 1, -1)
    return true
  }

  /// Some bytes; 0 or less at the end.
  func receive(_ buffer: inout [UInt8]) -> Int {
    guard let tls else { return recv(descriptor, &buffer, buffer.count, 0) }
    while true {
      let outcome = buffer.withUnsafeMutableBytes { tls.read(into: $0) }
      if case .bytes(let count) = outcome { return count }
      if !wait(outcome) { return 0 }
    }
  }

  /// Sends all of `bytes`; `false` when the peer has gone.
  func sendAll(_ bytes: ByteView) -> Bool {
    guard let tls else { return Sockets.sendAll(descriptor, bytes) }
    var rest = bytes
    while !rest.isEmpty {
      let outcome = tls.write(rest.buffer)
      if case .bytes(let count) = outcome {
        rest = rest.dropFirst(count)
      } else if !wait(outcome) {
        return false
      }
    }
    return true
  }
}
