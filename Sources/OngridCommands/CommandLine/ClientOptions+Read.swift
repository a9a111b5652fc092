import Platform
import Transport

/// The HTTP options of a call, as the clients take them.
extension Arguments {
  /// Headers, credentials, tenant, TLS and time limit. Headers of the environment stand one a line.
  func httpOptions() throws(CommandError) -> HTTPOptions {
    var options = HTTPOptions()
    for text in try self[ClientOptions.header] {
      for line in text.split(separator: "\n") where !line.allSatisfy(\.isWhitespace) {
        do throws(HTTPError) {
          let header = try HTTPHeaders(line: String(line))
          for field in header.fields { try options.headers.add(field.name, field.value) }
        } catch {
          throw .usage("\(isGiven(ClientOptions.header) ? "--header" : "ONGRID_HEADERS"): \(error)")
        }
      }
    }
    options.bearerTokenFile = try self[ClientOptions.bearerTokenFile].map { CredentialFile(path: $0) }
    options.basicAuthFile = try self[ClientOptions.basicAuthFile].map { CredentialFile(path: $0) }
    options.tenant = try self[ClientOptions.tenant]
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
