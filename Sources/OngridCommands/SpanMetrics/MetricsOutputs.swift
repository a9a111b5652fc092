import Backends
import Platform
import SpanMetrics
import Synchronization
import Transport

/// Everywhere the metrics go: standard output or a file, and a remote-write receiver.
///
/// `@unchecked Sendable`: all but `cancel` and `writer` is used by the command's own thread.
final class MetricsOutputs: @unchecked Sendable {
  let writer: MetricsWriter
  private let writesDocument: Bool
  private let session: RemoteWriteSession?
  private let cancellation = HTTPCancellation()
  private let log: Log

  /// - Parameter started: when the process started, Unix ms.
  init(_ arguments: Arguments, log: Log, started: Int64) throws(CommandError) {
    self.log = log
    writer = try MetricsWriter(arguments)
    let isElsewhere =
      try arguments[SpanMetricsOptions.remoteWrite] != nil || arguments.isGiven(SpanMetricsOptions.listen)
    writesDocument =
      !isElsewhere || arguments.isGiven(SpanMetricsOptions.format) || arguments.isGiven(SpanMetricsOptions.output)
    guard let url = try arguments[SpanMetricsOptions.remoteWrite] else {
      session = nil
      return
    }
    let client = try Self.client(url, arguments)
    client.cancellation = cancellation
    client.onRetry = { error, delay in log.info("remote write: \(error); trying again in \(Self.text(delay))") }
    session = RemoteWriteSession(client, external: Self.identified(writer.external), started: started)
  }

  /// A duration to the tenth of a second.
  private static func text(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let tenths = seconds * 10 + (attoseconds + 50_000_000_000_000_000) / 100_000_000_000_000_000
    return DurationText.format(max(1, tenths) * 100_000_000)
  }

  private static func client(_ url: HTTPURL, _ arguments: Arguments) throws(CommandError) -> RemoteWriteClient {
    let options = try arguments.httpOptions()
    do throws(BackendError) { return try RemoteWriteClient(url: url, options: options) } catch {
      throw .backend(error.description)
    }
  }

  /// The labels with `job` and `instance` among them.
  private static func identified(_ labels: [(name: String, value: String)]) -> [(name: String, value: String)] {
    var labels = labels
    if !labels.contains(where: { $0.name == "job" }) { labels.append(("job", "ongrid")) }
    if !labels.contains(where: { $0.name == "instance" }) { labels.append(("instance", hostName)) }
    return labels
  }

  /// Writes the result of a run that is over.
  func write(_ snapshot: SpanMetricsSnapshot) throws(CommandError) {
    if writesDocument { try writer.write(snapshot) }
    guard let session else { return }
    do throws(BackendError) {
      try session.write(snapshot)
      try session.end(snapshot)
    } catch {
      throw .backend("remote write: \(error)")
    }
  }

  /// Writes a round. A receiver or a file that fails is reported and tried again with the next round, counters being
  /// cumulative; with the last one it is an error.
  func write(_ round: FollowingRun.Round, isFinal: Bool) throws(CommandError) {
    if writesDocument {
      do throws(CommandError) { try writer.write(round.snapshot) } catch {
        if isFinal || !writer.writesFile { throw error }
        log.warn("\(error)")
      }
    }
    guard let session else { return }
    do throws(BackendError) {
      try session.write(round)
      if isFinal { try session.end(round.snapshot) }
    } catch {
      if isFinal { throw .backend("remote write: \(error)") }
      log.warn("remote write: \(error)")
    }
  }

  /// Ends a write under way; from any thread.
  func cancel() { cancellation.cancel() }
}
