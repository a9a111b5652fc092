import Platform

/// Values of the label `le`.
enum BucketBound {
  /// What a bound may be called: `0.512`; `1`, or `1.0` since Prometheus 3.
  static func values(_ bound: Double) -> [String] {
    let texts = [FloatText.general(bound), FloatText.openMetrics(bound)]
    return texts[0] == texts[1] ? [texts[0]] : texts
  }
}
