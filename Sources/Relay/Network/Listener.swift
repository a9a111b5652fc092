/// A listening socket and what its connections speak.
///
/// `@unchecked Sendable`: constants only; the TLS context is safe for use from several threads (OpenSSL's `SSL_CTX` is
/// reference counted with atomics and read-only once set up).
final class Listener: @unchecked Sendable {
  let socket: ListeningSocket
  let isAdmin: Bool

  init(_ socket: consuming ListeningSocket, isAdmin: Bool = false) {
    self.socket = socket
    self.isAdmin = isAdmin
  }

  /// The transport of a new connection; `nil` when it cannot be served.
  func transport(for descriptor: Int32) -> (any Transport)? { PlainTransport(descriptor) }
}
