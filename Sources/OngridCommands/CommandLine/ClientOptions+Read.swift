import Platform
import Transport

/// The HTTP options of a call, as the clients take them.
extension Arguments {
  /// Headers, credentials, tenant, TLS and time limit.
  func httpOptions() throws(CommandError) -> HTTPOptions {
    var options = HTTPOptions()
    try ClientOptions.credentials.apply(to: &options, self)
    options.netrc = try netrcFile()
    options.tlsCA = try readableFile(ClientOptions.tlsCA)
    options.tlsCertificate = try readableFile(ClientOptions.tlsCert)
    if isGiven(ClientOptions.tlsKey), options.tlsCertificate == nil { throw .usage("--tls-key needs --tls-cert") }
    options.tlsKey = try readableFile(ClientOptions.tlsKey)
    options.tlsServerName = try self[ClientOptions.tlsServerName]
    options.tlsInsecureSkipVerify = try self[ClientOptions.tlsInsecureSkipVerify]
    options.timeout = try self[ClientOptions.timeout]
    return options
  }

  /// The path that an option gives, once it is known that the file can be read: otherwise it is the command line that is
  /// wrong, and not a server.
  func readableFile(_ option: Option<String?>) throws(CommandError) -> String? {
    guard let path = try self[option] else { return nil }
    do throws(SystemError) {
      // A pipe can be opened once only, by who reads it.
      if try FileStatus.of(path).isRegular { _ = try FileDescriptor.openForReading(path) }
    } catch { throw .usage("--\(option.name): cannot read \(path): \(error.reason)") }
    return path
  }
}
