import Platform
import Transport

/// The HTTP options of a call, as the clients take them.
extension Arguments {
  /// Headers, credentials, tenant, TLS and time limit.
  func httpOptions() throws(CommandError) -> HTTPOptions {
    var options = HTTPOptions()
    try ClientOptions.credentials.apply(to: &options, self)
    options.netrc = try netrcFile()
    options.tlsCA = try self[ClientOptions.tlsCA]
    options.tlsCertificate = try self[ClientOptions.tlsCert]
    options.tlsKey = try self[ClientOptions.tlsKey]
    if isGiven(ClientOptions.tlsKey), options.tlsCertificate == nil { throw .usage("--tls-key needs --tls-cert") }
    options.tlsServerName = try self[ClientOptions.tlsServerName]
    options.tlsInsecureSkipVerify = try self[ClientOptions.tlsInsecureSkipVerify]
    options.timeout = try self[ClientOptions.timeout]
    return options
  }
}
