public import Backends
import Compression
import Platform
public import Transport

/// Sends metrics to an OTLP receiver, over HTTP or gRPC.
///
/// `@unchecked Sendable`: one thread at a time uses it.
public final class OTLPMetricsClient: @unchecked Sendable {
  public var cancellation: HTTPCancellation?

  private let exporter: OTLPExporter
  private let origin: String
  private let log: Log

  /// - Parameter url: `http(s)://host[:port][/path]`, where no path means `/v1/metrics`, or `grpc(s)://host[:port]`.
  public init(url: String, options: HTTPOptions = HTTPOptions(), log: Log = .discarding) throws(BackendError) {
    do throws(HTTPError) {
      let endpoint = try OTLPEndpoint(url, signal: .metrics)
      exporter = try OTLPExporter(endpoint: endpoint, options: options)
      origin = endpoint.url.origin
    } catch { throw .http(error) }
    self.log = log
  }

  /// Sends one serialized request once.
  func attempt(_ request: ByteView) -> WriteAttempt {
    var body = ByteBuffer(capacity: request.count / 4 + 64)
    do throws(CompressionError) {
      var compressor = try GzipCompressor(level: 1)
      compressor.compress(request, into: &body)
    } catch { return .refused(.notTaken(error.description), .destination) }
    let outcome = exporter.export(
      .bytes(Array(body.view)), encoding: .gzip, cancellation: cancellation)
    switch outcome {
    case .delivered(let rejected, let message):
      let words = message.map { ": \($0)" } ?? ""
      if rejected > 0 {
        log.warn("OTLP: \(origin) did not take \(rejected) points\(words)")
      } else if let message, !message.isEmpty {
        log.warn("OTLP: \(origin) says\(words)")
      }
      return .taken
    case .failed(let reason, let after, _): return .failed(failure(reason), after: after)
    case .refused(let reason, let scope): return .refused(failure(reason), scope)
    case .cancelled: return .failed(.http(.cancelled(origin: origin)), after: nil)
    }
  }

  private func failure(_ reason: String) -> BackendError {
    .notTaken(reason.contains(origin) ? reason : "\(origin): \(reason)")
  }
}
