/// How often a value fell below each of some bounds; threads add to it.
final class Histogram: Sendable {
  /// Upper bounds, inclusive and ascending; what is above all of them is counted as well.
  let bounds: [Double]
  private let counts: [Counter]
  private let sumInMillionths = Counter()
  private static let millionths = 1_000_000.0

  init(bounds: [Double]) {
    self.bounds = bounds
    counts = (0...bounds.count).map { _ in Counter() }
  }

  /// For durations in seconds.
  static func seconds() -> Histogram {
    Histogram(bounds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30])
  }

  func record(_ value: Double) {
    let index = bounds.firstIndex { value <= $0 } ?? bounds.count
    counts[index].add(1)
    sumInMillionths.add(Int(saturating: min(max(value, 0), 1e9) * Histogram.millionths))
  }

  var sum: Double { Double(sumInMillionths.value) / Histogram.millionths }

  /// The count at or below each bound, and last the count of all.
  var cumulative: [Int] {
    var total = 0
    return counts.map { counter in
      total += counter.value
      return total
    }
  }
}
