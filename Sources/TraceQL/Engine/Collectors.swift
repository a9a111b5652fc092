import OTLP
import Platform

/// Collects the results of a search.
///
/// `@unchecked Sendable`: one thread at a time uses it, first its own and, once all have ended, the one that merges.
final class SearchCollector: TraceCollector, @unchecked Sendable {
  private let plan: Plan
  private let evaluator: TraceEvaluator
  private let chosen: ChosenTraces
  private let options: LocalEngine.Options
  private(set) var traces: [TraceResult] = []

  init(_ plan: Plan, _ grouped: GroupedSpans, _ chosen: ChosenTraces, _ options: LocalEngine.Options) {
    self.plan = plan
    self.chosen = chosen
    self.options = options
    evaluator = TraceEvaluator(plan, grouped)
  }

  var reachedRegexLimit: Bool { evaluator.reachedRegexLimit }

  func collect(_ trace: Int) throws(EngineError) {
    evaluator.load(trace: trace)
    let summary = evaluator.summary
    if let range = options.range, summary.start > range.end || summary.end < range.start { return }
    let spansets = try evaluator.run(plan.pipelines[0])
    guard !spansets.isEmpty else { return }
    let id = chosen.traceID(trace)
    let services = evaluator.services
    traces.append(
      TraceResult(
        traceID: SearchCollector.hexadecimal(id),
        rootServiceName: summary.root == nil ? "\(TraceTotals.noRoot)" : String(summary.rootService),
        rootTraceName: summary.root == nil ? "" : String(summary.rootName),
        startTimeUnixNano: summary.start, duration: summary.duration, spanCount: summary.spanCount,
        errorCount: services.reduce(0) { $0 + $1.errorCount }, services: services,
        spansets: spansets.map(result), otlp: options.keepsTraces ? evaluator.encoded() : []))
  }

  private func result(_ spanset: Spanset) -> SpansetResult {
    let shown = options.spansPerSpanset > 0 ? spanset.spans.prefix(options.spansPerSpanset) : spanset.spans[...]
    return SpansetResult(matched: spanset.spans.count, attributes: spanset.attributes, spans: shown.map(result))
  }

  private func result(_ span: Int32) -> SpanResult {
    let record = evaluator.spans[Int(span)]
    let header = try? SpanHeader(record.message, needsStatus: false)
    var attributes: [(name: String, value: ResultValue)] = []
    evaluator.withSlots(of: span) { slots, _ in
      for shown in plan.shown {
        let value = ResultValue(slots[shown.slot])
        if value != .missing || shown.always { attributes.append((shown.name, value)) }
      }
    }
    return SpanResult(
      spanID: SearchCollector.hexadecimal(record.spanID), name: String(header?.name ?? .empty),
      service: String(evaluator.service(of: record)), startTimeUnixNano: record.start,
      duration: record.end > record.start ? Int(clamping: record.end - record.start) : 0,
      attributes: attributes)
  }

  private static func hexadecimal(_ id: ByteView) -> String {
    var text = ""
    for index in 0..<min(id.count, 64) {
      let digits = String(id[index], radix: 16)
      text += digits.utf8.count < 2 ? "0" + digits : digits
    }
    return String(repeating: "0", count: max(0, 32 - text.utf8.count)) + text
  }

  private static func hexadecimal(_ id: UInt64) -> String {
    let digits = String(id, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}

/// Counts the spans that pipelines over traces leave.
///
/// `@unchecked Sendable`: as for `SearchCollector`.
final class MetricsCollector: TraceCollector, @unchecked Sendable {
  private let plan: Plan
  private let evaluator: TraceEvaluator
  /// One for each pipeline that needs traces.
  let series: [SpanAggregator?]

  init(_ plan: Plan, _ grouped: GroupedSpans, _ series: [SpanAggregator?]) {
    self.plan = plan
    self.series = series
    evaluator = TraceEvaluator(plan, grouped)
  }

  var reachedRegexLimit: Bool { evaluator.reachedRegexLimit }

  func collect(_ trace: Int) throws(EngineError) {
    evaluator.load(trace: trace)
    for (index, counted) in series.enumerated() {
      guard let counted else { continue }
      for spanset in try evaluator.run(plan.pipelines[index]) {
        for span in spanset.spans {
          guard let header = try? SpanHeader(evaluator.spans[Int(span)].message, needsStatus: false) else { continue }
          evaluator.withSlots(of: span) { slots, evaluator in counted.observe(header, slots, evaluator) }
        }
      }
    }
  }
}

/// Counts the attributes of the spans that a pipeline leaves.
///
/// `@unchecked Sendable`: as for `SearchCollector`.
final class ComparisonCollector: TraceCollector, @unchecked Sendable {
  private let plan: Plan
  private let grouped: GroupedSpans
  private let evaluator: TraceEvaluator
  let counted: ComparisonAggregator

  init(_ plan: Plan, _ grouped: GroupedSpans, _ counted: ComparisonAggregator) {
    self.plan = plan
    self.grouped = grouped
    self.counted = counted
    evaluator = TraceEvaluator(plan, grouped)
  }

  var reachedRegexLimit: Bool { evaluator.reachedRegexLimit }

  func collect(_ trace: Int) throws(EngineError) {
    evaluator.load(trace: trace)
    for spanset in try evaluator.run(plan.pipelines[0]) {
      for span in spanset.spans {
        let record = evaluator.spans[Int(span)]
        guard let header = try? SpanHeader(record.message, needsStatus: true) else { continue }
        let context = grouped.contexts[Int(record.context)]
        evaluator.withSlots(of: span) { slots, evaluator in counted.observe(header, context, slots, evaluator) }
      }
    }
  }
}
