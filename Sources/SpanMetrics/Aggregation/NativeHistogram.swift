import Libc
import MetricProfiles
import Platform

/// A histogram whose buckets grow by a constant factor, as Prometheus's native histograms and OpenTelemetry's exponential
/// ones: with `schema` s, bucket `key` holds values above 2^((key-1)/2^s) up to 2^(key/2^s).
///
/// Only buckets that hold something are kept, and they do not depend on the order of the values: where there are more of them
/// than allowed, pairs become one until there are not, as client_golang does it.
public struct NativeHistogram: Sendable, Equatable {
  /// 8 (finest) to -4.
  public private(set) var schema: Int32
  /// Values of 0.
  public private(set) var zeroCount: UInt64 = 0
  /// Ascending.
  public private(set) var keys: [Int32] = []
  public private(set) var counts: [UInt64] = []

  /// Values not above it are zero: client_golang's default.
  public static let zeroThreshold = 0x1p-128
  static let coarsest: Int32 = -4

  public init(schema: Int32) { self.schema = schema }

  /// The finest schema whose factor from bucket to bucket is at most `factor`, above 1.
  public static func schema(factor: Double) -> Int32 {
    let floor = log2(log2(factor)).rounded(.down)
    return Int32(-min(max(floor, -8), 4))
  }

  /// Nothing, at the schema of this one.
  public var emptied: NativeHistogram { NativeHistogram(schema: schema) }

  public var count: UInt64 { counts.reduce(zeroCount, &+) }

  /// Counts `value` `count` times; more than `limit` buckets become fewer.
  mutating func add(_ value: Double, count: UInt64, limit: Int) {
    if value <= Self.zeroThreshold {
      zeroCount &+= count
      return
    }
    add(key: Self.key(value, schema: schema), count: count)
    reduce(to: limit)
  }

  mutating func merge(_ other: NativeHistogram, limit: Int) {
    zeroCount &+= other.zeroCount
    while schema > other.schema { halve() }
    let shift = Int32(other.schema - schema)
    for (key, count) in zip(other.keys, other.counts) {
      add(key: Self.widened(key, by: shift), count: count)
    }
    reduce(to: limit)
  }

  /// Takes in what was saved.
  mutating func restore(schema: Int32, zeroCount: UInt64, keys: [Int32], counts: [UInt64], limit: Int) {
    var saved = NativeHistogram(schema: min(max(schema, Self.coarsest), 8))
    saved.zeroCount = zeroCount
    for (key, count) in zip(keys, counts) { saved.add(key: key, count: count) }
    merge(saved, limit: limit)
  }

  /// The bucket of a value above 0.
  static func key(_ value: Double, schema: Int32) -> Int32 {
    if value.isInfinite { return Int32.max >> 8 }
    // `value` is `fraction * 2^exponent` with a fraction from a half to below 1.
    let exponent = Int32(value.exponent) + 1
    let fraction = value.significand / 2
    if schema > 0 {
      let bounds = Self.bounds[Int(schema)]
      var low = 0
      var high = bounds.count
      while low < high {
        let middle = (low + high) / 2
        if bounds[middle] >= fraction { high = middle } else { low = middle + 1 }
      }
      return Int32(low) + (exponent - 1) * Int32(bounds.count)
    }
    let key = fraction == 0.5 ? exponent - 1 : exponent
    return widened(key, by: -schema)
  }

  /// The upper bounds of the buckets of values from a half to below 1, by schema.
  private static let bounds: [[Double]] = (0...8).map { schema in
    (0..<1 << schema).map { exp2(Double($0) / Double(1 << schema) - 1) }
  }

  /// The upper bound of a bucket.
  public static func upperBound(_ key: Int32, schema: Int32) -> Double {
    schema >= 0 ? exp2(Double(key) / Double(1 << schema)) : exp2(Double(key) * Double(1 << -schema))
  }

  private static func widened(_ key: Int32, by shift: Int32) -> Int32 { (key &+ (1 << shift) &- 1) >> shift }

