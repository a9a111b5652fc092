import Backends

extension Arguments {
  /// What the HTTP options say, for every client of the command.
  func clientOptions() throws(CommandError) -> Backends.HTTPOptions {
    var options = Backends.HTTPOptions()
    for item in sourced(HTTPOptions.header) {
      // The environment variable holds one header a line.
      for line in item.text.split(whereSeparator: \.isNewline) {
        do throws(HTTPError) {
          for field in try HTTPHeaders(line: String(line)).fields { try options.headers.add(field.name, field.value) }
        } catch {
          throw .usage("\(item.source): \(error)")
        }
      }
    }
    options.bearerTokenFile = stringIfGiven(HTTPOptions.bearerTokenFile).map { CredentialFile(path: $0) }
    options.basicAuthFile = stringIfGiven(HTTPOptions.basicAuthFile).map { CredentialFile(path: $0) }
    options.tenant = stringIfGiven(HTTPOptions.tenant)
    options.tlsCA = stringIfGiven(HTTPOptions.tlsCA)
    options.tlsCertificate = stringIfGiven(HTTPOptions.tlsCert)
    options.tlsKey = stringIfGiven(HTTPOptions.tlsKey)
    options.tlsServerName = stringIfGiven(HTTPOptions.tlsServerName)
    options.tlsInsecureSkipVerify = try flag(HTTPOptions.tlsInsecureSkipVerify)
    options.timeout = .nanoseconds(try duration(HTTPOptions.timeout))
    return options
  }
}
