import Libc
import Platform
import TLS

/// A listening socket, and whether its connections go through TLS.
public final class Listener: Sendable {
  let socket: ListeningSocket
  private let tls: TLSServer?

  public init(_ socket: consuming ListeningSocket, tls: TLSServer? = nil) {
    self.socket = socket
    self.tls = tls
  }

  /// Listens on an address: on both families where it is `localhost` or every address of the host, each with the same port. A
  /// family that this host does not have is left out.
  public static func listeners(on address: ListenAddress, tls: TLSServer? = nil) throws(ListenError) -> [Listener] {
    let hosts: [String]
    switch address.host {
    case "localhost" where address.path == nil: hosts = ["127.0.0.1", "::1"]
    case "" where address.path == nil: hosts = ["0.0.0.0", "::"]
    default: return [Listener(try ListeningSocket(address), tls: tls)]
    }
    var attempts = 0
    while true {
      attempts += 1
      do throws(ListenError) { return try listeners(on: hosts, port: address.port, tls) } catch {
        // The port that the system chose for one family may be taken in the other.
        guard address.port == 0, attempts < 16, error.code == EADDRINUSE else { throw error }
      }
    }
  }

  private static func listeners(
    on hosts: [String], port: UInt16, _ tls: TLSServer?
  ) throws(ListenError) -> [Listener] {
    var listeners: [Listener] = []
    var absent: ListenError?
    for host in hosts {
      let port = listeners.first?.socket.address.port ?? port
      do throws(ListenError) {
        let socket = try ListeningSocket(ListenAddress(host: host, port: port), isOneFamily: true)
        listeners.append(Listener(socket, tls: tls))
      } catch {
        guard [EAFNOSUPPORT, EADDRNOTAVAIL, EPROTONOSUPPORT].contains(error.code) else { throw error }
        absent = error
      }
    }
    if listeners.isEmpty, let absent { throw absent }
    return listeners
  }

  /// The channel of a new connection; `nil` when it cannot be served.
  func channel(for descriptor: Int32) -> (any Channel)? {
    guard let tls else { return PlainChannel(descriptor) }
    return tls.accept(descriptor).map { TLSChannel($0, descriptor) }
  }
}
