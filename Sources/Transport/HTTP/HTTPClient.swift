import CCurl

/// Sends requests over libcurl, one at a time, and keeps connections open between them.
///
/// Not thread-safe and not `Sendable`: make one per thread. A curl handle owns its connections, so a client that lives
/// as long as its thread reuses them. Proxies come from the usual environment variables (`https_proxy`, `no_proxy`, …).
public final class HTTPClient {
  public let options: HTTPOptions
  let handle: UnsafeMutableRawPointer
  /// Drives `handle`. curl's blocking call looks at the clock only once a second; this one can be woken.
  private let multi: UnsafeMutableRawPointer
  private let errorText: UnsafeMutablePointer<CChar>

  /// Loads libcurl on first use; fails when it is not there.
  public init(options: HTTPOptions = HTTPOptions()) throws(HTTPError) {
    guard ccurl_load() else { throw .unavailable(String(cString: ccurl_load_error())) }
    guard let handle = ccurl_easy_new() else { throw .unavailable("libcurl has no memory") }
    guard let multi = ccurl_multi_new() else {
      ccurl_easy_free(handle)
      throw .unavailable("libcurl has no memory")
    }
    self.options = options
    self.handle = handle
    self.multi = multi
    errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
  }

  deinit {
    ccurl_easy_free(handle)
    ccurl_multi_free(multi)
    errorText.deallocate()
  }

  /// Sends a request and waits for the whole response, whatever its status.
  ///
  /// With a `handler`, the body of a 2xx response goes there piece by piece instead of into the response; returning
  /// false ends the exchange with `HTTPError.cancelled`. A GET follows redirects; to another origin it goes without
  /// the headers, credentials, tenant and client certificate of the options.
  public func send(
    _ request: HTTPRequest, cancellation: HTTPCancellation? = nil,
    handler: ((UnsafeRawBufferPointer) -> Bool)? = nil
  ) throws(HTTPError) -> HTTPResponse {
    var request = request
    let home = request.url.canonicalOrigin
    for _ in 0...max(0, options.maximumRedirects) {
      let trusted = request.url.canonicalOrigin == home
      let response = try exchange(request, trusted: trusted, cancellation: cancellation, handler: handler)
      guard request.method == .get, options.maximumRedirects > 0, options.tlsServerName == nil,
        [301, 302, 303, 307, 308].contains(response.status),
        let location = ccurl_get_string(handle, CURLINFO_REDIRECT_URL)
      else { return response }
      request.url = try HTTPURL(String(cString: location))
      // Headers of the request itself (Accept and the like) hold no secret of ours only by convention; drop them too.
      if request.url.canonicalOrigin != home { request.headers = [:] }
    }
    throw .tooManyRedirects(origin: request.url.origin)
  }

  private func exchange(
    _ request: HTTPRequest, trusted: Bool, cancellation: HTTPCancellation?, handler: HTTPTransfer.Handler?
  ) throws(HTTPError) -> HTTPResponse {
    let origin = request.url.origin
    if cancellation?.isCancelled == true { throw .cancelled(origin: origin) }
    let transfer = HTTPTransfer(request, handler: handler)
    let fields = try headerFields(request, trusted: trusted)
    let headerList = try CurlList(fields)
    let route = try CurlList(connectTo(request.url, trusted: trusted))

    ccurl_easy_reset(handle)
    try configure(request, trusted: trusted)
    _ = ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
    _ = ccurl_set_list(handle, CURLOPT_HTTPHEADER, headerList.head)
    if route.head != nil { _ = ccurl_set_list(handle, CURLOPT_CONNECT_TO, route.head) }
    let context = Unmanaged.passUnretained(transfer).toOpaque()
    _ = ccurl_set_header(handle, HTTPCallbacks.header, context)
    _ = ccurl_set_write(handle, HTTPCallbacks.body, context)
    _ = ccurl_set_read(handle, HTTPCallbacks.read, HTTPCallbacks.seek, context)
    errorText[0] = 0

    // curl keeps pointers to all three while it runs.
    let code = withExtendedLifetime((transfer, headerList, route)) { run(cancellation) }
    guard let code else { throw .cancelled(origin: origin) }
    if code == CURLE_OK { return transfer.response }
    if transfer.headersAreComplete, !transfer.response.isSuccess, transfer.response.status >= 300,
      transfer.stop == .errorBodyFull || code == CURLE_FILESIZE_EXCEEDED
    {
      return transfer.response
    }
    throw error(for: code, transfer: transfer, request: request)
  }

  /// Drives the transfer to its end; nil when it was cancelled.
  private func run(_ cancellation: HTTPCancellation?) -> CURLcode? {
    guard ccurl_multi_add(multi, handle) == CURLM_OK else { return CURLE_FAILED_INIT }
    defer { _ = ccurl_multi_remove(multi, handle) }
    cancellation?.enter(multi)
    defer { cancellation?.leave(multi) }
    while true {
      if cancellation?.isCancelled == true { return nil }
      var running: Int32 = 0
      guard ccurl_multi_perform(multi, &running) == CURLM_OK else { return CURLE_FAILED_INIT }
      var code = CURLE_OK
      if ccurl_multi_done(multi, &code) != nil { return code }
      guard ccurl_multi_poll(multi, 1000) == CURLM_OK else { return CURLE_FAILED_INIT }
    }
  }

  private func error(for code: CURLcode, transfer: HTTPTransfer, request: HTTPRequest) -> HTTPError {
    let origin = request.url.origin
    switch transfer.stop {
    case .bodyTooLarge: return .tooLarge(origin: origin, limit: request.maximumResponse)
    case .headersTooLarge: return .interrupted(origin: origin, reason: "the response headers are too large")
    case .handler: return .cancelled(origin: origin)
    case .errorBodyFull, nil: break
    }
    let detail = String(cString: errorText)
    return HTTPFailure(
      code: code, detail: detail, systemError: Int32(truncatingIfNeeded: ccurl_get_long(handle, CURLINFO_OS_ERRNO))
    ).error(origin: origin, timeout: request.timeout ?? options.timeout, limit: request.maximumResponse)
  }
}

/// A list of strings as curl takes them.
private final class CurlList {
  private(set) var head: UnsafeMutablePointer<curl_slist>?

  init(_ lines: [String]) throws(HTTPError) {
    for line in lines {
      guard let longer = ccurl_list_append(head, line) else { throw .unavailable("libcurl has no memory") }
      head = longer
    }
  }

  deinit { ccurl_list_free(head) }
}
