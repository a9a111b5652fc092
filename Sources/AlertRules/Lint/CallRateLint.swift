/// What a rate of calls, a number that is never below zero, makes of a comparison.
enum CallRateLint {
  static func check(_ rule: AlertRule, _ comparison: ComparisonOperator) -> [Diagnostic] {
    let threshold = rule.threshold
    let shown = "\(comparison.rawValue) \(threshold.text)"
    switch (comparison, threshold.value) {
    case (.less, 0):
      return [
        Diagnostic(
          .neverFires, "a rate of calls is never \(shown), so the rule never fires", source: rule.source,
          range: rule.places.threshold, suggestion: "\"operator\": \"==\" with 0 fires when there are no calls")
      ]
    case (.greaterOrEqual, 0):
      return [
        Diagnostic(
          .alwaysFires, "a rate of calls is always \(shown), so the rule always fires", source: rule.source,
          range: rule.places.threshold, suggestion: "\"operator\": \">\" with 0 fires when there is any call")
      ]
    case (.equal, let value) where value != 0, (.notEqual, let value) where value != 0:
      return [RuleLinter.equality(rule, comparison, "a rate of calls, a fraction,")]
    default: return []
    }
  }
}
