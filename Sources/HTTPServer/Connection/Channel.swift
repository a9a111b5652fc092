import Libc
import Platform

/// What became of reading from or writing to a connection without blocking.
enum IOResult {
  case bytes(Int)
  /// Nothing now; try when the socket can be read again or, where `forWriting`, written.
  case wouldBlock(forWriting: Bool)
  case closed
}

/// The bytes of a connection as its protocol sees them: the socket's own, or what TLS makes of them.
protocol Channel: AnyObject {
  func read(into buffer: UnsafeMutableRawBufferPointer) -> IOResult
  func write(_ bytes: UnsafeRawBufferPointer) -> IOResult
  /// Whether bytes can be read that the socket does not show any more.
  var hasBuffered: Bool { get }
  /// Ends the sending direction in an orderly way.
  func finishSending()
}

/// A socket without TLS.
final class PlainChannel: Channel {
  private let descriptor: Int32

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  var hasBuffered: Bool { false }

  func read(into buffer: UnsafeMutableRawBufferPointer) -> IOResult {
    let n = recv(descriptor, buffer.baseAddress, buffer.count, 0)
    if n > 0 { return .bytes(n) }
    if n < 0, errno == EAGAIN || errno == EINTR { return .wouldBlock(forWriting: false) }
    return .closed
  }

  func write(_ bytes: UnsafeRawBufferPointer) -> IOResult {
    #if canImport(Glibc)
      let flags = Int32(MSG_NOSIGNAL)
    #else
      let flags: Int32 = 0
    #endif
    let n = send(descriptor, bytes.baseAddress, bytes.count, flags)
    if n >= 0 { return .bytes(n) }
    if errno == EAGAIN || errno == EINTR { return .wouldBlock(forWriting: true) }
    return .closed
  }

  func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }
}
