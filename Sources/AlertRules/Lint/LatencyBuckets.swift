/// What the buckets of a histogram allow a latency threshold to mean.
enum LatencyBuckets {
  /// Milliseconds between two bounds from which interpolation between them is worth a warning.
  private static let distantMilliseconds = 1000.0

  static func check(_ rule: AlertRule, _ buckets: [Double]) -> Diagnostic? {
    guard let last = buckets.last else { return nil }
    let threshold = rule.threshold.value
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
    guard threshold != upper * 1000, isDistant(lower, upper) else { return nil }
    return Diagnostic(
      .betweenBuckets,
      "\(rule.threshold.text) ms lies between the buckets \(seconds(lower)) and \(seconds(upper)): "
        + "the quantile is only interpolated there",
      source: rule.source, range: rule.places.threshold,
      suggestion: "only \(lower > 0 ? "\(number(lower * 1000)) and " : "")\(number(upper * 1000)) ms are exact")
  }

  /// More than a factor of two apart, which is how far the default bounds are, or more than a second.
  private static func isDistant(_ lower: Double, _ upper: Double) -> Bool {
    upper > lower * 2.0001 || (upper - lower) * 1000 > distantMilliseconds
  }

  private static func seconds(_ value: Double) -> String { "\(number(value)) s" }

  private static func number(_ value: Double) -> String {
    let rounded = (value * 1e6).rounded() / 1e6
    let text = rounded.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
