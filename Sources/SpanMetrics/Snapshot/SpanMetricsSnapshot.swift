import MetricProfiles
import OTLP
import Platform
import Synchronization

/// What was counted up to one moment: a copy that belongs to nobody, so that it can be written, however long that takes,
/// while spans go on being counted. The texts of its labels are shared.
public struct SpanMetricsSnapshot: Sendable {
  let plan: LabelPlan
  let layout: CellLayout
  let texts: InternedTexts
  private let keys: [SpanSeriesKey]
  private let extras: [UInt32]
  private let cells: [UInt64]
  private let resources: [ResourceLabels]
  private let exemplars: ExemplarTable
  private let natives: NativeTable
  let histograms: HistogramForm
  let profile: MetricProfile
  /// Which metrics of spans are written.
  public let parts: MetricParts
  private let targetSet: Set<TargetTable.Target>
  private let hostSet: Set<TargetTable.Target>
  let events: [EventTable.Entry]
  private let sorting = SortedSeries()

  public let graph: GraphResult?
  /// Spans counted.
  public let spans: UInt64
  /// Spans left out by the filter, and those that ended too long ago.
  public let filtered: UInt64
  public let tooOld: UInt64
  /// Spans counted in the overflow series.
  public let overflowed: UInt64
  /// Resources for whose `traces_target_info` there was no room.
  public let refusedTargets: Int
  /// Upper bounds of the latency and size buckets: seconds, bytes.
  public let latencyBounds: [Double]
  public let sizeBounds: [Double]

  init(_ core: borrowing AggregatorCore, graph: GraphResult?) {
    plan = core.keyer.plan
    layout = core.layout
    texts = core.keyer.interner.texts
    keys = core.keyer.series.keys
    extras = core.keyer.series.allExtras
    cells = core.keyer.series.allCells
    resources = core.keyer.resources.all
    exemplars = core.counter.exemplars
    natives = core.counter.natives
    histograms = core.configuration.histograms
    profile = core.configuration.profile
    parts = core.configuration.parts
    targetSet = core.keyer.targets.targets
    hostSet = core.keyer.targets.hosts
    events = core.events.entries
    self.graph = graph
    spans = core.spans
    filtered = core.filtered
    tooOld = core.tooOld
    overflowed = core.overflowed
    refusedTargets = core.keyer.targets.refused
    latencyBounds = core.configuration.latencyBuckets
    sizeBounds = core.configuration.sizeBuckets
  }

  /// Whether both are the same snapshot, not merely equal.
  public func isSame(as other: SpanMetricsSnapshot) -> Bool { sorting === other.sorting }

  /// How many places there are for series; some, the overflow series first, may have counted nothing.
  var positions: Int { keys.count }

  /// Whether anything was counted.
  var hasSeries: Bool { (0..<positions).contains { withCells($0, layout.latency.hasAny) } }

  /// How many series there are, the overflow series included where it is in use.
  public var seriesCount: Int { sorted.count }

  /// The series that counted anything, in the order of their labels, so that the same spans give the same bytes whatever
  /// the order, the files or the threads. The overflow series comes last.
  var sorted: [Int32] { sorting.get { sortedPositions() } }

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

