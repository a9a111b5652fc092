public import OTLP

/// Derives metrics from spans. One thread uses one aggregator; their results are merged at the end.
///
/// `@unchecked Sendable`: one thread at a time uses it; it changes hands only under a lock or when its thread was joined.
public final class Aggregator: @unchecked Sendable {
  private(set) var core: AggregatorCore
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

  /// Spans not counted because they ended too long ago.
  var tooOld: UInt64 { core.tooOld }

  /// The current writing round, from 1: tells apart what was counted before and after a snapshot was written.
  var round: UInt32 {
    get { core.round }
    set { core.round = newValue }
  }

  /// Spans that ended before this moment (ns since 1970) are not counted.
  var notBefore: UInt64 {
    get { core.notBefore }
    set { core.notBefore = newValue }
  }

  /// Where set, only spans that ended in this stretch (ns since 1970) are looked at.
  var window: Range<UInt64>? {
    get { core.window }
    set { core.window = newValue }
  }

  /// Adds what `other` counted.
  public func merge(_ other: Aggregator) { core.merge(other.core) }

  /// What was counted, ready to be written. Calls of which only one end was seen are counted too where the other end has
  /// a name.
  public func snapshot() -> SpanMetricsSnapshot {
    SpanMetricsSnapshot(core, graph: graph?.result(isFinal: true))
  }

  /// Calls `body` with the tables, to change them.
  func withCore<Result, Failure: Error>(
    _ body: (inout AggregatorCore) throws(Failure) -> Result
  ) throws(Failure) -> Result { try body(&core) }

  /// Takes over from one before it what is said of spans that are not counted as usual.
  func continueNotes(of other: Aggregator) {
    core.filtered = other.core.filtered
    core.tooOld = other.core.tooOld
    core.overflowed = other.core.overflowed
  }

  /// A new aggregator with the series of this one that moved in `round` or later.
  func keepingSeries(movedSince round: UInt32) -> Aggregator {
    Aggregator(keeping: round, of: self)
  }

  private init(keeping round: UInt32, of other: Aggregator) {
    configuration = other.configuration
    graph = other.graph
    core = AggregatorCore(other.configuration, plan: other.core.keyer.plan)
    core.round = other.core.round
    core.merge(other.core, movedSince: round)
  }
}
