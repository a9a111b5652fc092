import MetricProfiles

/// Objectives: the share of bad calls over windows of several lengths, recorded, and how fast that uses the budget up. Names of
/// series are those that sloth gives.
extension RuleCompiler {
  /// What is recorded for an objective: the share of bad calls over each window, and what is left of the budget. Empty for
  /// other rules, and for an objective's second alert, which reads the same.
  public func recordings(of rule: AlertRule) -> [RecordingRule] {
    guard case .objective(let objective) = rule.condition, !rule.isSecondAlert else { return [] }
    let labels = AlertIdentity.context(of: rule, profile: profile)
    func constant(_ name: String, _ number: String) -> RecordingRule {
      RecordingRule(
        name: name, expression: .call("vector", [.number(number)]), labels: labels, isOverPeriod: false)
    }
    func ratio(over window: PromDuration, isOverPeriod: Bool = false) -> RecordingRule {
      RecordingRule(
        name: RuleCompiler.ratio(over: window), expression: errorRatio(of: rule, over: window.text), labels: labels,
        isOverPeriod: isOverPeriod)
    }
    func burnRate(_ name: String, over window: PromDuration, isOverPeriod: Bool) -> RecordingRule {
      RecordingRule(
        name: name, expression: .binary(recorded(window, rule), "/", .number(objective.budget.text)), labels: labels,
        isOverPeriod: isOverPeriod)
    }
    let left = PromQLExpression.binary(
      .number("1"), "-", selector(RuleCompiler.periodBurnRate, rule))
    let days = Threshold(text: "", value: Double(objective.period.milliseconds) / 86_400_000).canonical
    return ServiceObjective.windows.map { ratio(over: $0) } + [
      constant("slo:objective:ratio", objective.ratio.text),
      constant("slo:error_budget:ratio", objective.budget.text),
      constant("slo:time_period:days", days.text),
      burnRate("slo:current_burn_rate:ratio", over: ServiceObjective.windows[0], isOverPeriod: false),
      ratio(over: objective.period, isOverPeriod: true),
      burnRate(RuleCompiler.periodBurnRate, over: objective.period, isOverPeriod: true),
      RecordingRule(
        name: "slo:period_error_budget_remaining:ratio", expression: left, labels: labels, isOverPeriod: true),
    ]
  }

  /// The expression of `compile(_:)` on what `recordings(of:)` records, where the rule has that.
  public func compileRecorded(_ rule: AlertRule) -> PromQLExpression {
    guard case .objective(let objective) = rule.condition else { return compile(rule) }
    return burn(objective) { recorded($0, rule) }
  }

  /// Holds while one pair of windows burns too fast.
  func burn(_ objective: ServiceObjective, _ ratio: (PromDuration) -> PromQLExpression) -> PromQLExpression {
    let pairs = objective.pairs.map { pair in
      let limit = PromQLExpression.binary(
        .number(objective.factor(of: pair).text), "*", .number(objective.budget.text))
      return PromQLExpression.parentheses(
        .binary(.binary(ratio(pair.long), ">", limit), "and", .binary(ratio(pair.short), ">", limit)))
    }
    return pairs.dropFirst().reduce(pairs[0]) { .binary($0, "or", $1) }
  }

  /// The share of bad calls, from 0 to 1.
  func errorRatio(of rule: AlertRule, over window: String) -> PromQLExpression {
    if case .objective(let objective) = rule.condition, let bound = objective.latencyBound {
      return shareAbove(bound, of: rule, over: window)
    }
    let all = rateSum(calls(of: rule, failed: false, range: window))
    // Without any failure there is no series of failures, and the share is 0, not unknown.
    let none = PromQLExpression.binary(.number("0"), "*", all)
    let failed = PromQLExpression.binary(rateSum(calls(of: rule, failed: true, range: window)), "or", none)
    return .binary(.parentheses(failed), "/", all)
  }

  private static let periodBurnRate = "slo:period_burn_rate:ratio"

  private static func ratio(over window: PromDuration) -> String { "slo:sli_error:ratio_rate\(window.text)" }

  private func recorded(_ window: PromDuration, _ rule: AlertRule) -> PromQLExpression {
    selector(RuleCompiler.ratio(over: window), rule)
  }

  private func selector(_ name: String, _ rule: AlertRule) -> PromQLExpression {
    let labels = AlertIdentity.context(of: rule, profile: profile).map(LabelMatcher.init)
    return .selector(metric: name, labels: labels, range: nil)
  }
}
