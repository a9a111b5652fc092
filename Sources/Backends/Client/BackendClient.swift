public import JSON
import Libc
import Platform
public import Transport

/// Asks one server questions that change nothing, so that it may ask again after a failure.
///
/// Not thread-safe, like the HTTP client it owns.
public final class BackendClient {
  /// What all requests' paths are appended to.
  public let url: HTTPURL
  /// When everything has to be over, on the clock of `monotonicNanoseconds`; nil for no limit but the options'.
  public var deadline: Int64?
  public var cancellation: HTTPCancellation?
  /// The most bytes an answer may have.
  public var maximumResponse = 64 << 20
  /// The most values a JSON answer may hold: in memory each takes many times the bytes of `1,`.
  public var maximumValues = 8_000_000

  /// Why an answer so far lacks something, in words for a person; `nil` when all were whole.
  public private(set) var shortfall: String?

  private let http: HTTPClient
  private let retry: RetryPolicy

  /// Longer URLs are sent as forms where the server takes them.
  private static let maximumURL = 6000

  public init(url: HTTPURL, options: HTTPOptions = HTTPOptions(), retry: RetryPolicy = .reads) throws(BackendError) {
    self.url = url
    self.retry = retry
    do throws(HTTPError) {
      http = try HTTPClient(options: options)
    } catch {
      throw .http(error)
    }
  }

  /// Remembers why an answer is not whole; the first reason stays.
  func note(shortfall reason: String?) { shortfall = shortfall ?? reason }

  /// The response to a query, whatever its status, after the retries its status allowed.
  ///
  /// - Parameters:
  ///   - path: Starts with a slash, percent-encoded.
  ///   - form: The server takes the parameters in a POST body too.
  ///   - handler: Gets the body of a success piece by piece; then there is no retry once a piece has been handed over.
  public func send(
    _ path: String, _ parameters: [(String, String)] = [], accept: String = "application/json", form: Bool = false,
    handler: ((UnsafeRawBufferPointer) -> Bool)? = nil
  ) throws(BackendError) -> HTTPResponse {
    let start = monotonicNanoseconds()
    var attempt = 1
    while true {
      var handedOver = false
      let counting: ((UnsafeRawBufferPointer) -> Bool)? = handler.map { handler in
        { bytes in
          handedOver = true
          return handler(bytes)
        }
      }
      let outcome = attemptOnce(request(path, parameters, accept: accept, form: form), counting)
      var requested: Duration?
      switch outcome {
      case .success(let response):
        guard BackendClient.mayPass(response) else { return response }
        requested = response.headers["Retry-After"].flatMap { RetryAfter.parse($0, now: time(nil)) }
      case .failure(let error):
        // Whoever waited for a timeout has waited long enough.
        guard error.isRetryable, !error.isTimeout, !handedOver else { throw .http(error) }
      }
      let elapsed = Duration.nanoseconds(monotonicNanoseconds() - start)
      guard let delay = retry.delay(afterAttempt: attempt, elapsed: elapsed, requested: requested),
        RetryWait.sleep(for: delay, deadline: deadline, cancellation)
      else {
        switch outcome {
        case .success(let response): return response
        case .failure(let error): throw .http(error)
        }
      }
      attempt += 1
    }
  }

  /// Whether the same question may get an answer later: not where the answer is refused for its size.
  private static func mayPass(_ response: HTTPResponse) -> Bool {
    guard response.status == 429 || response.status >= 500 && response.status != 501 else { return false }
    return !ErrorMessage.namesSize(ErrorMessage.of(response))
  }

  /// The body of a successful response; other statuses are errors.
  public func body(
    _ path: String, _ parameters: [(String, String)] = [], accept: String = "application/json", form: Bool = false
  ) throws(BackendError) -> [UInt8] {
    let response = try send(path, parameters, accept: accept, form: form)
    guard response.isSuccess else { throw failure(response) }
    return response.body
  }

  /// The body of a successful response as JSON.
  public func json(
    _ path: String, _ parameters: [(String, String)] = [], form: Bool = false
  ) throws(BackendError) -> JSONValue {
    try parse(body(path, parameters, form: form))
  }

  /// Reads JSON; what is none is an error that says what it looks like.
  public func parse(_ body: [UInt8]) throws(BackendError) -> JSONValue {
    // A value is followed by a comma or ends a container, so this counts no fewer than half of them.
    guard body.count(where: { $0 == UInt8(ascii: ",") }) <= maximumValues else {
      throw unexpected("it holds more than \(maximumValues) values")
    }
    do throws(JSONError) {
      return try body.withByteView { view throws(JSONError) in try JSONDocument.parse(view) }
    } catch {
      let start = body.first { $0 != 0x20 && $0 != 10 && $0 != 13 && $0 != 9 }
      let reason = start == UInt8(ascii: "<") ? "HTML or XML, not JSON" : error.description
      throw .badAnswer(origin: url.origin, reason: reason)
    }
  }

  /// The error a response with an error status stands for.
  public func failure(_ response: HTTPResponse) -> BackendError {
    let message = ErrorMessage.of(response)
    if response.status == 400 || response.status == 422, !message.isEmpty { return .query(message) }
    return .status(origin: url.origin, status: response.status, message: message)
  }

  /// An error about an answer that has the wrong shape.
  public func unexpected(_ reason: String) -> BackendError {
    .badAnswer(origin: url.origin, reason: reason)
  }

  private func request(
    _ path: String, _ parameters: [(String, String)], accept: String, form: Bool
  ) -> HTTPRequest {
    let target = url.appending(path: path)
    var request = HTTPRequest(
      url: target.appending(query: parameters), headers: ["Accept": accept], deadline: deadline,
      maximumResponse: maximumResponse)
    if form, request.url.query.utf8.count > BackendClient.maximumURL {
      var encoded = target
      encoded.query = ""
      request.method = .post
      request.headers["Content-Type"] = "application/x-www-form-urlencoded"
      request.body = .bytes(Array(encoded.appending(query: parameters).query.utf8))
      request.url = target
    }
    return request
  }

  private func attemptOnce(
    _ request: HTTPRequest, _ handler: ((UnsafeRawBufferPointer) -> Bool)?
  ) -> Result<HTTPResponse, HTTPError> {
    Result { () throws(HTTPError) in
      try http.send(request, cancellation: cancellation, handler: handler)
    }
  }
}