  private mutating func add(key: Int32, count: UInt64) {
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      if keys[middle] < key { low = middle + 1 } else { high = middle }
    }
    if low < keys.count, keys[low] == key {
      counts[low] &+= count
    } else {
      keys.insert(key, at: low)
      counts.insert(count, at: low)
    }
  }

  /// The same at a schema coarse enough that the first and the last bucket are less than `range` apart.
  func narrowed(to range: Int32) -> NativeHistogram {
    var narrowed = self
    while let first = narrowed.keys.first, let last = narrowed.keys.last, Int64(last) - Int64(first) >= range,
      narrowed.schema > Self.coarsest
    {
      narrowed.halve()
    }
    return narrowed
  }

  private mutating func reduce(to limit: Int) {
    while limit > 0, keys.count > limit, schema > Self.coarsest { halve() }
  }

  /// Makes one bucket of two.
  private mutating func halve() {
    schema -= 1
    var used = 0
    for index in keys.indices {
      let key = Self.widened(keys[index], by: 1)
      if used > 0, keys[used - 1] == key {
        counts[used - 1] &+= counts[index]
      } else {
        keys[used] = key
        counts[used] = counts[index]
        used += 1
      }
    }
    keys.removeLast(keys.count - used)
    counts.removeLast(counts.count - used)
  }

  /// Stretches of buckets with none empty between them, as Prometheus writes them: how far each begins behind the one
  /// before, and its counts.
  public var spans: [(offset: Int32, counts: ArraySlice<UInt64>)] {
    var spans: [(offset: Int32, counts: ArraySlice<UInt64>)] = []
    var start = 0
    var end: Int32 = 0
    for index in keys.indices where index + 1 == keys.count || keys[index + 1] != keys[index] + 1 {
      spans.append((keys[start] - end, counts[start...index]))
      end = keys[index] + 1
      start = index + 1
    }
    return spans
  }
}

/// In which form histograms are written.
public enum HistogramForm: String, Sendable, CaseIterable {
  /// Buckets that were given.
  case classic
  /// Buckets that follow the values.
  case native
  case both
}

/// How native histograms are kept; the defaults are Tempo's.
public struct NativeHistogramSettings: Sendable, Equatable {
  /// The most by which a bucket is wider than the one before.
  public var factor = 1.1
  /// Most buckets; beyond it they become wider.
  public var maxBuckets = 100

  public init() {}

  var schema: Int32 { NativeHistogram.schema(factor: factor) }
}

/// The native histograms of series, by position; none where the configuration wants none.
struct NativeTable: Sendable {
  let isEnabled: Bool
  private let schema: Int32
  private let limit: Int
  /// Nanoseconds that the unit of the metric has.
  private let perUnit: Double
  private(set) var histograms: [NativeHistogram] = []

  /// - Parameter unit: that of the metric.
  init(_ configuration: SpanMetricsConfiguration, unit: MetricProfile.LatencyUnit = .seconds) {
    perUnit = Double(unit == .seconds ? Nanoseconds.perSecond : Nanoseconds.perMillisecond)
    isEnabled = configuration.histograms != .classic
    schema = configuration.nativeHistograms.schema
    limit = configuration.nativeHistograms.maxBuckets
  }

  subscript(position: Int) -> NativeHistogram? {
    guard isEnabled else { return nil }
    return position < histograms.count ? histograms[position] : NativeHistogram(schema: schema)
  }

  /// Counts a duration in ns. Weights are whole numbers here, as in Tempo.
  mutating func add(_ duration: UInt64, weight: Weight, at position: Int) {
    makeRoom(position)
    histograms[position].add(Double(duration) / perUnit, count: weight.whole, limit: limit)
  }

  mutating func merge(_ other: NativeHistogram?, at position: Int) {
    guard isEnabled, let other else { return }
    makeRoom(position)
    histograms[position].merge(other, limit: limit)
  }

  private mutating func makeRoom(_ position: Int) {
    let missing = position + 1 - histograms.count
    if missing > 0 { histograms.append(contentsOf: repeatElement(NativeHistogram(schema: schema), count: missing)) }
  }
}
