import CCurl

extension HTTPClient {
  /// Header lines as curl takes them. `trusted`: the request goes where the options' secrets belong.
  func headerFields(_ request: HTTPRequest, trusted: Bool) throws(HTTPError) -> [String] {
    var headers = trusted ? try options.headers(for: request) : request.headers
    if trusted, options.tlsServerName != nil, headers["Host"] == nil {
      try headers.add("Host", request.url.port.map { "\(request.url.host):\($0)" } ?? request.url.host)
    }
    // curl asks for "100 Continue" before large bodies and waits a second for servers that do not answer it.
    if headers["Expect"] == nil { headers.addReceived("Expect", "") }
    return headers.fields.map { field in
      // curl takes "Name;" for a header without a value; "Name:" removes one of its own.
      field.value.isEmpty && field.name != "Expect" ? "\(field.name);" : "\(field.name): \(field.value)"
    }
  }

  /// Where to connect when the certificate is for another name than the URL's host: curl then sees a URL with that
  /// name, and this route leads to the real host.
  func connectTo(_ url: HTTPURL, trusted: Bool) -> [String] {
    guard trusted, let name = options.tlsServerName else { return [] }
    return ["\(name)::\(url.host):\(url.port.map { String($0) } ?? "")"]
  }

  /// Sets everything that does not depend on the transfer's state. The handle has just been reset.
  func configure(_ request: HTTPRequest, trusted: Bool) throws(HTTPError) {
    var url = request.url
    switch url.scheme {
    case "grpc": url.scheme = "http"
    case "grpcs": url.scheme = "https"
    default: break
    }
    if trusted, let name = options.tlsServerName { url.host = name }
    set(CURLOPT_URL, url.absolute)
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_FOLLOWLOCATION, 0)
    set(CURLOPT_USERAGENT, options.userAgent)
    // curl bounds the making of the connection only; the loop around it sees to the rest.
    set(CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, connectLimit(request).milliseconds)))
    set(CURLOPT_TCP_KEEPALIVE, 1)
    set(CURLOPT_TCP_NODELAY, 1)
    set(CURLOPT_BUFFERSIZE, 256 << 10)
    set(CURLOPT_UPLOAD_BUFFERSIZE, 256 << 10)
    if request.maximumResponse < Int.max {
      _ = ccurl_set_offset(handle, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(request.maximumResponse))
    }
    if request.acceptsCompression { set(CURLOPT_ACCEPT_ENCODING, "") }
    switch options.version {
    case .automatic: break
    case .http1: set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    case .http2PriorKnowledge:
      set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE))
      // curl 7.87 and 7.88 (Debian 12) fail on the second request of such a connection; 8.0 fixed it.
      if (0x075700..<0x080000).contains(ccurl_version_number()) {
        set(CURLOPT_FRESH_CONNECT, 1)
        set(CURLOPT_FORBID_REUSE, 1)
      }
    }
    setMethod(request)
    if !options.usesProxy || HTTPProxy.isLoopback(request.url.bareHost) { set(CURLOPT_PROXY, "") }
    try setTLS(trusted: trusted)
    if trusted { try setBasicAuth(request.url) }
  }

  /// How long making the connection may take.
  func connectLimit(_ request: HTTPRequest) -> Duration {
    min(options.connectTimeout, request.timeout ?? options.timeout)
  }

  private func setMethod(_ request: HTTPRequest) {
    switch request.method {
    case .get:
      set(CURLOPT_HTTPGET, 1)
    case .delete:
      set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
    case .post, .put:
      set(CURLOPT_POST, 1)
      if request.method == .put { set(CURLOPT_CUSTOMREQUEST, request.method.rawValue) }
      _ = ccurl_set_offset(
        handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.bodyPrefix.count + request.body.count))
    }
  }

  private func setTLS(trusted: Bool) throws(HTTPError) {
    if let authority = options.tlsCA { set(CURLOPT_CAINFO, authority) }
    if options.tlsInsecureSkipVerify {
      set(CURLOPT_SSL_VERIFYPEER, 0)
      set(CURLOPT_SSL_VERIFYHOST, 0)
    }
    set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    guard trusted, let certificate = options.tlsCertificate else { return }
    set(CURLOPT_SSLCERT, certificate)
    set(CURLOPT_SSLKEY, options.tlsKey ?? certificate)
  }

  private func setBasicAuth(_ url: HTTPURL) throws(HTTPError) {
    guard let pair = try options.basicCredentials(for: url), let colon = pair.firstIndex(of: ":") else { return }
    set(CURLOPT_HTTPAUTH, 1)
    set(CURLOPT_USERNAME, String(pair[..<colon]))
    set(CURLOPT_PASSWORD, String(pair[pair.index(after: colon)...]))
  }

  private func set(_ option: CURLoption, _ value: Int) {
    _ = ccurl_set_long(handle, option, value)
  }

  private func set(_ option: CURLoption, _ value: String) {
    _ = ccurl_set_string(handle, option, value)
  }
}
