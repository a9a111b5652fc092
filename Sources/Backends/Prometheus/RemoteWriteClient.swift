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
