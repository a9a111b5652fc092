import TLS

extension HTTPOptions {
  /// The options that are about TLS, as our own client takes them.
  var tlsSettings: TLSClient.Settings {
    TLSClient.Settings(
      authorities: tlsCA, certificate: tlsCertificate, key: tlsKey, verifiesServer: !tlsInsecureSkipVerify)
  }
}
