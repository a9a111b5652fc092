import Platform

/// One time series. Sample `i` belongs to interval `i` of the result; NaN stands for no sample.
public struct Series: Sendable {
  public typealias Label = (name: String, value: ResultValue)

  public var labels: [Label]
  public var values: [Double]
  /// Spans that were counted, where the query asks for examples.
  public var exemplars: [Exemplar] = []

  /// One span among those that a sample stands for.
  public struct Exemplar: Sendable {
    /// 32 hexadecimal digits.
    public var traceID: String
    /// The number that was counted, durations in seconds; NaN where spans are.
    public var value: Double
    /// Start of the span, ns since 1970.
    public var time: UInt64
  }

  public init(labels: [Label], values: [Double]) {
    self.labels = labels
    self.values = values
  }

  /// The labels without the name of the metric, by which series are matched.
  var key: [ResultValue: ResultValue] {
    var key: [ResultValue: ResultValue] = [:]
    for label in labels where label.name != Series.nameLabel { key[.string(label.name)] = label.value }
    return key
  }

  /// The label that holds the function's name when there is no other.
  static let nameLabel = "__name__"
  /// The label of a histogram's bucket: its upper bound.
  static let bucketLabel = "__bucket"

  /// Labels as `{name="value", …}`.
  public var labelText: String {
    "{" + labels.map { "\($0.name)=\"\($0.value.text)\"" }.joined(separator: ", ") + "}"
  }
}

/// The intervals of a metrics result. Interval `n` covers `((n - 1)·step, n·step]` and is stamped with its right edge.
public struct Intervals: Sendable, Equatable {
  /// The most a result may have.
  public static let maximum = 100_000

  /// Number of the first interval, counted from 1970.
  public var first: Int
  /// How many there are.
  public var count: Int
  /// Length in ns.
  public var step: Int

  /// Right edge of an interval of the result, in ns since 1970.
  public func timestamp(_ index: Int) -> Int { (first + index) * step }

  /// The range that Tempo answers a range query for: begun one step before the one that holds `start`, and ended with the
  /// one that holds `end`.
  static func aligned(_ range: TimeRange, step: Int) -> TimeRange {
    let step = UInt64(max(1, step))
    let start = range.start - range.start % step
    let rest = range.end % step
    return TimeRange(
      start: start > step ? start - step : start,
      end: rest == 0 ? range.end : range.end.addingSaturating(step - rest))
  }

  /// The number of the interval that holds a time.
  static func number(of time: UInt64, step: Int) -> Int {
    let time = Int(truncatingIfNeeded: time & UInt64(Int.max))
    return time / step + (time % step == 0 ? 0 : 1)
  }

  /// The intervals that a range touches.
  init(start: UInt64, end: UInt64, step: Int) {
    self.step = step
    // What begins exactly on an edge belongs to the interval before, which the range does not touch.
    first = Int(truncatingIfNeeded: start & UInt64(Int.max)) / step + 1
    count = max(0, Intervals.number(of: end, step: step) - first + 1)
  }

  init(first: Int, last: Int, step: Int) {
    self.first = first
    self.step = step
    count = max(0, last - first + 1)
  }
}
