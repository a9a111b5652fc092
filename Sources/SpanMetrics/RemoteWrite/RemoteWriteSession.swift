public import Backends
import Platform

/// Writes snapshots to a remote-write receiver as cumulative counters, from the start of this process to its end.
///
/// Prometheus learns of an increase from two samples of a series. A series' first value is therefore written together
/// with a 0 that stands at the time of the previous write, when the series was not there yet. The same 0 tells a
/// process that was started again from the one before: the counter has been reset. When the session ends, or a series
/// is dropped, a stale marker ends it.
///
/// Not thread-safe.
public final class RemoteWriteSession {
  private let client: RemoteWriteClient
  private let external: [(name: String, value: String)]
  /// When the last write that was taken happened, Unix ms; at first, when the process started.
  private var lastWrite: Int64
  /// The last round that was taken.
  private var lastRound: UInt64 = 0

  /// - Parameters:
  ///   - external: labels that are added to every series, `job` and `instance` among them.
  ///   - started: Unix ms.
  public init(_ client: RemoteWriteClient, external: [(name: String, value: String)], started: Int64) {
    self.client = client
    self.external = external
    lastWrite = started
  }

  /// Writes what a round has counted, and ends what it dropped.
  public func write(_ round: FollowingRun.Round) throws(BackendError) {
    try write(
      round.snapshot, round: UInt64(round.number), staleSeries: round.staleSeries, staleEdges: round.staleEdges)
  }

  /// Writes the one snapshot of a run that is over.
  public func write(_ snapshot: SpanMetricsSnapshot) throws(BackendError) {
    try write(snapshot, round: 1, staleSeries: [], staleEdges: [])
  }

  private func write(
    _ snapshot: SpanMetricsSnapshot, round: UInt64, staleSeries: [SpanMetricsSnapshot.Series],
    staleEdges: [GraphResult.Edge]
  ) throws(BackendError) {
    let time = max(Timestamp.now.nanoseconds / 1_000_000, lastWrite + 2)
    var batch = RemoteWriteBatch(client, external: external)
    let samples = SeriesSamples(
      .write(time: time, born: lastWrite + 1, after: lastRound), latencyBounds: snapshot.latencyBounds,
      sizeBounds: snapshot.sizeBounds, graphBounds: snapshot.graph?.bounds ?? [])
    try samples.append(snapshot, to: &batch)
    if !staleSeries.isEmpty || !staleEdges.isEmpty {
      let ends = samples.ending(at: time)
      for series in staleSeries { try ends.append(series, to: &batch) }
      for edge in staleEdges {
        try ends.append(edge, hasInfo: snapshot.graph?.includesConnectionInfo == true, to: &batch)
      }
    }
    try batch.flush()
    lastWrite = time
    lastRound = round
  }

  /// Ends every series of the last snapshot.
  public func end(_ snapshot: SpanMetricsSnapshot) throws(BackendError) {
    var batch = RemoteWriteBatch(client, external: external)
    let samples = SeriesSamples(
      .stale(time: lastWrite + 1), latencyBounds: snapshot.latencyBounds, sizeBounds: snapshot.sizeBounds,
      graphBounds: snapshot.graph?.bounds ?? [])
    try samples.append(snapshot, to: &batch)
    try batch.flush()
  }
}

/// Series on their way to the receiver, a request of bounded size at a time.
struct RemoteWriteBatch: ~Copyable {
  private static let maxSeries = 2000
  private static let maxBytes = 4 << 20

  private let client: RemoteWriteClient
  private let external: [(name: String, value: String)]
  private var encoder = RemoteWriteEncoder()

  init(_ client: RemoteWriteClient, external: [(name: String, value: String)]) {
    self.client = client
    self.external = external
  }

  mutating func append(
    _ name: String, _ labels: [(name: String, value: String)], _ samples: [RemoteWriteSeries.Sample],
    _ exemplars: [RemoteWriteSeries.Exemplar] = []
  ) throws(BackendError) {
    var all = [RemoteWriteSeries.Label("__name__", name)]
    for label in labels { all.append(RemoteWriteSeries.Label(label.name, label.value)) }
    for label in external where !labels.contains(where: { $0.name == label.name }) {
      all.append(RemoteWriteSeries.Label(label.name, label.value))
    }
    encoder.append(RemoteWriteSeries(labels: all, samples: samples, exemplars: exemplars))
    if encoder.seriesCount >= Self.maxSeries || encoder.byteCount >= Self.maxBytes { try flush() }
  }

  mutating func flush() throws(BackendError) {
    if encoder.seriesCount == 0 { return }
    try client.write(encoder.view)
    encoder.removeAll()
  }
}
