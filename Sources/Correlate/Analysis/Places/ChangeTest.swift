import Libc

/// Whether something changed between two stretches of time, and by how much.
struct ChangeTest {
  /// The log-likelihood of a change, on the scale of chi-squared with one degree of freedom.
  var evidence: Double
  /// Its size, between 0 and about 1.
  var effect: Double
  var before: Double
  var now: Double

  /// Evidence above this is all the same: with enough requests everything is certain.
  static let cap = 60.0

  var strength: Double { min(evidence, ChangeTest.cap) * effect }

  /// Ten times as long is as bad as it gets.
  static func ratioEffect(_ ratio: Double) -> Double { min(1, max(0, log(ratio) / log(10))) }

  // MARK: Shares

  /// The change of a share of cases. What differs between the slots of one time by itself, such as a changing mix of
  /// requests, does not count.
  static func share(
    _ hits: [Float], of cases: [Float], _ interval: TimeGrid.Interval, isFailure: Bool = false
  ) -> ChangeTest? {
    let old = sum(hits, 0..<interval.from)
    let oldTotal = sum(cases, 0..<interval.from)
    let new = sum(hits, interval.from..<interval.to)
    let newTotal = sum(cases, interval.from..<interval.to)
    guard oldTotal >= 4, newTotal >= 4 else { return nil }
    let change = new / newTotal - old / oldTotal
    // Few requests that fail where none did say as much as many that take another way.
    guard abs(change) >= (isFailure ? 0.008 : 0.03), !isFailure || new >= leastSlow || change > 0.1 else { return nil }
    var g = Statistics.gStatistic(new, of: newTotal, old, of: oldTotal)
    guard g >= 10 else { return nil }
    g /= dispersion(interval) { (Double(hits[$0]), Double(cases[$0])) }
    // A small change has to be all the surer.
    if abs(change) < 0.1 { g *= isFailure ? 0.85 : 0.65 }
    let effect = isFailure ? pow(abs(change), 0.35) : abs(change).squareRoot()
    return ChangeTest(evidence: g, effect: effect, before: old / oldTotal, now: new / newTotal)
  }

  static func sum(_ values: [Float], _ slots: Range<Int>) -> Double {
    var total: Float = 0
    for slot in slots { total += values[slot] }
    return Double(total)
  }

  /// By how much counts differ between slots more than chance makes them, at least 1. What comes all at once within the
  /// interval is one mishap, however many requests it hit.
  private static func dispersion(
    _ interval: TimeGrid.Interval, _ counts: (Int) -> (hits: Double, total: Double)
  ) -> Double {
    let before = dispersion(0..<interval.from, counts)
    let within = dispersion(interval.from..<interval.to, counts)
    let all = (before.statistic + within.statistic) / max(1, before.freedom + within.freedom)
    // Few slots differ by chance alone.
    let own = (within.statistic + 8) / (within.freedom + 8)
    return max(1, max(all, own))
  }

  /// Pearson's statistic between slots, and its degrees of freedom.
  static func dispersion(
    _ slots: Range<Int>, _ counts: (Int) -> (hits: Double, total: Double)
  ) -> (statistic: Double, freedom: Double) {
    var hits = 0.0
    var total = 0.0
    var used = 0.0
    for slot in slots {
      let count = counts(slot)
      hits += count.hits
      total += count.total
      if count.total > 0 { used += 1 }
    }
    guard total > 0 else { return (0, 0) }
    let share = hits / total
    guard share > 0, share < 1 else { return (0, max(0, used - 1)) }
    var statistic = 0.0
    for slot in slots {
      let count = counts(slot)
      guard count.total > 0 else { continue }
      let expected = count.total * share
      statistic += (count.hits - expected) * (count.hits - expected) / (expected * (1 - share))
    }
    return (statistic, max(0, used - 1))
  }

  // MARK: Values

  /// What counts as a growth of values, in their unit.
  struct Scale {
    /// Added before a logarithm is taken, so that small values are alike.
    var offset: Double
    /// Less is no growth.
    var least: Double
    /// This much is half of the worst.
    var half: Double
  }

  /// The growth of values: of all of them, or of the longest.
  static func growth(_ values: CumulativeHistogram, _ interval: TimeGrid.Interval, _ scale: Scale) -> ChangeTest? {
    let old = values.histogram(0, interval.from)
    let new = values.histogram(interval.from, interval.to)
    let (oldTotal, newTotal) = (old.total, new.total)
    guard oldTotal >= 8, newTotal >= 3 else { return nil }
    let (oldMean, newMean) = (old.mean { $0 }, new.mean { $0 })
    let growth = newMean - oldMean
    guard growth > 0 else { return nil }
    let whole = wholeGrowth(values, interval, old, new, growth, scale, oldMean, newMean)
    let tail = tailGrowth(values, interval, old, new, scale)
    guard let whole else { return tail }
    guard let tail else { return whole }
    return whole.strength >= tail.strength ? whole : tail
  }

