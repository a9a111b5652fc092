import Platform

extension HTTPOptions {
  /// What every request to `url` carries, with credentials as they are now, for a program that sends in our place.
  public func constantHeaders(for url: HTTPURL) throws(HTTPError) -> HTTPHeaders {
    var headers = try headers(for: HTTPRequest(url: url))
    if headers["Authorization"] == nil, let pair = try basicCredentials(for: url) {
      headers["Authorization"] = "Basic " + Array(pair.utf8).withByteView { Base64.encode($0) }
    }
    return headers
  }

  /// The request's headers with what all requests to this server carry: the options' own, the tenant, the bearer token.
  /// What the request itself sets wins over `headers`. Not for another origin.
  func headers(for request: HTTPRequest) throws(HTTPError) -> HTTPHeaders {
    var headers = request.headers
    for field in self.headers.fields where request.headers[field.name] == nil {
      try headers.add(field.name, field.value)
    }
    if let tenant {
      headers["X-Scope-OrgID"] = nil
      try headers.add("X-Scope-OrgID", tenant)
    }
    if let bearerTokenFile {
      headers["Authorization"] = nil
      try headers.add("Authorization", "Bearer " + bearerTokenFile.read())
    }
    return headers
  }

  /// `user:password` from the options' file, else from the URL, else from netrc; `nil` when none has one.
  func basicCredentials(for url: HTTPURL) throws(HTTPError) -> String? {
    var found = try basicAuthFile?.read() ?? url.userInfo
    if found == nil { found = try netrcCredentials(for: url) }
    guard let pair = found else { return nil }
    guard pair.contains(":") else {
      throw .credentials("\(basicAuthFile?.path ?? "the URL") does not hold user:password")
    }
    return pair
  }

  private func netrcCredentials(for url: HTTPURL) throws(HTTPError) -> String? {
    guard bearerTokenFile == nil, headers["Authorization"] == nil else { return nil }
    return try netrc?.credentials(for: url.bareHost)
  }
}
