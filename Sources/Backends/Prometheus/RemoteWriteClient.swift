import Libc
import Platform
public import Transport

/// Writes series to a Prometheus remote-write receiver, protocol 1.0.
///
/// Not thread-safe: one per thread. Failures that may pass (429, 5xx, no connection) are retried as the policy says;
/// a 4xx is final.
public final class RemoteWriteClient {
  /// Called before each wait, with the reason and the time that will pass.
  public var onRetry: ((BackendError, Duration) -> Void)?
  public var cancellation: HTTPCancellation?

  private let url: HTTPURL
  private let http: HTTPClient
  private let retry: RetryPolicy

  /// How much goes into one request; Prometheus's own default is 2,000 samples.
  private static let batchSeries = 2000
  private static let batchBytes = 4 << 20

  /// - Parameter url: The receiver; without a path, `/api/v1/write` is meant.
  public init(
    url: HTTPURL, options: HTTPOptions = HTTPOptions(), retry: RetryPolicy = RetryPolicy(giveUpAfter: .seconds(60))
  ) throws(BackendError) {
    var url = url
    if url.path.isEmpty || url.path == "/" { url.path = "/api/v1/write" }
    self.url = url
    self.retry = retry
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
    let body: [UInt8]
    do throws(HTTPError) { body = try Snappy.compress(request) } catch { throw .http(error) }
    var attempt = 1
    while true {
      var requested: Duration?
      guard let failure = try post(body, &requested) else { return }
      let elapsed = Duration.nanoseconds(monotonicNanoseconds() - start)
      guard let delay = retry.delay(afterAttempt: attempt, elapsed: elapsed, requested: requested) else {
        throw failure
      }
      onRetry?(failure, delay)
      guard RetryWait.sleep(for: delay, deadline: nil, cancellation) else { throw failure }
      attempt += 1
    }
  }

  /// Sends a compressed request once: nil when it was taken, the failure when it may pass; throws one that is final.
  private func post(_ body: [UInt8], _ requested: inout Duration?) throws(BackendError) -> BackendError? {
    let response: HTTPResponse
    do throws(HTTPError) {
      response = try http.send(
        HTTPRequest(method: .post, url: url, headers: RemoteWriteClient.headers, body: .bytes(body)),
        cancellation: cancellation)
    } catch {
      guard error.isRetryable else { throw .http(error) }
      return .http(error)
    }
    if response.isSuccess { return nil }
    let failure = BackendError.status(
      origin: url.origin, status: response.status, message: ErrorMessage.of(response))
    guard response.status == 429 || response.status >= 500 else { throw failure }
    requested = response.headers["Retry-After"].flatMap { RetryAfter.parse($0, now: time(nil)) }
    return failure
  }

  private static let headers: HTTPHeaders = [
    "Content-Type": "application/x-protobuf", "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
  ]
}