    public var calls: Double { latency.count }
  }

  /// Calls `body` with each series. They are made one at a time, so that a hundred thousand need no more memory than one.
  public func forEachSeries<Failure: Error>(_ body: (Series) throws(Failure) -> Void) throws(Failure) {
    for position in sorted { try body(series(Int(position))) }
  }

  /// The label sets of `traces_target_info`, sorted.
  public var targets: [[(name: String, value: String)]] { labelSets(targetSet) }

  /// The label sets of `traces_host_info`, sorted.
  public var hosts: [[(name: String, value: String)]] { labelSets(hostSet) }

  private func labelSets(_ targets: Set<TargetTable.Target>) -> [[(name: String, value: String)]] {
    var sets: [[(name: String, value: String)]] = []
    for target in targets {
      sets.append(target.labels.map { ($0.name, String(texts[$0.value])) })
    }
    return sets.sorted { left, right in
      left.lexicographicallyPrecedes(right) { ($0.name, $0.value) < ($1.name, $1.value) }
    }
  }

  /// The label with most distinct values and how many; for the warning that there are too many series.
  public var widestLabel: (name: String, values: Int)? {
    var widest: (name: String, values: Int)?
    for column in plan.columns {
      var values: Set<UInt32> = []
      for position in 1..<max(1, positions) {
        for source in column.sources { values.insert(number(position, source)) }
      }
      if values.count > widest?.values ?? 0 { widest = (column.name, values.count) }
    }
    return widest
  }

  // MARK: - One series

  func key(_ position: Int) -> SpanSeriesKey { keys[position] }

  func extras(_ position: Int) -> ArraySlice<UInt32> {
    let count = plan.extras.count
    return extras[position * count..<(position + 1) * count]
  }

  func resource(_ number: UInt32) -> ResourceLabels { resources[Int(number)] }
  var resourceCount: Int { resources.count }
  var rawTargets: Set<TargetTable.Target> { targetSet }
  var rawHosts: Set<TargetTable.Target> { hostSet }

  /// See `LabelPlan.attributeNames`.
  var attributeNames: [String: String] { plan.attributeNames }

  /// Calls `body` with the cells of a series, laid out as `layout` says.
  func withCells<Result>(_ position: Int, _ body: (UnsafePointer<UInt64>) -> Result) -> Result {
    cells.withUnsafeBufferPointer { buffer in
      // There are `layout.stride` words, never none, for each position.
      body(buffer.baseAddress.unsafelyUnwrapped + position * layout.stride)
    }
  }

  /// The writing rounds in which a series appeared and in which it moved last.
  func rounds(_ position: Int) -> ClosedRange<UInt64> {
    withCells(position) { cells in
      let first = cells[CellLayout.firstRound]
      return first...max(first, cells[CellLayout.lastRound])
    }
  }

  func latency(_ position: Int) -> HistogramValue {
    var value = withCells(position) { layout.latency.read($0, scale: Double(Nanoseconds.perSecond)) }
    value.native = natives[position]
    return value
  }

  func native(_ position: Int) -> NativeHistogram? { natives[position] }

  func size(_ position: Int) -> HistogramValue? {
    withCells(position) { cells in
      switch layout.size {
      case .off: nil
      case .total(let at): HistogramValue(sum: Double(cells.wide(at: at)), cumulative: [])
      case .histogram(let histogram): histogram.read(cells, scale: 1)
      }
    }
  }

  /// The exemplars of a series by latency bucket, and that of its counter.
  func exemplars(_ position: Int) -> (buckets: [Exemplar?], counter: Exemplar?) { exemplars.exemplars(of: position) }

  private func series(_ position: Int) -> Series {
    let exemplars = exemplars(position)
    return Series(
      labels: labels(position).map { ($0.name, $0.value.string) }, latency: latency(position), size: size(position),
      exemplars: exemplars.buckets, counterExemplar: exemplars.counter)
  }

  /// The labels of a series that are there, sorted by name; valid as long as the snapshot is.
  func labels(_ position: Int) -> [MetricLabel] {
    if position == 0 { return [MetricLabel("metric_overflow", .fixed("true"))] }
    return labels(keys[position], extras(position))
  }

  /// Whether any events were counted.
  public var hasEvents: Bool { !events.isEmpty }

  /// The places of the series of events, in the order of their labels.
  var sortedEvents: [Int] {
    let texts = events.indices.map { index in eventPoint(index).labels.flatMap { [$0.name, $0.value.string] } }
    return events.indices.sorted { texts[$0].lexicographicallyPrecedes(texts[$1]) }
  }

  /// The series of events, in the order of their labels.
  public var eventPoints: [MetricPoint] { sortedEvents.map { eventPoint($0) } }

  func eventPoint(_ index: Int) -> MetricPoint {
    let event = events[index]
    var labels = [MetricLabel("metric_overflow", .fixed("true"))]
    if let series = event.key.series {
      labels = self.labels(series, event.key.extras[...])
      for (label, id) in zip(plan.eventLabels, event.key.values) where id != 0 {
        labels.append(MetricLabel(label, .bytes(texts[id])))
      }
      labels.sort { $0.name < $1.name }
    }
    return MetricPoint(
      labels: labels, value: .number(Double(event.count) * Weight.unit),
      rounds: event.firstRound...max(event.firstRound, event.lastRound))
  }

  private func labels(_ key: SpanSeriesKey, _ extras: ArraySlice<UInt32>) -> [MetricLabel] {
    var labels: [MetricLabel] = []
    labels.reserveCapacity(plan.columns.count)
    for column in plan.columns {
      if let value = value(key, extras, column) { labels.append(MetricLabel(column.name, value)) }
    }
    return labels
  }

  /// The value of a label: the last of its sources that has one.
  private func value(
    _ key: SpanSeriesKey, _ extras: ArraySlice<UInt32>, _ column: LabelPlan.Column
  ) -> MetricLabel.Value? {
    for source in column.sources.reversed() {
      switch source {
      case .kind:
        let kind = key.kind
        guard let known = SpanKind(rawValue: kind) else { return .text(String(kind)) }
        return profile.kindPrefix == "SPAN_KIND_"
          ? .fixed(known.protobufName) : .text(profile.kindValue("\(known)"))
      case .status:
        let status = key.status
        guard let known = StatusCode(rawValue: status) else { return .text(String(status)) }
        return known == .error ? .text(profile.errorStatus) : .fixed(known.protobufName)
      default:
        let id = number(key, extras, source)
        if id != 0 { return .bytes(texts[id]) }
      }
    }
    return nil
  }

  /// The number of a source's value; for kind and status, the value itself.
  private func number(_ position: Int, _ source: LabelPlan.Source) -> UInt32 {
    number(keys[position], extras(position), source)
  }

  private func number(_ key: SpanSeriesKey, _ extras: ArraySlice<UInt32>, _ source: LabelPlan.Source) -> UInt32 {
    switch source {
    case .service: return resources[Int(key.resource)].service
    case .job: return resources[Int(key.resource)].job
    case .instance: return resources[Int(key.resource)].instance
    case .spanName: return key.name
    case .kind: return UInt32(bitPattern: key.kind)
    case .status: return UInt32(bitPattern: key.status)
    case .extra(let index): return extras[extras.startIndex + index]
    }
  }

  /// Values are compared as bytes, by the rank that their numbers have among all values sorted once.
  private func sortedPositions() -> [Int32] {
    let ranks = texts.ranks()
    let sources = plan.columns.flatMap(\.sources)
    var order: [UInt32] = []
    order.reserveCapacity(positions * sources.count)
    for position in 0..<positions {
      for source in sources {
        if position == 0 {
          order.append(.max)
          continue
        }
        let number = number(position, source)
        switch source {
        case .kind, .status: order.append(number)
        default: order.append(ranks[Int(number)])
        }
      }
    }
    var used: [Int32] = []
    used.reserveCapacity(positions)
    for position in 0..<positions where withCells(position, layout.latency.hasAny) { used.append(Int32(position)) }
    let width = sources.count
    return order.withUnsafeBufferPointer { order in
      used.sorted { left, right in
        for index in 0..<width {
          let (a, b) = (order[Int(left) * width + index], order[Int(right) * width + index])
          if a != b { return a < b }
        }
        return left > right
      }
    }
  }
}

/// The order of a snapshot's series, found when somebody asks for it.
private final class SortedSeries: Sendable {
  private let order = Monitor<[Int32]?>(nil)

  func get(_ make: () -> [Int32]) -> [Int32] {
    order.withLock { order in
      if let order { return order }
      let made = make()
      order = made
      return made
    }
  }
}

/// A label of a series, its value where it stands.
public struct MetricLabel {
  public enum Value {
    case text(String)
    /// Valid as long as the snapshot that it came from.
    case bytes(ByteView)
  }

  public let name: String
  public let value: Value

  init(_ name: String, _ value: Value) {
    self.name = name
    self.value = value
  }
}

extension MetricLabel.Value {
  static func fixed(_ text: StaticString) -> MetricLabel.Value {
    .bytes(ByteView(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  public var string: String {
    switch self {
    case .text(let text): text
    case .bytes(let bytes): String(bytes)
    }
  }

  /// Calls `body` with the value's bytes.
  public func withBytes<Result, Failure: Error>(
    _ body: (ByteView) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch self {
    case .bytes(let bytes): return try body(bytes)
    case .text(let text): return try Array(text.utf8).withByteView(body)
    }
  }
}
