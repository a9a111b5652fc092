import Libc
import Platform
public import Transport

/// What became of metrics that were sent once.
public enum WriteAttempt {
  case taken
  /// For good; the scope says whether parts of it may be taken.
  case refused(BackendError, RefusalScope)
  /// For now, or nobody knows: it may have been taken, and the answer was lost. The receiver may say when to come back.
  case failed(BackendError, after: Duration?)
}

/// Sends requests to a Prometheus remote-write receiver, protocol 1.0.
///
/// `@unchecked Sendable`: one thread at a time uses it.
public final class RemoteWriteClient: @unchecked Sendable {
  public var cancellation: HTTPCancellation?
  /// How failures that may pass are tried again by `write`.
  private let retry = RetryPolicy(giveUpAfter: .seconds(60))

  /// How much goes into one request; Prometheus's own default is 2,000 samples.
  public static let batchSeries = 2000
  public static let batchBytes = 4 << 20

  private let url: HTTPURL
  private let http: HTTPClient

  /// - Parameter url: The receiver; without a path, `/api/v1/write` is meant.
  public init(url: HTTPURL, options: HTTPOptions = HTTPOptions()) throws(BackendError) {
    var url = url
    if url.path.isEmpty || url.path == "/" { url.path = "/api/v1/write" }
    self.url = url
    do throws(HTTPError) {
      http = try HTTPClient(options: options)
    } catch {
      throw .http(error)
    }
  }

  /// Writes all series in as many requests as that takes; ends at the first that fails for good.
  public func write(_ series: some Sequence<RemoteWriteSeries>) throws(BackendError) {
    var encoder = RemoteWriteEncoder()
    for entry in series {
      encoder.append(entry)
      if encoder.seriesCount >= RemoteWriteClient.batchSeries || encoder.byteCount >= RemoteWriteClient.batchBytes {
        try write(encoder.view)
        encoder.removeAll()
      }
    }
    if encoder.seriesCount > 0 { try write(encoder.view) }
  }

  /// Writes one serialized WriteRequest.
  public func write(_ request: ByteView) throws(BackendError) {
    let start = monotonicNanoseconds()
    var attempts = 1
    while true {
      let failure: BackendError
      var requested: Duration?
      switch attempt(request) {
      case .taken: return
      case .refused(let error, _): throw error
      case .failed(let error, let after):
        failure = error
        requested = after
      }
      let elapsed = Duration.nanoseconds(monotonicNanoseconds() - start)
      guard let delay = retry.delay(afterAttempt: attempts, elapsed: elapsed, requested: requested) else {
        throw failure
      }
      guard RetryWait.sleep(for: delay, deadline: nil, cancellation) else { throw failure }
      attempts += 1
    }
  }

  /// Sends one serialized WriteRequest once.
  public func attempt(_ request: ByteView) -> WriteAttempt {
    let response: HTTPResponse
    do throws(HTTPError) {
      let body = try Snappy.compress(request)
      response = try http.send(
        HTTPRequest(method: .post, url: url, headers: RemoteWriteClient.headers, body: .bytes(body)),
        cancellation: cancellation)
    } catch {
      return error.isRetryable ? .failed(.http(error), after: nil) : .refused(.http(error), .destination)
    }
    if response.isSuccess { return .taken }
    let failure = BackendError.status(
      origin: url.origin, status: response.status, message: ErrorMessage.of(response))
    guard response.status == 429 || response.status >= 500 else {
      // Thanos answers 409 to samples out of order; any other status is not about what was sent.
      let scope: RefusalScope =
        switch response.status {
        case 400, 409, 422: .content
        case 413: .size
        default: .destination
        }
      return .refused(failure, scope)
    }
    return .failed(failure, after: response.headers["Retry-After"].flatMap { RetryAfter.parse($0, now: time(nil)) })
  }

  private static let headers: HTTPHeaders = [
    "Content-Type": "application/x-protobuf", "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
  ]
}
