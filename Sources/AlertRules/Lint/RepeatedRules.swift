/// Finds rules that say the same as another one.
enum RepeatedRules {
  static func find(in entries: [RuleEntry], _ compiler: RuleCompiler) -> [Diagnostic] {
    var found: [Diagnostic] = []
    var byExpression: [[UInt8]: Int] = [:]
    var byKey: [String: Int] = [:]
    var byAlert: [AlertBytes: Int] = [:]
    var names = Set(entries.compactMap { $0.rule?.key ?? $0.rule?.name })
    byExpression.reserveCapacity(entries.count)
    for (index, entry) in entries.enumerated() {
      guard let rule = entry.rule else { continue }
      let alert = AlertIdentity(of: rule, profile: compiler.profile, taken: &names)
      if !rule.isSecondAlert,
        let other = first(Array(compiler.compile(rule.canonical).text.utf8), &byExpression, index, entries)
      {
        let message = "the rule compiles to the same expression as \(name(other))"
        found.append(diagnostic(.sameExpression, message, rule, index, other))
      }
      if let key = rule.key, !rule.isSecondAlert, let other = first(key, &byKey, index, entries) {
        let message = "the key \(Quoting.text(key)) is that of another rule"
        found.append(diagnostic(.sameKey, message, rule, index, other, at: rule.places.key))
      } else if let other = first(AlertBytes(alert), &byAlert, index, entries) {
        let message = "alert \(Quoting.text(alert.name)) has the same labels as another alert of that name"
        found.append(diagnostic(.sameAlert, message, rule, index, other))
      }
    }
    return found
  }

  /// An alert's identity by its bytes: strings are equal when they look the same, labels only when their bytes are.
  private struct AlertBytes: Hashable {
    let name: [UInt8]
    let labels: Set<[[UInt8]]>

    init(_ alert: AlertIdentity) {
      name = Array(alert.name.utf8)
      labels = Set(alert.labels.map { [Array($0.name.utf8), Array($0.value.utf8)] })
    }
  }

  /// The first rule that has this value; nil when it is the one at `index`.
  private static func first<Value: Hashable>(
    _ value: Value, _ known: inout [Value: Int], _ index: Int, _ entries: [RuleEntry]
  ) -> AlertRule? {
    if let first = known[value] { return entries[first].rule }
    known[value] = index
    return nil
  }

  private static func name(_ first: AlertRule) -> String {
    first.key.map(Quoting.text) ?? first.name.map(Quoting.text) ?? "an earlier one"
  }

  private static func diagnostic(
    _ code: DiagnosticCode, _ message: String, _ rule: AlertRule, _ index: Int, _ first: AlertRule,
    at range: Range<Int>? = nil
  ) -> Diagnostic {
    let related = Diagnostic.Related(
      source: first.source, range: first.places.rulePoint,
      message: "the first of the two")
    return Diagnostic(
      code, message, source: rule.source,
      range: range ?? rule.places.rulePoint,
      suggestion: "remove one of the two",
      related: [related], entry: index)
  }
}

extension ServiceObjective {
  fileprivate var canonical: ServiceObjective {
    ServiceObjective(
      operation: operation, objective: objective.canonical, latencyBound: latencyBound?.canonical, period: period,
      ticketSeverity: ticketSeverity, level: level)
  }
}

extension AlertRule {
  /// The rule with its numbers and durations in their shortest writing: `300s` is `5m` and `800.0` is `800`.
  var canonical: AlertRule {
    var rule = self
    rule.window = PromDuration(milliseconds: window.milliseconds)
    rule.threshold = threshold.canonical
    if case .objective(let objective) = condition { rule.condition = .objective(objective.canonical) }
    rule.minimumCalls = minimumCalls?.canonical
    return rule
  }
}
