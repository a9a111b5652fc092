import OTLP
import Platform

/// What aggregators counted, in the order in which it is written: sorted by labels, so that the same spans give the same
/// bytes whatever the order, the files or the threads.
public struct SpanMetricsSnapshot {
  private let aggregator: Aggregator
  private let order: [Int]
  public let graph: GraphResult?
  /// Spans counted.
  public let spans: UInt64
  /// Spans counted in the overflow series.
  public let overflowed: UInt64
  /// Resources for whose `traces_target_info` there was no room.
  public let refusedTargets: Int
  /// Upper bounds of the latency and size buckets: seconds, bytes.
  public let latencyBounds: [Double]
  public let sizeBounds: [Double]

  init(_ aggregator: Aggregator, graph: GraphResult?) {
    self.aggregator = aggregator
    self.graph = graph
    (order, spans, overflowed, refusedTargets, latencyBounds, sizeBounds) = aggregator.withCore { core in
      (
        Self.sortedPositions(core), core.spans, core.overflowed, core.targets.refused,
        core.configuration.latencyBuckets, core.configuration.sizeBuckets
      )
    }
  }

  /// How many series there are, the overflow series included where it is in use.
  public var seriesCount: Int { order.count }

  /// One series of the span metrics.
  public struct Series: Sendable {
    /// The labels that are there, sorted by name.
    public let labels: [(name: String, value: String)]
    /// Seconds.
    public let latency: HistogramValue
    /// Bytes; nil unless kept. Without buckets where only the total is.
    public let size: HistogramValue?
    /// By latency bucket, empty when none are kept.
    public let exemplars: [Exemplar?]
    /// A failed span, where the series is one of failed spans.
    public let counterExemplar: Exemplar?
    /// The writing rounds in which it appeared and in which it moved last.
    let rounds: ClosedRange<UInt64>

    public var calls: Double { latency.count }
  }

  /// Calls `body` with each series. They are made one at a time, so that a hundred thousand need no more memory than one.
  public func forEachSeries<Failure: Error>(_ body: (Series) throws(Failure) -> Void) throws(Failure) {
    for position in order {
      try body(aggregator.withCore { Self.series($0, position) })
    }
  }

  /// The label sets of `traces_target_info`, sorted.
  public var targets: [[(name: String, value: String)]] {
    aggregator.withCore { core in
      var sets: [[(name: String, value: String)]] = []
      for target in core.targets.targets {
        var labels: [(name: String, value: String)] = []
        for label in target.labels { labels.append((label.name, String(core.interner[label.value]))) }
        sets.append(labels)
      }
      return sets.sorted { left, right in
        left.lexicographicallyPrecedes(right) { ($0.name, $0.value) < ($1.name, $1.value) }
      }
    }
  }

  /// The label with most distinct values and how many; for the warning that there are too many series.
  public var widestLabel: (name: String, values: Int)? {
    aggregator.withCore { core in
      var widest: (name: String, values: Int)?
      for column in core.plan.columns {
        var values: Set<UInt32> = []
        for position in 1..<max(1, core.series.count) {
          for source in column.sources { values.insert(Self.number(core, position, source)) }
        }
        if values.count > widest?.values ?? 0 { widest = (column.name, values.count) }
      }
      return widest
    }
  }

  private static func series(_ core: borrowing AggregatorCore, _ position: Int) -> Series {
    let cells = core.series[position].cells
    let size: HistogramValue? =
      switch core.layout.size {
      case .off: nil
      case .total(let at): HistogramValue(sum: Double(cells.wide(at: at)), cumulative: [])
      case .histogram(let histogram): histogram.read(cells, scale: 1)
      }
    let exemplars = core.exemplars.exemplars(of: position)
    return Series(
      labels: labels(core, position), latency: core.layout.latency.read(cells, scale: 1e9), size: size,
      exemplars: exemplars.buckets, counterExemplar: exemplars.counter,
      rounds: cells[CellLayout.firstRound]...max(cells[CellLayout.firstRound], cells[CellLayout.lastRound]))
  }

  private static func labels(_ core: borrowing AggregatorCore, _ position: Int) -> [(name: String, value: String)] {
    if position == 0 { return [("metric_overflow", "true")] }
    var labels: [(name: String, value: String)] = []
    for column in core.plan.columns {
      let value = value(core, position, column)
      if !value.isEmpty { labels.append((column.name, value)) }
    }
    return labels
  }

  /// The value of a label: the last of its sources that has one.
  private static func value(_ core: borrowing AggregatorCore, _ position: Int, _ column: LabelPlan.Column) -> String {
    for source in column.sources.reversed() {
      let key = core.series[position].key
      switch source {
      case .kind:
        return SpanKind(rawValue: key.kind).map { $0.protobufName.description } ?? String(key.kind)
      case .status:
        return StatusCode(rawValue: key.status).map { $0.protobufName.description } ?? String(key.status)
      default:
        let id = number(core, position, source)
        if id != 0 { return String(core.interner[id]) }
      }
    }
    return ""
  }

  /// The number of a source's value; for kind and status, the value itself.
  private static func number(_ core: borrowing AggregatorCore, _ position: Int, _ source: LabelPlan.Source) -> UInt32 {
    let key = core.series[position].key
    switch source {
    case .service: return core.resources[key.resource].service
    case .job: return core.resources[key.resource].job
    case .instance: return core.resources[key.resource].instance
    case .spanName: return key.name
    case .kind: return UInt32(bitPattern: key.kind)
    case .status: return UInt32(bitPattern: key.status)
    case .extra(let index):
      let extras = core.series.extras(position)
      return extras[extras.startIndex + index]
    }
  }

  /// The series that counted anything, in the order of their labels; the overflow series comes last.
  ///
  /// Values are compared as bytes, by the rank that their numbers have among all values sorted once.
  private static func sortedPositions(_ core: borrowing AggregatorCore) -> [Int] {
    let ranks = core.interner.ranks()
    let sources = core.plan.columns.flatMap(\.sources)
    var keys: [UInt32] = []
    keys.reserveCapacity(core.series.count * sources.count)
    for position in 0..<core.series.count {
      for source in sources {
        if position == 0 {
          keys.append(.max)
          continue
        }
        let number = number(core, position, source)
        switch source {
        case .kind, .status: keys.append(number)
        default: keys.append(ranks[Int(number)])
        }
      }
    }
    let layout = core.layout
    var positions: [Int] = []
    for position in 0..<core.series.count {
      if layout.latency.read(core.series[position].cells, scale: 1e9).count > 0 { positions.append(position) }
    }
    let width = sources.count
    return positions.sorted { left, right in
      for index in 0..<width {
        let (a, b) = (keys[left * width + index], keys[right * width + index])
        if a != b { return a < b }
      }
      return left > right
    }
  }
}
