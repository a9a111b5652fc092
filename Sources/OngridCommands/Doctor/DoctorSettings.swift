import Platform
import Transport

/// What the options of `ongrid doctor` say.
struct DoctorSettings {
  /// A server and who we are to it.
  struct Server {
    let url: HTTPURL
    let http: HTTPOptions
  }

  let relay: Server
  let relayAdmin: Server
  let tempo: Server?
  let prometheus: Server?
  let loki: Server?
  /// Whether a relay has to be there: it was named, or something behind it was.
  let expectsRelay: Bool
  /// Whether the relay's own pages have to be there: they were named.
  let expectsPages: Bool
  let sends: Bool
  let wait: Duration

  init(_ arguments: Arguments) throws(CommandError) {
    typealias Options = DoctorCommand
    let relay = try arguments[Options.relay]
    var asked = [SourceCredentials.Source(options: Options.relayCredentials, url: relay)]
    let others: [(CredentialOptions, HTTPURL?)] = [
      (SourceCredentials.tempo, try arguments[BackendOptions.tempo]),
      (SourceCredentials.prometheus, try arguments[BackendOptions.prometheus]),
      (SourceCredentials.loki, try arguments[BackendOptions.loki]),
    ]
    for (options, url) in others {
      if let url { asked.append(SourceCredentials.Source(options: options, url: url)) }
    }
    var http = try SourceCredentials.httpOptions(of: asked, arguments)[...]
    for index in http.indices { http[index].timeout = try arguments[Options.timeout] }
    self.relay = Server(url: relay, http: http.removeFirst())
    var servers: [Server?] = []
    for (_, url) in others { servers.append(url.map { Server(url: $0, http: http.removeFirst()) }) }
    (tempo, prometheus, loki) = (servers[0], servers[1], servers[2])
    // Its own pages are for this machine and ask for no credentials.
    var plain = HTTPOptions()
    plain.timeout = try arguments[Options.timeout]
    relayAdmin = Server(url: try arguments[Options.relayAdmin], http: plain)
    let isNamed = arguments.isGiven(Options.relay) || arguments.environment("ONGRID_RELAY_URL")?.isEmpty == false
    expectsPages =
      arguments.isGiven(Options.relayAdmin) || arguments.environment("ONGRID_RELAY_ADMIN_URL")?.isEmpty == false
    sends = try arguments[Options.send]
    expectsRelay = isNamed || (sends && (tempo != nil || prometheus != nil))
    wait = try arguments[Options.wait]
  }
}
