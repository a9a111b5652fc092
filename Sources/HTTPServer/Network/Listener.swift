import TLS

/// A listening socket, and whether its connections go through TLS.
public final class Listener: Sendable {
  let socket: ListeningSocket
  private let tls: TLSServer?

  public init(_ socket: consuming ListeningSocket, tls: TLSServer? = nil) {
    self.socket = socket
    self.tls = tls
  }

  /// The channel of a new connection; `nil` when it cannot be served.
  func channel(for descriptor: Int32) -> (any Channel)? {
    guard let tls else { return PlainChannel(descriptor) }
    return tls.accept(descriptor).map { TLSChannel($0, descriptor) }
  }
}
