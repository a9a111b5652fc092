import TLS

extension HTTPOptions {
  /// The options that are about TLS, as our own client takes them.
  var tlsSettings: TLSClient.Settings {
    TLSClient.Settings(
      authorities: tlsCA, certificate: tlsCertificate, key: tlsKey, verifiesServer: !tlsInsecureSkipVerify)
  }

  /// Fails when a file that requests to `url` need cannot be used, which is better known before anything depends on it.
  func check(for url: HTTPURL) throws(HTTPError) {
    _ = try bearerTokenFile?.read()
    _ = try basicCredentials(for: url)
    guard url.isSecure, tlsCA != nil || tlsCertificate != nil else { return }
    do throws(TLSError) { _ = try TLSClient.with(tlsSettings) } catch {
      // libcurl may come with another library than OpenSSL, which then has the last word.
      if case .file(let reason) = error { throw .credentials(reason) }
    }
  }
}
