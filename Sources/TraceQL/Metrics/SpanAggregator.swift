import Platform
import Traces

/// Counts spans into series, on one thread.
protocol SpanObserver: AnyObject {
  /// The slots it reads.
  var reads: [Int] { get }
  /// Takes in a span that passed the filters.
  func observe(_ header: SpanHeader, _ slots: UnsafeMutablePointer<Value>, _ evaluator: Evaluator)
}

/// The series of one metrics function, as counted by one thread.
///
/// Samples of all series stand in one array, `width` to a series, beginning with interval number `first`. The range of
/// intervals grows with what is observed.
final class SpanAggregator: SpanObserver {
  /// What a series holds per interval.
  private enum Cell {
    case count
    case minimum
    case maximum
    case sum
    case average
  }

  private let cell: Cell
  /// Whether the spans are sorted into buckets by the value, instead of being added up.
  private let isBucketed: Bool
  private let valueSlot: Int?
  /// Durations count in seconds.
  private let isDuration: Bool
  private let by: [Int]
  private let step: Int
  private let range: TimeRange?
  let reads: [Int]
  /// Those of `reads` that hold a value for each event or link.
  private var elements: [ElementSlot]?
  /// The series that the current span counts in already, through another of its events or links.
  private var counted: [Int] = []
  /// The most exemplars that are kept, and the number in the query for which they are.
  private let exemplarLimit: Int
  private var exemplars: [ExemplarPlace: Series.Exemplar] = [:]

  private struct ExemplarPlace: Hashable {
    var series: Int
    var interval: Int
  }

  private var keys = KeyTable()
  private var scratch = ByteBuffer(capacity: 256)
  private var lastKey = ByteBuffer(capacity: 256)
  private var lastSeries = -1
  private(set) var labels: [[ResultValue]] = []
  private(set) var first = 0
  private(set) var width = 0
  private var values: ContiguousArray<Double> = []
  private var weights: ContiguousArray<Double> = []
  /// Whether the intervals became too many.
  private(set) var isTooWide = false
  private var seen: (low: Int, high: Int)?

  init(_ metrics: MetricsPipeline, _ program: Program, step: Int, range: TimeRange?, exemplars: Int = 0)
    throws(EngineError)
  {
    exemplarLimit = exemplars
    self.step = step
    self.range = range
    var attribute: Attribute?
    switch metrics.function {
    case .rate, .countOverTime, .compare: (cell, isBucketed) = (.count, false)
    case .minOverTime(let value): (cell, isBucketed, attribute) = (.minimum, false, value)
    case .maxOverTime(let value): (cell, isBucketed, attribute) = (.maximum, false, value)
    case .sumOverTime(let value): (cell, isBucketed, attribute) = (.sum, false, value)
    case .avgOverTime(let value): (cell, isBucketed, attribute) = (.average, false, value)
    case .quantileOverTime(let value, _), .histogramOverTime(let value):
      (cell, isBucketed, attribute) = (.count, true, value)
    }
    isDuration = attribute == .intrinsic(.duration)
    var by: [Int] = []
    for name in metrics.by { by.append(Int(try program.slot(of: name))) }
    self.by = by
    if let attribute { valueSlot = Int(try program.slot(of: attribute)) } else { valueSlot = nil }
    reads = by + (valueSlot.map { [$0] } ?? [])
  }

  /// The first and last interval with a span.
  var observed: (low: Int, high: Int)? { seen }

  func observe(_ header: SpanHeader, _ slots: UnsafeMutablePointer<Value>, _ evaluator: Evaluator) {
    if let range, header.start <= range.start || header.start > range.end { return }
    let elements = elements ?? evaluator.elements(among: reads)
    self.elements = elements
    if elements.isEmpty { return observe(header, slots, isElement: false) }
    counted.removeAll(keepingCapacity: true)
    evaluator.forEachElement(elements) { observe(header, slots, isElement: true) }
  }

