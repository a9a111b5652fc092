import OTLP
import Platform

/// Evaluates queries over traces at hand.
///
/// One pass over the input tests every span on its own. A metrics query over single spans is done then. Otherwise the
/// traces that can pass are known, a second pass over the kept input collects their spans, and the pipeline runs over
/// each of these traces.
public struct LocalEngine: Sendable {
  /// How a query is evaluated.
  public struct Options: Sendable {
    /// Most traces in the result; 0 for all.
    public var limit = 20
    /// Most spans of a spanset in the result; 0 for all.
    public var spansPerSpanset = 3
    /// Only what lies in this range: traces that touch it, and for metrics spans that start in it.
    public var range: TimeRange?
    /// Length of the intervals of a metrics query, in ns.
    public var step = 60_000_000_000
    /// Whether a metrics query gives one value over the whole range instead of one for each interval.
    public var isInstant = false
    /// The most bytes of memory for trace data.
    public var memoryLimit = 1 << 30
    /// How many threads work.
    public var threads = processorCount
    /// Whether bad records are counted and passed over.
    public var skipsBad = false
    /// What a rate is computed over, where that is not an interval.
    var rangeForRate: TimeRange?
    /// Whether the range lies on whole intervals already.
    var isAligned = false
    /// Whether the result of a search holds all spans of its traces.
    public var keepsTraces = false

    /// Tempo's defaults.
    public init() {}
  }

  private let query: Query
  private let options: Options

  /// An engine for one query.
  public init(_ query: Query, _ options: Options = Options()) {
    self.query = query
    self.options = options
  }

  // MARK: Search

  /// The traces that a search finds in `source`.
  public func search(_ source: TraceSource) throws(EngineError) -> SearchResult {
    guard case .search(let pipeline) = query.body else { throw .wrongKind }
    let plan = try Plan(pipeline)
    let run = QueryRun(plan, options)
    let found = try run.collect(source, limit: options.range == nil ? options.limit : 0) { grouped, chosen in
      SearchCollector(plan, grouped, chosen, options)
    }
    var traces = found.flatMap(\.traces)
    traces.sort { ($0.startTimeUnixNano, $0.traceID) > ($1.startTimeUnixNano, $1.traceID) }
    if options.limit > 0, traces.count > options.limit { traces.removeLast(traces.count - options.limit) }
    return SearchResult(traces: traces, inspectedBytes: run.inspectedBytes, skipped: run.skipped)
  }

  // MARK: Operations

  /// The operations that the spans of a search belong to, with every call of each. The range counts as for a search.
  public func operations(_ source: TraceSource) throws(EngineError) -> OperationRecording {
    guard case .search(let pipeline) = query.body else { throw .wrongKind }
    let plan = try Plan(pipeline, needsTree: true)
    let run = QueryRun(plan, options)
    let range = options.range
    let collectors = try run.collect(source) { grouped, _ in OperationCollector(plan, grouped, range) }
    var recording = OperationRecording()
    for collector in collectors { recording.merge(collector.finish()) }
    recording.skipped = run.skipped
    return recording
  }

  // MARK: Metrics

