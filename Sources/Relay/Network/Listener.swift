import TLS

/// A listening socket and what its connections speak.
final class Listener: Sendable {
  let socket: ListeningSocket
  let isAdmin: Bool
  private let tls: TLSServer?

  init(_ socket: consuming ListeningSocket, isAdmin: Bool = false, tls: TLSServer? = nil) {
    self.socket = socket
    self.isAdmin = isAdmin
    self.tls = tls
  }

  /// The transport of a new connection; `nil` when it cannot be served.
  func transport(for descriptor: Int32) -> (any Transport)? {
    guard let tls else { return PlainTransport(descriptor) }
    return tls.accept(descriptor).map { TLSTransport($0, descriptor) }
  }
}
