import Backends
import Platform

/// The HTTP options of a call, as the clients take them.
extension Arguments {
  /// Headers, credentials, tenant, TLS and time limit. Headers of the environment stand one a line.
  func httpOptions() throws(CommandError) -> Backends.HTTPOptions {
    var options = Backends.HTTPOptions()
    for text in try self[HTTPOptions.header] {
      for line in text.split(separator: "\n") where !line.allSatisfy(\.isWhitespace) {
        do throws(HTTPError) {
          let header = try HTTPHeaders(line: String(line))
          for field in header.fields { try options.headers.add(field.name, field.value) }
        } catch {
          throw .usage("\(isGiven(HTTPOptions.header) ? "--header" : "ONGRID_HEADERS"): \(error)")
        }
      }
    }
    options.bearerTokenFile = try self[HTTPOptions.bearerTokenFile].map { CredentialFile(path: $0) }
    options.basicAuthFile = try self[HTTPOptions.basicAuthFile].map { CredentialFile(path: $0) }
    options.tenant = try self[HTTPOptions.tenant]
    options.tlsCA = try self[HTTPOptions.tlsCA]
    options.tlsCertificate = try self[HTTPOptions.tlsCert]
    options.tlsKey = try self[HTTPOptions.tlsKey]
    if isGiven(HTTPOptions.tlsKey), options.tlsCertificate == nil { throw .usage("--tls-key needs --tls-cert") }
    options.tlsServerName = try self[HTTPOptions.tlsServerName]
    options.tlsInsecureSkipVerify = try self[HTTPOptions.tlsInsecureSkipVerify]
    options.timeout = try self[HTTPOptions.timeout]
    return options
  }
}
