import Backends
import Platform

/// Takes series apart into the samples that remote write carries.
struct SeriesSamples {
  /// What is written of a series.
  enum Mode {
    /// Its values at `time` (Unix ms), with a 0 at `born` before them where it appeared after round `after`; exemplars
    /// of later rounds only.
    case write(time: Int64, born: Int64, after: UInt64)
    /// A stale marker.
    case stale(time: Int64)
  }

  typealias Labels = [(name: String, value: String)]

  private let mode: Mode
  private let latencyBounds: [String]
  private let sizeBounds: [String]
  private let graphBounds: [String]

  init(_ mode: Mode, latencyBounds: [Double], sizeBounds: [Double], graphBounds: [Double]) {
    self.init(
      mode, latencyBounds: Self.text(latencyBounds), sizeBounds: Self.text(sizeBounds),
      graphBounds: Self.text(graphBounds))
  }

  private init(_ mode: Mode, latencyBounds: [String], sizeBounds: [String], graphBounds: [String]) {
    self.mode = mode
    self.latencyBounds = latencyBounds
    self.sizeBounds = sizeBounds
    self.graphBounds = graphBounds
  }

  /// The same series, ended.
  func ending(at time: Int64) -> SeriesSamples {
    SeriesSamples(.stale(time: time), latencyBounds: latencyBounds, sizeBounds: sizeBounds, graphBounds: graphBounds)
  }

  private static func text(_ bounds: [Double]) -> [String] { (bounds + [.infinity]).map(FloatText.fixed) }

  func append(_ snapshot: SpanMetricsSnapshot, to batch: inout RemoteWriteBatch) throws(BackendError) {
    try snapshot.forEachSeries { (series) throws(BackendError) in try append(series, to: &batch) }
    for edge in snapshot.graph?.edges ?? [] {
      try append(edge, hasInfo: snapshot.graph?.includesConnectionInfo == true, to: &batch)
    }
    for target in snapshot.targets { try batch.append("traces_target_info", target, samples(1, isNew: false)) }
  }

  func append(_ series: SpanMetricsSnapshot.Series, to batch: inout RemoteWriteBatch) throws(BackendError) {
    let isNew = isNew(series.rounds)
    try batch.append(
      "traces_spanmetrics_calls_total", series.labels, samples(series.calls, isNew: isNew),
      exemplars(series.counterExemplar))
    try append(
      "traces_spanmetrics_latency", series.labels, series.latency, latencyBounds, isNew: isNew, series.exemplars,
      to: &batch)
    guard let size = series.size else { return }
    if size.cumulative.isEmpty {
      try batch.append("traces_spanmetrics_size_total", series.labels, samples(size.sum, isNew: isNew))
    } else {
      try append("traces_spanmetrics_size", series.labels, size, sizeBounds, isNew: isNew, [], to: &batch)
    }
  }

  func append(_ edge: GraphResult.Edge, hasInfo: Bool, to batch: inout RemoteWriteBatch) throws(BackendError) {
    let isNew = isNew(edge.rounds)
    let prefix = "traces_service_graph_request"
    if hasInfo { try batch.append("traces_service_graph_connection_info", edge.labels, samples(1, isNew: false)) }
    try batch.append("\(prefix)_total", edge.labels, samples(edge.requests, isNew: isNew))
    // Unlike in the text formats a 0 is written too: it is where a later failure starts to count from.
    try batch.append("\(prefix)_failed_total", edge.labels, samples(edge.failed, isNew: isNew))
    try append("\(prefix)_server_seconds", edge.labels, edge.serverLatency, graphBounds, isNew: isNew, [], to: &batch)
    try append("\(prefix)_client_seconds", edge.labels, edge.clientLatency, graphBounds, isNew: isNew, [], to: &batch)
    if let messaging = edge.messagingLatency {
      try append(
        "\(prefix)_messaging_system_seconds", edge.labels, messaging, graphBounds, isNew: isNew, [], to: &batch)
    }
  }

  private func append(
    _ name: String, _ labels: Labels, _ value: HistogramValue, _ bounds: [String], isNew: Bool,
    _ exemplars: [Exemplar?], to batch: inout RemoteWriteBatch
  ) throws(BackendError) {
    for (index, count) in value.cumulative.enumerated() {
      try batch.append(
        "\(name)_bucket", labels + [("le", bounds[min(index, bounds.count - 1)])], samples(count, isNew: isNew),
        self.exemplars(index < exemplars.count ? exemplars[index] : nil))
    }
    try batch.append("\(name)_sum", labels, samples(value.sum, isNew: isNew))
    try batch.append("\(name)_count", labels, samples(value.count, isNew: isNew))
  }

  private func isNew(_ rounds: ClosedRange<UInt64>) -> Bool {
    if case .write(_, _, let after) = mode { rounds.lowerBound > after } else { false }
  }

  private func samples(_ value: Double, isNew: Bool) -> [RemoteWriteSeries.Sample] {
    switch mode {
    case .write(let time, let born, _):
      let sample = RemoteWriteSeries.Sample(value, milliseconds: time)
      return isNew ? [RemoteWriteSeries.Sample(0, milliseconds: born), sample] : [sample]
    case .stale(let time):
      return [RemoteWriteSeries.Sample(RemoteWriteEncoder.staleNaN, milliseconds: time)]
    }
  }

  private func exemplars(_ exemplar: Exemplar?) -> [RemoteWriteSeries.Exemplar] {
    guard case .write(_, _, let after) = mode, let exemplar, UInt64(exemplar.round) > after else { return [] }
    let milliseconds = Int64(clamping: exemplar.endTimeUnixNano / 1_000_000)
    return [
      RemoteWriteSeries.Exemplar(
        labels: [
          RemoteWriteSeries.Label("trace_id", exemplar.traceID), RemoteWriteSeries.Label("span_id", exemplar.spanID),
        ],
        sample: RemoteWriteSeries.Sample(Double(exemplar.nanoseconds) / 1e9, milliseconds: milliseconds))
    ]
  }
}