  private func observe(_ header: SpanHeader, _ slots: UnsafeMutablePointer<Value>, isElement: Bool) {
    var number = 0.0
    var bucket = 0.0
    if let valueSlot {
      let value = slots[valueSlot].first
      guard let found = value.number else {
        // A series comes into being even when none of its spans has a value, except for averages and buckets.
        if cell == .average || isBucketed { return }
        _ = place(header, slots, bucket: 0)
        return
      }
      if isBucketed {
        guard let bound = SpanAggregator.bucket(value) else { return }
        bucket = bound
      } else {
        number = isDuration ? found / 1e9 : found
      }
    }
    guard let index = place(header, slots, bucket: bucket) else { return }
    if exemplars.count < exemplarLimit { addExemplar(header, index, valueSlot == nil ? .nan : number) }
    switch cell {
    case .count where isElement && !isBucketed:
      // A span counts once in a series, however many of its events belong there.
      if counted.contains(index) { return }
      counted.append(index)
      values[index] += 1
    case .count: values[index] += 1
    case .minimum: if !(values[index] <= number) { values[index] = number }
    case .maximum: if !(values[index] >= number) { values[index] = number }
    case .sum: values[index] = values[index].isNaN ? number : values[index] + number
    case .average:
      values[index] = values[index].isNaN ? number : values[index] + number
      weights[index] += 1
    }
  }

  /// Keeps one span for each sample.
  private func addExemplar(_ header: SpanHeader, _ place: Int, _ value: Double) {
    let key = ExemplarPlace(series: place / width, interval: first + place % width)
    guard exemplars[key] == nil else { return }
    exemplars[key] = Series.Exemplar(traceID: SpanReader.hex(header.traceID), value: value, time: header.start)
  }

  /// The exemplars of a series that lie in some intervals, in order of time.
  func exemplars(of series: Int, _ intervals: Intervals) -> [Series.Exemplar] {
    exemplars.filter {
      $0.key.series == series && intervals.first..<(intervals.first + intervals.count) ~= $0.key.interval
    }.map(\.value).sorted { $0.time < $1.time }
  }

  /// The upper bound of a value's bucket: the next power of two, of durations in seconds. Values below 2 and fractions
  /// have none.
  private static func bucket(_ value: Value) -> Double? {
    switch value {
    case .int(let number) where number >= 2: power(atLeast: number)
    case .duration(let number) where number >= 2: power(atLeast: number) / 1e9
    default: nil
    }
  }

  private static func power(atLeast number: Int) -> Double {
    Double(sign: .plus, exponent: Int.bitWidth - (number - 1).leadingZeroBitCount, significand: 1)
  }

  /// Where the sample of a span is counted.
  private func place(_ header: SpanHeader, _ slots: UnsafeMutablePointer<Value>, bucket: Double) -> Int? {
    let interval = Intervals.number(of: header.start, step: step)
    let series = self.series(slots, bucket)
    if interval < first || interval >= first + width {
      guard widen(to: interval) else { return nil }
    }
    if let known = seen {
      if interval < known.low || interval > known.high { seen = (min(known.low, interval), max(known.high, interval)) }
    } else {
      seen = (interval, interval)
    }
    return series * width + interval - first
  }

  private func series(_ slots: UnsafeMutablePointer<Value>, _ bucket: Double) -> Int {
    if by.isEmpty, !isBucketed, lastSeries >= 0 { return lastSeries }
    scratch.removeAll()
    for slot in by { SeriesKey.append(slots[slot].first, to: &scratch) }
    if isBucketed { scratch.append(littleEndian: bucket.bitPattern) }
    // Spans of one resource stand together, and so do those of one series.
    if lastSeries >= 0, scratch.view == lastKey.view { return lastSeries }
    let (index, inserted) = keys.insert(scratch.view)
    if inserted {
      var label = by.map { ResultValue(slots[$0]) }
      if isBucketed { label.append(.double(bucket)) }
      labels.append(label)
      grow()
    }
    lastSeries = index
    swap(&scratch, &lastKey)
    return index
  }

  private func grow() {
    values.append(contentsOf: repeatElement(cell == .count ? 0 : .nan, count: width))
    if cell == .average { weights.append(contentsOf: repeatElement(0, count: width)) }
  }

