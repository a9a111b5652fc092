import Backends
import Platform
import SpanMetrics
import Transport

/// Everywhere the metrics of a run that ends go: standard output or a file, and a remote-write receiver.
struct MetricsOutputs: Sendable {
  let writer: MetricsWriter
  /// Whether a document is written beside what is pushed or served.
  let writesDocument: Bool
  let push: RemoteWriteTarget?

  init(_ arguments: Arguments) throws(CommandError) {
    writer = try MetricsWriter(arguments)
    push = try RemoteWriteTarget(arguments, labels: writer.external, exemplarLabel: writer.exemplarLabel)
    let isElsewhere = push != nil || arguments.isGiven(SpanMetricsOptions.listen)
    writesDocument =
      !isElsewhere || arguments.isGiven(SpanMetricsOptions.format) || arguments.isGiven(CommonOptions.output)
  }
}

/// A remote-write receiver, as the command line names it.
struct RemoteWriteTarget: Sendable {
  let clients: [RemoteWriteClient]
  var settings = RemoteWriteSettings()
  let limit: BufferLimit
  let endsSeries: Bool

  /// Requests that may be under way at once.
  private static let parallel = 4

  /// Nil where none is named.
  init?(
    _ arguments: Arguments, labels: [(name: String, value: String)], exemplarLabel: String
  ) throws(CommandError) {
    guard let url = try arguments[SpanMetricsOptions.remoteWrite] else { return nil }
    let options = try arguments.httpOptions()
    var clients: [RemoteWriteClient] = []
    do throws(BackendError) {
      for _ in 0..<Self.parallel { clients.append(try RemoteWriteClient(url: url, options: options)) }
    } catch { throw .backend(error.description) }
    self.clients = clients
    settings.external = Self.identified(labels)
    settings.exemplarLabel = exemplarLabel
    settings.interval = try arguments[SpanMetricsOptions.interval]
    limit = try arguments[SpanMetricsOptions.buffer]
    endsSeries = try arguments[SpanMetricsOptions.staleMarkers]
  }

  /// The labels with `job` and `instance` among them.
  private static func identified(_ labels: [(name: String, value: String)]) -> [(name: String, value: String)] {
    var labels = labels
    if !labels.contains(where: { $0.name == "job" }) { labels.append(("job", "ongrid")) }
    if !labels.contains(where: { $0.name == "instance" }) { labels.append(("instance", hostName)) }
    return labels
  }
}
