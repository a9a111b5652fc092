public import OTLP

/// Derives metrics from spans. One thread uses one aggregator; their results are merged at the end.
public final class Aggregator {
  private var core: AggregatorCore
  private let graph: ServiceGraph?
  private let configuration: SpanMetricsConfiguration

  /// - Parameter graph: where the service graph of all aggregators is put together, when the configuration wants one.
  public init(_ configuration: SpanMetricsConfiguration, graph: ServiceGraph? = nil) throws(ConfigurationError) {
    try configuration.validate()
    self.configuration = configuration
    self.graph = configuration.serviceGraph == nil ? nil : graph
    core = AggregatorCore(configuration, plan: LabelPlan(configuration))
  }

  /// Counts the spans of one request. Spans before a malformed one have been counted when this throws.
  public func consume(_ request: RequestView) throws(WireError) {
    defer { if let graph { core.flush(to: graph) } }
    try core.consume(request)
  }

  /// Spans counted so far, those left out by the filter not included.
  public var spans: UInt64 { core.spans }

  /// Begins the next writing round: what is counted from now on is told apart from what was before.
  public func beginRound() { core.round &+= 1 }

  /// The number of the current round.
  public var round: UInt32 { core.round }

  /// Adds what `other` counted.
  public func merge(_ other: Aggregator) { core.merge(other.core) }

  /// What was counted, ready to be written. The aggregator must not be used while the snapshot is.
  public func snapshot() -> SpanMetricsSnapshot {
    SpanMetricsSnapshot(self, graph: graph?.result())
  }

  /// Calls `body` with the tables, for reading.
  func withCore<Result>(_ body: (borrowing AggregatorCore) -> Result) -> Result { body(core) }

  /// A new aggregator with the series of this one that moved in `round` or later.
  public func keepingSeries(movedSince round: UInt32) -> Aggregator {
    Aggregator(keeping: round, of: self)
  }

  private init(keeping round: UInt32, of other: Aggregator) {
    configuration = other.configuration
    graph = other.graph
    core = AggregatorCore(other.configuration, plan: other.core.plan)
    core.round = other.core.round
    core.merge(other.core, movedSince: round)
  }
}
