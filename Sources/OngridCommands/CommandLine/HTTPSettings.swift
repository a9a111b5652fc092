import Backends
import Platform

/// The HTTP options of a call, as the clients take them.
extension Arguments {
  /// Headers, credentials, tenant, TLS and time limit. Headers of the environment stand one a line.
  func httpOptions() throws(CommandError) -> Backends.HTTPOptions {
    var options = Backends.HTTPOptions()
    for text in strings(HTTPOptions.header) {
      for line in text.split(separator: "\n") where !line.allSatisfy(\.isWhitespace) {
        do throws(HTTPError) {
          let header = try HTTPHeaders(line: String(line))
          for field in header.fields { try options.headers.add(field.name, field.value) }
        } catch {
          throw .usage("\(isGiven(HTTPOptions.header) ? "--header" : "ONGRID_HEADERS"): \(error)")
        }
      }
    }
    options.bearerTokenFile = stringIfGiven(HTTPOptions.bearerTokenFile).map { CredentialFile(path: $0) }
    options.basicAuthFile = stringIfGiven(HTTPOptions.basicAuthFile).map { CredentialFile(path: $0) }
    options.tenant = stringIfGiven(HTTPOptions.tenant)
    options.tlsCA = stringIfGiven(HTTPOptions.tlsCA)
    options.tlsCertificate = stringIfGiven(HTTPOptions.tlsCert)
    options.tlsKey = stringIfGiven(HTTPOptions.tlsKey)
    if isGiven(HTTPOptions.tlsKey), options.tlsCertificate == nil { throw .usage("--tls-key needs --tls-cert") }
    options.tlsServerName = stringIfGiven(HTTPOptions.tlsServerName)
    options.tlsInsecureSkipVerify = try flag(HTTPOptions.tlsInsecureSkipVerify)
    if let timeout = try durationIfGiven(HTTPOptions.timeout, in: 1_000_000...Int64.max) {
      options.timeout = .nanoseconds(timeout)
    }
    return options
  }

  /// The URL of a backend; nil when neither option nor environment names one.
  func urlIfGiven(_ option: Option) throws(CommandError) -> HTTPURL? {
    guard let item = sourced(option).last else { return nil }
    do throws(HTTPError) {
      return try HTTPURL(item.text)
    } catch {
      throw .usage("\(item.source): \(error)")
    }
  }

  /// The URL of a backend that is needed.
  func url(_ option: Option) throws(CommandError) -> HTTPURL {
    guard let url = try urlIfGiven(option) else { throw missing(option) }
    return url
  }
}
