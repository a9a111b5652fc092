import Libc

/// Small statistics on counts.
enum Statistics {
  /// The log-likelihood ratio (G) of two proportions being one: `a` of `total` against `b` of `otherTotal`. Chi-squared
  /// with one degree of freedom: above 10.8 happens once in a thousand by chance, above 15.1 once in ten thousand.
  static func gStatistic(_ a: Double, of total: Double, _ b: Double, of otherTotal: Double) -> Double {
    guard total > 0, otherTotal > 0 else { return 0 }
    let all = total + otherTotal
    let hits = (a + b) / all
    func term(_ observed: Double, _ expected: Double) -> Double {
      observed > 0 && expected > 0 ? observed * log(observed / expected) : 0
    }
    let sum =
      term(a, total * hits) + term(total - a, total * (1 - hits)) + term(b, otherTotal * hits)
      + term(otherTotal - b, otherTotal * (1 - hits))
    return max(0, 2 * sum)
  }

  /// The log-likelihood ratio of two counts having one rate, over equal times.
  static func excess(_ a: Double, over b: Double) -> Double {
    let mean = (a + b) / 2
    func term(_ count: Double) -> Double { count > 0 && mean > 0 ? count * log(count / mean) : 0 }
    return 2 * (term(a) + term(b))
  }

  /// How many times more frequent `a` of `total` is than `b` of `otherTotal`; half a case is added to each count so that
  /// none is infinite.
  static func lift(_ a: Double, of total: Double, _ b: Double, of otherTotal: Double) -> Double {
    ((a + 0.5) / (total + 1)) / ((b + 0.5) / (otherTotal + 1))
  }

  /// The value below which `share` of the sorted values lie; 0 for none.
  static func quantile(_ sorted: [Int64], _ share: Double) -> Int64 {
    guard let last = sorted.last else { return 0 }
    let index = Int((Double(sorted.count) * share).rounded(.up)) - 1
    return index >= sorted.count ? last : sorted[max(0, index)]
  }

  static func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }

  /// The square of the standard error of the mean.
  static func squaredError(_ values: [Double]) -> Double {
    guard values.count > 1 else { return .infinity }
    let mean = mean(values)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
    return variance / Double(values.count)
  }
}

/// The natural logarithm.
func logarithm(_ value: Double) -> Double { log(value) }
