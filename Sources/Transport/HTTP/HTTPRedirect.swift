/// Where a request may be sent on to, and what goes along.
///
/// Secrets (headers of the options, credentials, tenant, client certificate) go where they were meant for, or to the same
/// host behind TLS where it was plain before. A GET follows any redirect, without them if need be. What another method
/// carries goes on with 307 and 308 only, which keep the method, and to the same host only; without the secrets that it
/// needs it would be refused there, so then it does not go.
struct HTTPRedirect {
  private let home: HTTPURL
  private let hasSecrets: Bool
  private let hasOwnName: Bool

  init(from home: HTTPURL, _ options: HTTPOptions) {
    self.home = home
    hasSecrets = home.userInfo != nil || options.hasSecrets
    hasOwnName = options.tlsServerName != nil
  }

  /// Whether the options' secrets may go to `url`.
  func trusts(_ url: HTTPURL) -> Bool {
    url.canonicalOrigin == home.canonicalOrigin || isSameHost(url) && url.isSecure && !home.isSecure
  }

  /// Whether `response` asks for `method` to be sent elsewhere.
  func isRedirect(_ response: HTTPResponse, of method: HTTPRequest.Method) -> Bool {
    guard !hasOwnName else { return false }
    return (method == .get ? [301, 302, 303, 307, 308] : [307, 308]).contains(response.status)
  }

  /// Whether a request goes on to `url`.
  func follows(_ method: HTTPRequest.Method, to url: HTTPURL) -> Bool {
    if method == .get || trusts(url) { return true }
    return isSameHost(url) && url.isSecure == home.isSecure && !hasSecrets
  }

  private func isSameHost(_ url: HTTPURL) -> Bool { url.host.lowercased() == home.host.lowercased() }
}

extension HTTPOptions {
  /// Whether requests carry what is for one server only.
  var hasSecrets: Bool {
    !headers.fields.isEmpty || bearerTokenFile != nil || basicAuthFile != nil || netrc != nil || tenant != nil
      || tlsCertificate != nil
  }
}
