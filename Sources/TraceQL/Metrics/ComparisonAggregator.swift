import OTLP
import Platform

/// What `compare()` counts, on one thread: how often every value of every attribute occurs, among the spans that the
/// selection matches and among the others.
final class ComparisonAggregator {
  private enum Side: UInt8 {
    case baseline, selection
  }

  private let selection: Int32
  private let top: Int
  private let window: ComparisonWindow?
  private let step: Int
  private let range: TimeRange?
  private let rootSlots: [(name: String, slot: Int)]

  private var keys = KeyTable()
  private var scratch = ByteBuffer(capacity: 256)
  private var entries: [(side: Side, name: String, value: ResultValue)] = []
  /// Spans by number of the interval, for each entry.
  private var counts: [[Int: Double]] = []

  /// Nil for another function.
  init?(_ metrics: MetricsPipeline, _ program: Program, step: Int, range: TimeRange?) throws(EngineError) {
    guard case .compare(let filter, let top, let window) = metrics.function else { return nil }
    selection = try program.compile(filter)
    self.top = top
    self.window = window
    self.step = step
    self.range = range
    var slots: [(name: String, slot: Int)] = []
    for intrinsic in [Intrinsic.rootName, .rootServiceName, .childCount] {
      slots.append((intrinsic.rawValue, Int(try program.slot(of: .intrinsic(intrinsic)))))
    }
    rootSlots = slots
  }

  /// An empty one that counts the same.
  init(like other: ComparisonAggregator) {
    (selection, top, window) = (other.selection, other.top, other.window)
    (step, range, rootSlots) = (other.step, other.range, other.rootSlots)
  }

  /// Takes in a span. What cannot be read of it does not count.
  func observe(
    _ header: SpanHeader, _ context: SpanContext, _ slots: UnsafeMutablePointer<Value>, _ evaluator: Evaluator
  ) {
    if let range, header.start <= range.start || header.start > range.end { return }
    var side = Side.baseline
    let isInWindow = window.map { header.start > UInt64($0.start) && header.start <= UInt64($0.end) } ?? true
    if isInWindow, evaluator.evaluate(selection).isTrue { side = .selection }
    let interval = Intervals.number(of: header.start, step: step)
    func note(_ name: String, _ value: Value) { count(side, prefix: "", ByteView.empty, name, value, interval) }
    note(Intrinsic.name.rawValue, .string(header.name))
    note(Intrinsic.kind.rawValue, .kind(SpanKind(wire: header.kind)))
    note(Intrinsic.status.rawValue, .status(StatusCode(wire: header.statusCode)))
    note(Intrinsic.statusMessage.rawValue, .string(header.statusMessage))
    for root in rootSlots { note(root.name, slots[root.slot]) }
    note(Intrinsic.instrumentationName.rawValue, .string(context.scope.name))
    note(Intrinsic.instrumentationVersion.rawValue, .string(context.scope.version))
    try? count(side, "resource.", context.resource.attributes, interval)
    try? count(side, "instrumentation.", context.scope.attributes, interval)
    try? count(side, "span.", RepeatedField(header.rest, field: 9), interval)
    var events = RepeatedField<EventView>(header.rest, field: 11)
    while let event = try? events.next() {
      note(Intrinsic.eventName.rawValue, .string(event.name))
      try? count(side, "event.", event.attributes, interval)
    }
    var links = RepeatedField<LinkView>(header.rest, field: 13)
    while let link = try? links.next() { try? count(side, "link.", link.attributes, interval) }
  }

  private func count(
    _ side: Side, _ prefix: StaticString, _ attributes: RepeatedField<KeyValueView>, _ interval: Int
  ) throws(WireError) {
    var rest = attributes
    while let attribute = try rest.next() {
      count(side, prefix: prefix, attribute.key, nil, Value(try attribute.value), interval)
    }
  }

  private func count(
    _ side: Side, prefix: StaticString, _ key: ByteView, _ name: String?, _ value: Value, _ interval: Int
  ) {
    if value.isMissing { return }
    scratch.removeAll()
    scratch.append(side.rawValue)
    if let name {
      scratch.append(name)
    } else {
      scratch.append(prefix)
      scratch.append(key)
    }
    scratch.append(0)
    SeriesKey.append(value, to: &scratch)
    let (index, inserted) = keys.insert(scratch.view)
    if inserted {
      entries.append((side, name ?? "\(prefix)\(String(key))", ResultValue(value)))
      counts.append([:])
    }
    counts[index][interval, default: 0] += 1
  }

  /// Adds what another thread counted.
  func merge(_ other: ComparisonAggregator) {
    for source in other.entries.indices {
      let (index, inserted) = keys.insert(other.keys.key(source))
      if inserted {
        entries.append(other.entries[source])
        counts.append([:])
      }
      counts[index].merge(other.counts[source], uniquingKeysWith: +)
    }
  }

  /// The first and last interval with a span.
  var observed: (low: Int, high: Int)? {
    guard let low = counts.compactMap({ $0.keys.min() }).min(), let high = counts.compactMap({ $0.keys.max() }).max()
    else { return nil }
    return (low, high)
  }

  /// The most frequent values of every attribute on either side, and how many spans have the attribute at all.
  func series(_ intervals: Intervals) -> [Series] {
    let inOrder = entries.indices.sorted {
      (entries[$0].name, entries[$0].side.rawValue) < (entries[$1].name, entries[$1].side.rawValue)
    }
    var rest = inOrder[...]
    var result: [Series] = []
    while let first = rest.first {
      let name = entries[first].name
      let members = rest.prefix { entries[$0].name == name && entries[$0].side == entries[first].side }
      rest = rest.dropFirst(members.count)
      let side = entries[first].side == .baseline ? "baseline" : "selection"
      var total = [Double](repeating: 0, count: intervals.count)
      var valued: [(values: [Double], sum: Double, value: ResultValue)] = []
      for index in members {
        var values = [Double](repeating: 0, count: intervals.count)
        for (interval, count) in counts[index] where values.indices.contains(interval - intervals.first) {
          values[interval - intervals.first] = count
          total[interval - intervals.first] += count
        }
        valued.append((values, values.reduce(0, +), entries[index].value))
      }
      for entry in valued.sorted(by: { ($0.sum, $1.value.text) > ($1.sum, $0.value.text) }).prefix(top) {
        result.append(Series(labels: [("__meta_type", .string(side)), (name, entry.value)], values: entry.values))
      }
      result.append(Series(labels: [("__meta_type", .string(side + "_total")), (name, .missing)], values: total))
    }
    return result
  }
}
