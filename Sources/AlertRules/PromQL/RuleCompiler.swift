import MetricProfiles
import Platform

/// Turns rules into PromQL.
public struct RuleCompiler: Sendable {
  /// What the metrics are called.
  public let profile: MetricProfile

  /// Compiles for metrics of this profile.
  public init(profile: MetricProfile = .tempo) {
    self.profile = profile
  }

  /// The expression that has a result while the rule's condition holds.
  public func compile(_ rule: AlertRule) -> PromQLExpression {
    var value = plainValue(of: rule)
    // A rate of nothing is NaN, which is unequal to every threshold; comparing it with a number drops it.
    if rule.comparison == .notEqual { value = .parentheses(.binary(value, ">=", .number("0"))) }
    let condition = PromQLExpression.binary(value, rule.comparison.rawValue, .number(rule.limit.text))
    return guarded(condition, rule)
  }

  /// The expression of what the rule compares with its limit, milliseconds or percent, where there are calls enough.
  public func value(of rule: AlertRule) -> PromQLExpression {
    guarded(plainValue(of: rule), rule)
  }

  private func guarded(_ expression: PromQLExpression, _ rule: AlertRule) -> PromQLExpression {
    guard let minimum = rule.minimumCalls else { return expression }
    let count = PromQLExpression.sum(
      by: grouping(of: rule), .call("increase", [calls(of: rule, failed: false, range: rule.window.text)]))
    return .binary(expression, "and", .binary(count, ">=", .number(minimum.text)))
  }

  private func plainValue(of rule: AlertRule) -> PromQLExpression {
    switch rule.condition {
    case .latency(_, let quantile, isExact: false):
      let rate = PromQLExpression.call("rate", [latency(of: rule, range: rule.window.text)])
      let buckets = PromQLExpression.sum(by: profile.isNative ? [] : ["le"], rate)
      let estimate = PromQLExpression.call("histogram_quantile", [.number(quantile.number), buckets])
      return profile.latencyUnit == .seconds ? .binary(estimate, "*", .number("1000")) : estimate
    case .latency(_, _, isExact: true) where profile.isNative:
      let rate = rateSum(latency(of: rule, range: rule.window.text))
      let bound = FloatText.general(rule.threshold.value / 1000 * profile.latencyUnit.perSecond)
      let share = PromQLExpression.call("histogram_fraction", [.number("0"), .number(bound), rate])
      return .binary(.number("100"), "*", .parentheses(.binary(.number("1"), "-", share)))
    case .latency(_, _, isExact: true):
      let bound = BucketBound.values(rule.threshold.value / 1000 * profile.latencyUnit.perSecond)
      let below = latency(of: rule, bound: bound, range: rule.window.text)
      let all = latency(of: rule, bound: ["+Inf"], range: rule.window.text)
      let share = PromQLExpression.binary(rateSum(below), "/", rateSum(all))
      return .binary(.number("100"), "*", .parentheses(.binary(.number("1"), "-", share)))
    case .errorRate:
      let failed = rateSum(calls(of: rule, failed: true, range: rule.window.text), by: [profile.serviceLabel])
      let all = rateSum(calls(of: rule, failed: false, range: rule.window.text), by: [profile.serviceLabel])
      return .binary(.number("100"), "*", .parentheses(.binary(failed, "/", all)))
    }
  }

  /// The labels that the value of a rule has.
  private func grouping(of rule: AlertRule) -> [String] {
    switch rule.condition {
    case .latency: []
    case .errorRate: [profile.serviceLabel]
    }
  }

  /// The latency buckets that the rule reads, or those of one bound.
  func latency(of rule: AlertRule, bound: [String]? = nil, range: String?) -> PromQLExpression {
    var labels = labels(of: rule)
    if let bound { labels.append(LabelMatcher("le", oneOf: bound)) }
    return .selector(metric: profile.latencySeries, labels: labels, range: range)
  }

  /// The call counters that the rule reads: those that failed, or all.
  func calls(of rule: AlertRule, failed: Bool, range: String?) -> PromQLExpression {
    var labels = labels(of: rule)
    if failed { labels.append(LabelMatcher(Label(profile.statusLabel, profile.errorStatus))) }
    return .selector(metric: profile.calls, labels: labels, range: range)
  }

  private func rateSum(_ selector: PromQLExpression, by labels: [String] = []) -> PromQLExpression {
    .sum(by: labels, .call("rate", [selector]))
  }

  private func labels(of rule: AlertRule) -> [LabelMatcher] {
    var labels = [LabelMatcher(Label(profile.serviceLabel, rule.service))]
    if case .latency(let operation?, _, _) = rule.condition {
      labels.append(LabelMatcher(Label(profile.operationLabel, operation)))
    }
    if !rule.spanKinds.isEmpty {
      labels.append(LabelMatcher(profile.kindLabel, oneOf: rule.spanKinds.map { profile.kindValue($0.rawValue) }))
    }
    return labels + rule.scope.map(LabelMatcher.init)
  }
}
