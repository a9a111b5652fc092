import Compression
import OTLP
import Platform
import Transport

/// Sends batches to one destination, one at a time; each sender thread has its own.
protocol Exporter: AnyObject {
  func export(_ body: OutgoingBody, signal: OTLPSignal) -> ExportOutcome
}

/// A place that batches go to.
protocol Target: Sendable {
  /// For logs and metrics, without credentials.
  var name: String { get }
  /// Distinguishes it from every other place, over restarts.
  var identity: String { get }
  /// How the bodies it takes are compressed.
  var encoding: ContentEncoding { get }
  func makeExporter(cancellation: HTTPCancellation) throws(RelayError) -> any Exporter
  /// Opens anew what it keeps open, from any thread.
  func reopen() throws(SystemError)
}

extension Target {
  func reopen() throws(SystemError) {}
}
