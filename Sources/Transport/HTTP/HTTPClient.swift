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
  private let sockets = HTTPSockets()

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
  /// false ends the exchange with `HTTPError.cancelled`. Redirects are followed as `HTTPRedirect` says; one that is not is
  /// the response.
  public func send(
    _ request: HTTPRequest, cancellation: HTTPCancellation? = nil,
    handler: ((UnsafeRawBufferPointer) -> Bool)? = nil
  ) throws(HTTPError) -> HTTPResponse {
    var request = request
    let rule = HTTPRedirect(from: request.url, options)
    for _ in 0...max(0, options.maximumRedirects) {
      let trusted = rule.trusts(request.url)
      let response = try exchange(request, trusted: trusted, cancellation: cancellation, handler: handler)
      guard options.maximumRedirects > 0, rule.isRedirect(response, of: request.method),
        let location = ccurl_get_string(handle, CURLINFO_REDIRECT_URL)
      else { return response }
      let target = try HTTPURL(String(cString: location))
      guard rule.follows(request.method, to: target) else { return response }
      request.url = target
      // Headers of the request itself (Accept and the like) hold no secret of ours only by convention; drop them too.
      if !rule.trusts(target) { request.headers = [:] }
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
    sockets.watch(handle)
    errorText[0] = 0

    // curl keeps pointers to all three while it runs.
    let code = try withExtendedLifetime((transfer, headerList, route)) { () throws(HTTPError) in
      try run(transfer, request, cancellation)
    }
    if code == CURLE_OK { return transfer.response }
    if transfer.headersAreComplete, !transfer.response.isSuccess, transfer.response.status >= 300,
      transfer.stop == .errorBodyFull || code == CURLE_FILESIZE_EXCEEDED
    {
      return transfer.response
    }
    throw error(for: code, transfer: transfer, request: request)
  }

  /// Drives the transfer to its end.
  private func run(
    _ transfer: HTTPTransfer, _ request: HTTPRequest, _ cancellation: HTTPCancellation?
  ) throws(HTTPError) -> CURLcode {
    guard ccurl_multi_add(multi, handle) == CURLM_OK else { return CURLE_FAILED_INIT }
    defer { _ = ccurl_multi_remove(multi, handle) }
    cancellation?.enter(multi)
    defer { cancellation?.leave(multi) }
    // curl itself watches over the making of the connection.
    let patience = request.timeout ?? options.timeout
    let connect = Deadline(patience: options.connectTimeout + patience, end: request.deadline, cancellation)
    let exchange = Deadline(patience: patience, end: request.deadline, cancellation)
    var deadline = connect
    var isConnected = false
    while true {
      if isConnected { deadline.note(moved: moved(transfer, request)) }
      try deadline.check(request.url.origin)
      var running: Int32 = 0
      guard ccurl_multi_perform(multi, &running) == CURLM_OK else { return CURLE_FAILED_INIT }
      var code = CURLE_OK
      if ccurl_multi_done(multi, &code) != nil { return code }
      if !isConnected, ccurl_get_offset(handle, CURLINFO_PRETRANSFER_TIME_T) > 0 {
        isConnected = true
        deadline = exchange
        deadline.restart()
      }
      guard ccurl_multi_poll(multi, deadline.slice(atMost: 1000)) == CURLM_OK else { return CURLE_FAILED_INIT }
    }
  }

  /// Bytes of the request that the server has acknowledged, and of the answer that have come.
  private func moved(_ transfer: HTTPTransfer, _ request: HTTPRequest) -> Int {
    let acknowledged = max(Int(clamping: ccurl_get_offset(handle, CURLINFO_SIZE_UPLOAD_T)) - sockets.unacknowledged, 0)
    return request.hasShortAnswer ? acknowledged : acknowledged + transfer.receivedBytes
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
    ).error(origin: origin, timeout: connectLimit(request), limit: request.maximumResponse)
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