  /// The series that a metrics query gives over `source`.
  public func metrics(_ source: TraceSource) throws(EngineError) -> MetricsResult {
    guard case .metrics(let expression) = query.body else { throw .wrongKind }
    if options.isInstant {
      guard let range = options.range else { throw .noRange }
      var options = options
      options.isInstant = false
      options.isAligned = true
      // One interval as long as time holds the whole range, its first moment included.
      options.step = .max / 2
      options.rangeForRate = range
      options.range?.start -= range.start > 0 ? 1 : 0
      var result = try LocalEngine(query, options).metrics(source)
      result.isInstant = true
      result.intervals = Intervals(first: 1, last: 1, step: Int(clamping: range.end))
      return result
    }
    if let range = options.range, !options.isAligned {
      var options = options
      options.isAligned = true
      options.range = Intervals.aligned(range, step: options.step)
      return try LocalEngine(query, options).metrics(source)
    }
    let sources = expression.pipelines
    if case .compare = sources[0].function { return try compare(sources[0], source) }
    let plan = try Plan(sources)
    let options = options
    let exemplars = query.exemplars / sources.count
    func observer(_ metrics: MetricsPipeline) throws(EngineError) -> SpanAggregator {
      try SpanAggregator(
        metrics, plan.program, step: max(1, options.step), range: options.range, exemplars: exemplars)
    }
    // Once here, so that every slot is known before any thread begins.
    var observers: [SpanAggregator] = []
    for source in sources { observers.append(try observer(source)) }
    let run = QueryRun(plan, options)
    let passes = try run.firstPass(source) { () throws(EngineError) in
      var series: [SpanAggregator?] = []
      for (source, pipeline) in zip(sources, plan.pipelines) {
        series.append(pipeline.condition == nil ? nil : try observer(source))
      }
      return series
    }
    for pass in passes {
      for (index, counted) in pass.series.enumerated() { if let counted { observers[index].merge(counted) } }
    }
    if !plan.needsNoTraces {
      let collectors = try run.collect(after: passes) { (grouped, _) throws(EngineError) in
        var series: [SpanAggregator?] = []
        for (source, pipeline) in zip(sources, plan.pipelines) {
          series.append(pipeline.condition == nil ? try observer(source) : nil)
        }
        return MetricsCollector(plan, grouped, series)
      }
      for collector in collectors {
        for (index, counted) in collector.series.enumerated() { if let counted { observers[index].merge(counted) } }
      }
    }
    return try finish(expression, sources, observers, run)
  }

  /// `compare()`, which stands alone in its query and names root spans, so that it needs whole traces.
  private func compare(_ metrics: MetricsPipeline, _ source: TraceSource) throws(EngineError) -> MetricsResult {
    let plan = try Plan([metrics])
    let step = max(1, options.step)
    guard let counted = try ComparisonAggregator(metrics, plan.program, step: step, range: options.range) else {
      throw .wrongKind
    }
    let run = QueryRun(plan, options)
    let collectors = try run.collect(source) { grouped, _ in
      ComparisonCollector(plan, grouped, ComparisonAggregator(like: counted))
    }
    for collector in collectors { counted.merge(collector.counted) }
    let intervals = try intervals([counted.observed], step)
    return MetricsResult(
      series: counted.series(intervals), intervals: intervals, inspectedBytes: run.inspectedBytes, skipped: run.skipped)
  }

  /// The intervals of the range that was asked for, or of what was seen.
  private func intervals(_ seen: [(low: Int, high: Int)?], _ step: Int) throws(EngineError) -> Intervals {
    let intervals: Intervals
    if let range = options.range {
      intervals = Intervals(start: range.start, end: range.end, step: step)
    } else if let low = seen.compactMap({ $0?.low }).min(), let high = seen.compactMap({ $0?.high }).max() {
      intervals = Intervals(first: low, last: high, step: step)
    } else {
      intervals = Intervals(first: 1, last: 0, step: step)
    }
    guard intervals.count <= Intervals.maximum else { throw .tooManyIntervals(limit: Intervals.maximum) }
    return intervals
  }

  private func finish(
    _ expression: MetricsExpression, _ sources: [MetricsPipeline], _ observers: [SpanAggregator], _ run: QueryRun
  ) throws(EngineError) -> MetricsResult {
    let intervals = try intervals(observers.map(\.observed), max(1, options.step))
    guard !observers.contains(where: \.isTooWide) else { throw .tooManyIntervals(limit: Intervals.maximum) }
    var series = SecondStages.evaluate(expression) { next in
      defer { next += 1 }
      let seconds = options.rangeForRate.map { Double($0.end - $0.start) / 1e9 } ?? Double(intervals.step) / 1e9
      return SeriesFunctions.series(sources[next], observers[next], intervals, secondsPerInterval: seconds)
    }
    series.removeAll { $0.values.allSatisfy(\.isNaN) }
    series.sort(by: SecondStages.inLabelOrder)
    return MetricsResult(
      series: series, intervals: intervals, inspectedBytes: run.inspectedBytes, skipped: run.skipped)
  }
}

extension MetricsExpression {
  /// The pipelines from left to right.
  var pipelines: [MetricsPipeline] {
    switch self {
    case .pipeline(let metrics): [metrics]
    case .second(_, let operand), .scalar(_, _, let operand, _): operand.pipelines
    case .binary(_, let left, let right): left.pipelines + right.pipelines
    }
  }
}
