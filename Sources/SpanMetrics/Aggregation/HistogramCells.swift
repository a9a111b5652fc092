/// Where a histogram's numbers stand among a series' cells, and how they are kept.
///
/// Sums and counts are integers, so that they do not depend on the order of the spans: not on threads, not on files.
/// A span that counts once adds 1 to its bucket and its value to a 128-bit sum. Where spans have weights (sampling
/// ratios), counts are 128-bit numbers of 2^-52, which holds every weight from 1 to 2^40 exactly.
struct HistogramCells: Sendable {
  /// The first word.
  let start: Int
  /// Buckets, the last (+Inf) included.
  let buckets: Int
  let isWeighted: Bool

  /// How many words it takes.
  var words: Int { 2 + buckets * (isWeighted ? 2 : 1) }
  var end: Int { start + words }

  /// One span of value `value` in bucket `bucket`.
  @inline(__always)
  func add(_ value: UInt64, bucket: Int, to cells: UnsafeMutablePointer<UInt64>) {
    cells.add(value, at: start)
    cells[start &+ 2 &+ bucket] &+= 1
  }

  /// One span that counts `weight` times.
  @inline(__always)
  func add(_ value: UInt64, bucket: Int, weight: Weight, to cells: UnsafeMutablePointer<UInt64>) {
    if !isWeighted { return add(value, bucket: bucket, to: cells) }
    let (product, overflow) = UInt128(value).multipliedReportingOverflow(by: weight.fixed)
    cells.add(overflow ? .max : product, at: start)
    cells.add(weight.fixed, at: start &+ 2 &+ 2 &* bucket)
  }

  /// Adds the numbers in `other` to those in `cells`; both are laid out like this.
  func merge(_ other: UnsafePointer<UInt64>, into cells: UnsafeMutablePointer<UInt64>) {
    cells.add(other.wide(at: start), at: start)
    for bucket in 0..<buckets {
      if isWeighted {
        cells.add(other.wide(at: start + 2 + 2 * bucket), at: start + 2 + 2 * bucket)
      } else {
        cells[start + 2 + bucket] &+= other[start + 2 + bucket]
      }
    }
  }

  /// Whether anything was counted.
  func hasAny(_ cells: UnsafePointer<UInt64>) -> Bool {
    (0..<buckets * (isWeighted ? 2 : 1)).contains { cells[start + 2 + $0] != 0 }
  }

  /// The numbers as they are reported; sums are divided by `scale`.
  func read(_ cells: UnsafePointer<UInt64>, scale: Double) -> HistogramValue {
    let unit = isWeighted ? Weight.unit : 1
    var total = 0.0
    let cumulative = (0..<buckets).map { bucket in
      let count =
        isWeighted ? Double(cells.wide(at: start + 2 + 2 * bucket)) * unit : Double(cells[start + 2 + bucket])
      total += count
      return total
    }
    return HistogramValue(sum: Double(cells.wide(at: start)) * unit / scale, cumulative: cumulative)
  }
}

/// How many times a span counts.
struct Weight: Sendable {
  /// In units of 2^-52.
  let fixed: UInt128

  static let one = Weight(fixed: 1 << 52)
  static let unit = 0x1p-52

  init(fixed: UInt128) { self.fixed = fixed }

  /// `count` times; held between 2^-40 and 2^40.
  init(_ count: Double) {
    fixed = UInt128(min(max(count, 0x1p-40), 0x1p40) * 0x1p52)
  }

  var count: Double { Double(fixed) * Self.unit }

  /// To the nearest whole number, at least 1.
  var whole: UInt64 { UInt64(max(1, count.rounded())) }
}

/// A histogram's numbers.
public struct HistogramValue: Sendable, Equatable {
  /// Of all values: seconds, or bytes.
  public let sum: Double
  /// How many values were not above each bound; the last entry (+Inf) counts all.
  public let cumulative: [Double]
  /// The same values in buckets of their own; nil unless kept.
  public var native: NativeHistogram?

  public var count: Double { cumulative.last ?? 0 }

  /// The value below which the share `quantile` lies, interpolated within its bucket as Prometheus does; nil when there
  /// are no values. `bounds` are those of the buckets without +Inf.
  public func quantile(_ quantile: Double, bounds: [Double]) -> Double? {
    guard count > 0, let last = bounds.last else { return nil }
    let rank = quantile * count
    guard let bucket = cumulative.firstIndex(where: { $0 >= rank }), bucket < bounds.count else { return last }
    let lower = bucket == 0 ? 0 : bounds[bucket - 1]
    let before = bucket == 0 ? 0 : cumulative[bucket - 1]
    let inside = cumulative[bucket] - before
    return inside > 0 ? lower + (bounds[bucket] - lower) * (rank - before) / inside : bounds[bucket]
  }
}
