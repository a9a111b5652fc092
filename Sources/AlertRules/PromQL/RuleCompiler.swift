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
    if case .objective(let objective) = rule.condition {
      return burn(objective) { errorRatio(of: rule, over: $0.text) }
    }
    var value = plainValue(of: rule)
    // A rate of nothing is NaN, which is unequal to every threshold; comparing it with a number drops it.
    if rule.comparison == .notEqual, rule.kind == .errorRate {
      value = .parentheses(.binary(value, ">=", .number("0")))
    }
    let condition = PromQLExpression.binary(value, rule.comparison.rawValue, .number(rule.limit.text))
    return guarded(condition, rule)
  }

  /// The expression of what the rule compares with its limit, in its unit, where there are calls enough. Of an objective, how
  /// fast its budget burns over the first window; that alone does not say whether it fires.
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
    case .latency(_, _, isExact: true):
      let share = shareAbove(rule.threshold, of: rule, over: rule.window.text)
      return .binary(.number("100"), "*", .parentheses(share))
    case .errorRate:
      let failed = rateSum(calls(of: rule, failed: true, range: rule.window.text), by: [profile.serviceLabel])
      let all = rateSum(calls(of: rule, failed: false, range: rule.window.text), by: [profile.serviceLabel])
      return .binary(.number("100"), "*", .parentheses(.binary(failed, "/", all)))
    case .callRate(_, let comparison):
      let rate = rateSum(calls(of: rule, failed: false, range: rule.window.text))
      // A service that is gone has no series, which is no calls for who waits for too few.
      return comparison.holdsBelow ? .parentheses(.binary(rate, "or", .call("vector", [.number("0")]))) : rate
    case .objective(let objective):
      let ratio = errorRatio(of: rule, over: objective.pairs[0].long.text)
      // A share above a bound is a difference.
      let share = objective.latencyBound == nil ? ratio : .parentheses(ratio)
      return .binary(share, "/", .number(objective.budget.text))
    case .traceQL:
      return RecordedQuery.selector(of: rule)
    }
  }

  /// The share of calls that took longer than a bucket's bound, in milliseconds; from 0 to 1.
  func shareAbove(_ bound: Threshold, of rule: AlertRule, over window: String) -> PromQLExpression {
    let inUnit = bound.value / 1000 * profile.latencyUnit.perSecond
    guard !profile.isNative else {
      let rate = rateSum(latency(of: rule, range: window))
      let bounds: [PromQLExpression] = [.number("0"), .number(FloatText.general(inUnit))]
      return .binary(.number("1"), "-", .call("histogram_fraction", bounds + [rate]))
    }
    let below = latency(of: rule, bound: BucketBound.values(inUnit), range: window)
    let all = latency(of: rule, bound: ["+Inf"], range: window)
    return .binary(.number("1"), "-", .binary(rateSum(below), "/", rateSum(all)))
  }

  /// The labels that the value of a rule has.
  private func grouping(of rule: AlertRule) -> [String] {
    if case .errorRate = rule.condition { [profile.serviceLabel] } else { [] }
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

  func rateSum(_ selector: PromQLExpression, by labels: [String] = []) -> PromQLExpression {
    .sum(by: labels, .call("rate", [selector]))
  }

  private func labels(of rule: AlertRule) -> [LabelMatcher] {
    var labels = [LabelMatcher(Label(profile.serviceLabel, rule.service))]
    if let operation = rule.operation { labels.append(LabelMatcher(Label(profile.operationLabel, operation))) }
    if !rule.spanKinds.isEmpty {
      labels.append(LabelMatcher(profile.kindLabel, oneOf: rule.spanKinds.map { profile.kindValue($0.rawValue) }))
    }
    return labels + rule.scope.map(LabelMatcher.init)
  }
}
