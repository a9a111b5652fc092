import OTLP
import Platform

/// Counts spans apart by when they ended, one aggregator for each stretch of time that any did.
///
/// `@unchecked Sendable`: one thread uses it, until all have been joined.
final class SteppedCounts: @unchecked Sendable {
  private let configuration: SpanMetricsConfiguration
  private let graph: ServiceGraph?
  /// ns.
  private let step: UInt64
  private var counts: [UInt64: Aggregator] = [:]
  private var isOver = false

  static let maxSteps = 20_000

  init(_ configuration: SpanMetricsConfiguration, _ graph: ServiceGraph?, step: Duration) {
    self.configuration = configuration
    self.graph = graph
    self.step = UInt64(clamping: max(1, step.nanoseconds))
  }

  /// Counts a request, once for each stretch that its spans ended in: mostly one or two.
  func consume(_ request: RequestView) throws(WireError) {
    var stretches: Set<UInt64> = []
    try request.resourceSpans.forEach { (group) throws(WireError) in
      try group.scopeSpans.forEach { (scope) throws(WireError) in
        try scope.spans.forEach { (span) throws(WireError) in stretches.insert(span.endTimeUnixNano / step) }
      }
    }
    for stretch in stretches {
      guard let aggregator = aggregator(stretch) else { return }
      let start = stretch * step
      aggregator.window = start..<start.addingSaturating(step)
      try aggregator.consume(request)
    }
  }

  private func aggregator(_ stretch: UInt64) -> Aggregator? {
    if let known = counts[stretch] { return known }
    guard counts.count < Self.maxSteps, let fresh = try? Aggregator(configuration, graph: graph) else {
      isOver = true
      return nil
    }
    counts[stretch] = fresh
    return fresh
  }

  func merge(_ other: SteppedCounts) {
    isOver = isOver || other.isOver
    for (stretch, aggregator) in other.counts {
      if let own = counts[stretch] { own.merge(aggregator) } else { counts[stretch] = aggregator }
    }
  }

  /// The steps in order; `total` gets all of them.
  func finish(into total: Aggregator) throws(RunError) -> [TimeStep] {
    if isOver || counts.count > Self.maxSteps {
      throw .configuration(
        ConfigurationError("the spans take more than \(Self.maxSteps) intervals: give a longer --interval"))
    }
    var steps: [TimeStep] = []
    for (stretch, aggregator) in counts.sorted(by: { $0.key < $1.key }) {
      total.merge(aggregator)
      let end = Int64(clamping: stretch.multipliedSaturating(by: step).addingSaturating(step))
      steps.append(TimeStep(end: Timestamp(nanoseconds: end), aggregator: aggregator))
    }
    return steps
  }
}
