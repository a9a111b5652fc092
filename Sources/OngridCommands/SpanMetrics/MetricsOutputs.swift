import Backends
import Platform
import SpanMetrics
import Transport

/// Everywhere the metrics go: standard output or a file, and a receiver.
struct MetricsOutputs: Sendable {
  let writer: MetricsWriter
  /// Whether a document is written beside what is pushed or served.
  let writesDocument: Bool
  let push: PushTarget?

  init(_ arguments: Arguments, _ log: Log) throws(CommandError) {
    writer = try MetricsWriter(arguments)
    push = try PushTarget(arguments, writer, log)
    let isElsewhere = push != nil || arguments.isGiven(SpanMetricsOptions.listen)
    writesDocument =
      !isElsewhere || arguments.isGiven(SpanMetricsOptions.format) || arguments.isGiven(CommonOptions.output)
    try checkTemporality(arguments)
  }

  /// Refuses deltas where only sums are understood, or where nobody would see whether they are.
  private func checkTemporality(_ arguments: Arguments) throws(CommandError) {
    let option = "--\(SpanMetricsOptions.temporality.name)"
    let isOTLP = writesDocument && writer.format.isOTLP
    if arguments.isGiven(SpanMetricsOptions.temporality), !isOTLP, try arguments[SpanMetricsOptions.toOTLP] == nil {
      throw .usage("\(option) is for --to-otlp and --format otlp")
    }
    guard writer.isDelta else { return }
    for other: any CommandOption in [SpanMetricsOptions.state, SpanMetricsOptions.listen]
    where arguments.isGiven(other) {
      throw .usage("\(option) delta and --\(other.name) exclude each other: that is for counters which go on")
    }
    if try arguments[SpanMetricsOptions.remoteWrite] != nil {
      throw .usage("\(option) delta and --remote-write exclude each other: Prometheus takes counters which go on")
    }
    if writer.writesFile, try arguments[SpanMetricsOptions.follow] {
      throw .usage("\(option) delta and --output exclude each other with --follow: each round replaces the file")
    }
    if writesDocument, !isOTLP {
      throw .usage("\(option) delta and --format \(writer.format.rawValue) exclude each other")
    }
  }
}

/// A receiver of metrics, as the command line names it.
struct PushTarget: Sendable {
  let receiver: MetricsReceiver
  var settings = DeliverySettings()
  let limit: BufferLimit
  let endsSeries: Bool

  /// Requests that may be under way at once.
  private static let parallel = 4

  /// Nil where none is named.
  init?(_ arguments: Arguments, _ writer: MetricsWriter, _ log: Log) throws(CommandError) {
    let prometheus = try arguments[SpanMetricsOptions.remoteWrite]
    let otlp = try arguments[SpanMetricsOptions.toOTLP]
    if prometheus == nil, otlp == nil { return nil }
    let options = try arguments.httpOptions()
    do throws(BackendError) {
      switch (prometheus, otlp) {
      case (let url?, nil):
        var clients: [RemoteWriteClient] = []
        for _ in 0..<Self.parallel { clients.append(try RemoteWriteClient(url: url, options: options)) }
        receiver = .remoteWrite(clients)
      case (nil, let url?):
        var clients: [OTLPMetricsClient] = []
        for _ in 0..<Self.parallel { clients.append(try OTLPMetricsClient(url: url, options: options, log: log)) }
        receiver = .otlp(clients)
      default: throw BackendError.notTaken("")
      }
    } catch {
      if prometheus != nil, otlp != nil { throw .usage("--remote-write and --to-otlp exclude each other") }
      throw .backend(error.description)
    }
    settings.external = Self.identified(writer.external)
    settings.exemplarLabel = writer.exemplarLabel
    settings.interval = try arguments[SpanMetricsOptions.interval]
    settings.isDelta = writer.isDelta
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
