import HTTPServer

/// The listening sockets of a relay: those that a service manager has opened, or its own.
struct RelayListeners {
  private(set) var telemetry: [Listener] = []
  private(set) var admin: [Listener] = []

  init(_ configuration: RelayConfiguration) throws(ListenError) {
    let tls = try configuration.listenTLS?.open()
    for socket in configuration.inheritedSockets {
      let adopted = try ListeningSocket(adopting: socket.descriptor, name: socket.name)
      if socket.name == "admin" {
        admin.append(Listener(adopted))
      } else {
        telemetry.append(Listener(adopted, tls: tls))
      }
    }
    if telemetry.isEmpty {
      for address in [configuration.listenGRPC, configuration.listenHTTP] {
        if let address { telemetry += try Listener.listeners(on: address, tls: tls) }
      }
    }
    if admin.isEmpty, let address = configuration.listenAdmin {
      admin = try Listener.listeners(on: address)
    }
  }
}
