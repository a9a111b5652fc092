import Platform

/// What the buckets of a histogram allow a latency threshold to mean.
enum LatencyBuckets {
  /// Milliseconds between two bounds from which interpolation between them is worth a warning.
  private static let distantMilliseconds = 1000.0

  static func check(_ rule: AlertRule, _ buckets: [Double]) -> Diagnostic? {
    guard let last = buckets.last else { return nil }
    let threshold = rule.threshold.value
    switch rule.condition {
    case .latency(_, _, isExact: true): return checkExact(rule, rule.threshold, buckets)
    case .objective(let objective): return objective.latencyBound.flatMap { checkExact(rule, $0, buckets) }
    default: break
    }
    if threshold >= last * 1000 {
      return Diagnostic(
        .aboveLastBucket,
        "no latency above \(seconds(last)) can be told from the buckets, so > \(rule.threshold.text) ms never fires",
        source: rule.source, range: rule.places.threshold,
        suggestion: "stay below \(number(last * 1000)), or name the generator's bounds with --buckets")
    }
    guard let index = buckets.firstIndex(where: { $0 * 1000 >= threshold }) else { return nil }
    let upper = buckets[index]
    let lower = index > 0 ? buckets[index - 1] : 0
    guard threshold != upper * 1000 else { return nil }
    guard isDistant(lower, upper) else { return estimate(rule, lower, upper) }
    return Diagnostic(
      .betweenBuckets,
      "\(rule.threshold.text) ms lies between the buckets \(seconds(lower)) and \(seconds(upper)): "
        + "the quantile is only interpolated there",
      source: rule.source, range: rule.places.threshold,
      suggestion: "only \(lower > 0 ? "\(number(lower * 1000)) and " : "")\(number(upper * 1000)) ms are exact")
  }

  /// What the estimate may be, and the form that is no estimate.
  private static func estimate(_ rule: AlertRule, _ lower: Double, _ upper: Double) -> Diagnostic {
    let text = rule.threshold.text
    var exact = "threshold_ms \(number(upper * 1000))"
    if lower > 0 { exact = "threshold_ms \(number(lower * 1000)) or \(number(upper * 1000))" }
    return Diagnostic(
      .estimateInterval,
      "\(text) ms lies in the bucket from \(seconds(lower)) to \(seconds(upper)): a quantile anywhere in it is estimated "
        + "by how full it is, so the rule may fire below \(text) ms or stay quiet above",
      source: rule.source, range: rule.places.threshold,
      suggestion: "\"exact\": true with \(exact) compares the share of calls above a bound, which is known")
  }

  private static func checkExact(_ rule: AlertRule, _ bound: Threshold, _ buckets: [Double]) -> Diagnostic? {
    let threshold = bound.value
    if buckets.contains(where: { abs($0 * 1000 - threshold) <= threshold * 1e-9 }) { return nil }
    let near = buckets.sorted { abs($0 * 1000 - threshold) < abs($1 * 1000 - threshold) }.prefix(2).sorted()
    let bounds = near.map { number($0 * 1000) }.joined(separator: " and ")
    return Diagnostic(
      .notABound, "no bucket ends at \(bound.text) ms, so the rule never fires", source: rule.source,
      range: rule.places.latencyBound, suggestion: "bounds near it are \(bounds) ms; name others with --buckets")
  }

  /// More than a factor of two apart, which is how far the default bounds are, or more than a second.
  private static func isDistant(_ lower: Double, _ upper: Double) -> Bool {
    upper > lower * 2.0001 || (upper - lower) * 1000 > distantMilliseconds
  }

  static func seconds(_ value: Double) -> String { "\(number(value)) s" }

  private static func number(_ value: Double) -> String {
    let text = FloatText.rounded(value, decimals: 6)
    let digits = text.reversed().drop { $0 == "0" }
    let shortest = String(digits.reversed())
    return shortest.hasSuffix(".") ? String(shortest.dropLast()) : shortest
  }
}