  /// Makes room for an interval; false when there would be too many.
  private func widen(to interval: Int) -> Bool {
    let low = width == 0 ? interval : min(first, interval)
    let high = width == 0 ? interval : max(first + width - 1, interval)
    guard high - low < Intervals.maximum else {
      isTooWide = true
      return false
    }
    // Room to either side is doubled, so that growing step by step stays cheap.
    let needed = high - low + 1
    let room = max(16, needed + needed / 2)
    let start = interval < first && width > 0 ? high + 1 - room : low
    values = moved(values, to: start, room, empty: cell == .count ? 0 : .nan)
    if cell == .average { weights = moved(weights, to: start, room, empty: 0) }
    first = start
    width = room
    return true
  }

  private func moved(
    _ samples: ContiguousArray<Double>, to start: Int, _ room: Int, empty: Double
  ) -> ContiguousArray<Double> {
    var wider = ContiguousArray(repeating: empty, count: room * labels.count)
    for series in labels.indices {
      for index in 0..<width where series * width + index < samples.count {
        wider[series * room + first + index - start] = samples[series * width + index]
      }
    }
    return wider
  }

  /// Adds what another thread counted.
  func merge(_ other: SpanAggregator) {
    isTooWide = isTooWide || other.isTooWide
    guard let observed = other.seen else { return }
    for interval in [observed.low, observed.high] where interval < first || interval >= first + width {
      guard widen(to: interval) else { return }
    }
    seen = seen.map { (min($0.low, observed.low), max($0.high, observed.high)) } ?? observed
    for source in other.labels.indices {
      let (target, inserted) = keys.insert(other.keys.key(source))
      if inserted {
        labels.append(other.labels[source])
        grow()
      }
      for (place, exemplar) in other.exemplars where place.series == source && exemplars.count < exemplarLimit {
        exemplars[ExemplarPlace(series: target, interval: place.interval)] = exemplar
      }
      for interval in observed.low...observed.high {
        let from = source * other.width + interval - other.first
        let to = target * width + interval - first
        let value = other.values[from]
        if value.isNaN { continue }
        switch cell {
        case .count: values[to] += value
        case .minimum: if !(values[to] <= value) { values[to] = value }
        case .maximum: if !(values[to] >= value) { values[to] = value }
        case .sum: values[to] = values[to].isNaN ? value : values[to] + value
        case .average:
          values[to] = values[to].isNaN ? value : values[to] + value
          weights[to] += other.weights[from]
        }
      }
    }
    lastSeries = labels.count == 1 && by.isEmpty && !isBucketed ? 0 : -1
  }

  /// The samples of a series over some intervals: counts, extremes, sums or means.
  func samples(_ series: Int, _ intervals: Intervals) -> [Double] {
    (0..<intervals.count).map { index in
      let interval = intervals.first + index
      guard interval >= first, interval < first + width else { return cell == .count ? 0 : .nan }
      let place = series * width + interval - first
      return cell == .average ? values[place] / weights[place] : values[place]
    }
  }
}

/// A range of time: after `start`, up to and including `end`, in ns since 1970.
public struct TimeRange: Sendable, Equatable {
  public var start: UInt64
  public var end: UInt64

  /// After `start`, up to and including `end`.
  public init(start: UInt64, end: UInt64) {
    self.start = start
    self.end = end
  }
}

/// Values as bytes, such that equal bytes mean equal values.
enum SeriesKey {
  static func append(_ value: Value, to key: inout ByteBuffer) {
    switch value {
    case .unknown, .missing, .several: key.append(0)
    case .string(let text):
      key.append(1)
      key.append(littleEndian: UInt32(truncatingIfNeeded: text.count))
      key.append(text)
    case .int(let number): append(2, UInt64(bitPattern: Int64(number)), to: &key)
    case .float(let number): append(3, number.bitPattern, to: &key)
    case .duration(let number): append(4, UInt64(bitPattern: Int64(number)), to: &key)
    case .bool(let value): append(5, value ? 1 : 0, to: &key)
    case .status(let value): append(6, UInt64(bitPattern: Int64(value.rawValue)), to: &key)
    case .kind(let value): append(7, UInt64(bitPattern: Int64(value.rawValue)), to: &key)
    case .array(var elements):
      key.append(8)
      while let element = try? elements.next() { append(Value(element), to: &key) }
      key.append(9)
    }
  }

  private static func append(_ tag: UInt8, _ payload: UInt64, to key: inout ByteBuffer) {
    key.append(tag)
    key.append(littleEndian: payload)
  }
}