  private static func wholeGrowth(
    _ values: CumulativeHistogram, _ interval: TimeGrid.Interval, _ old: DurationHistogram, _ new: DurationHistogram,
    _ growth: Double, _ scale: Scale, _ oldMean: Double, _ newMean: Double
  ) -> ChangeTest? {
    let oldLog = old.mean { log($0 + scale.offset) }
    let newLog = new.mean { log($0 + scale.offset) }
    let ratio = exp(newLog - oldLog)
    guard ratio >= 1.3, growth >= scale.least else { return nil }
    let oldTotal = old.total
    let newTotal = new.total
    let requests = values.requests(interval.from, interval.to)
    var evidence: Double
    var bound = old.quantile(0.5) + 1
    if newTotal < 10 {
      // So few values can never be sure by their ranks; that most lie far outside of what was usual can.
      bound = old.quantile(0.95) + 1
      let high = values.share(interval.from, interval.to, above: bound).hits
      guard requests >= 3, high >= 0.75 * newTotal else { return nil }
      let square = old.mean { (log($0 + scale.offset) - oldLog) * (log($0 + scale.offset) - oldLog) }
      let tail = (log(Sketch.value(bound) + scale.offset) - oldLog) / 1.645
      let deviation = max(0.3, max(square.squareRoot(), tail))
      let t = (newLog - oldLog) / (deviation * (1 / newTotal + 1 / oldTotal).squareRoot())
      evidence = t * t
    } else {
      let z = rankScore(old, new)
      guard z > 0 else { return nil }
      evidence = z * z
    }
    evidence *= min(1, requests / newTotal)
    guard evidence >= 10 else { return nil }
    evidence /= dispersion(of: values, interval, above: bound)
    return ChangeTest(
      evidence: evidence, effect: ratioEffect(ratio) * growth / (growth + scale.half),
      before: Sketch.value(old.quantile(0.5)), now: Sketch.value(new.quantile(0.5)))
  }

  /// Fewer long values are bad luck.
  private static let leastSlow = 5.0

  /// Growth that only a part of the values shows.
  private static func tailGrowth(
    _ values: CumulativeHistogram, _ interval: TimeGrid.Interval, _ old: DurationHistogram, _ new: DurationHistogram,
    _ scale: Scale
  ) -> ChangeTest? {
    guard new.total >= 10, old.total >= 20 else { return nil }
    var best: ChangeTest?
    for share in [0.9, 0.98, 0.995, 1] {
      let bound = old.quantile(share) + 3
      let then = values.share(0, interval.from, above: bound)
      let now = values.share(interval.from, interval.to, above: bound)
      let change = now.hits / now.total - then.hits / then.total
      guard change >= 0.01, now.hits >= leastSlow else { continue }
      var g = Statistics.gStatistic(now.hits, of: now.total, then.hits, of: then.total)
      guard g >= 10 else { continue }
      g *= min(1, values.requests(interval.from, interval.to) / new.total)
      g /= dispersion(of: values, interval, above: bound)
      if change < 0.1 { g *= 0.8 }
      var slow = new
      for index in slow.counts.indices where slow.low + index < bound { slow.counts[index] = 0 }
      let mean = slow.mean { $0 }
      let usual = Sketch.value(old.quantile(0.5))
      let growth = mean - Sketch.value(old.quantile(share))
      guard growth >= scale.least else { continue }
      let effect =
        change.squareRoot() * ratioEffect((mean + scale.offset) / (usual + scale.offset)) * growth
        / (growth + scale.half)
      let test = ChangeTest(evidence: g, effect: effect, before: then.hits / then.total, now: now.hits / now.total)
      if test.strength > best?.strength ?? 0 {
        best = test
        best?.slow = .init(bound: Sketch.value(bound), mean: mean)
      }
    }
    return best
  }

  /// Where only a part of the values grew: from which on they count as slow, and how long those are.
  struct Slow {
    var bound: Double
    var mean: Double
  }

  var slow: Slow?

  private static func dispersion(
    of values: CumulativeHistogram, _ interval: TimeGrid.Interval, above bound: Int
  ) -> Double {
    dispersion(interval) { values.share($0, $0 + 1, above: bound) }
  }

  /// z of the Mann-Whitney test, ties counted half.
  private static func rankScore(_ old: DurationHistogram, _ new: DurationHistogram) -> Double {
    let (count, other) = (old.total, new.total)
    var below = 0.0
    var u = 0.0
    for index in old.counts.indices {
      u += new.counts[index] * (below + old.counts[index] / 2)
      below += old.counts[index]
    }
    return (u - count * other / 2) / (count * other * (count + other + 1) / 12).squareRoot()
  }
}
