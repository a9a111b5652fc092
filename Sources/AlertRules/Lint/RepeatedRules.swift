/// Finds rules that say the same as another one.
enum RepeatedRules {
  static func find(in rules: [AlertRule], _ compiler: RuleCompiler) -> [Diagnostic] {
    var found: [Diagnostic] = []
    var byExpression: [String: Int] = [:]
    var byKey: [String: Int] = [:]
    for (index, rule) in rules.enumerated() {
      let expression = compiler.compile(rule).text
      if let first = byExpression[expression] {
        found.append(
          diagnostic(
            .sameExpression, "the rule compiles to the same expression as \(other(rules[first]))", rule, index,
            rules[first]))
      } else {
        byExpression[expression] = index
      }
      guard let key = rule.key else { continue }
      if let first = byKey[key] {
        found.append(
          diagnostic(
            .sameKey, "the key \(Quoting.text(key)) is that of another rule", rule, index, rules[first],
            at: rule.places.key))
      } else {
        byKey[key] = index
      }
    }
    return found
  }

  private static func other(_ first: AlertRule) -> String {
    first.key.map(Quoting.text) ?? first.name.map(Quoting.text) ?? "an earlier one"
  }

  private static func diagnostic(
    _ code: DiagnosticCode, _ message: String, _ rule: AlertRule, _ index: Int, _ first: AlertRule,
    at range: Range<Int>? = nil
  ) -> Diagnostic {
    let related = Diagnostic.Related(
      source: first.source, range: first.places.rule.lowerBound..<(first.places.rule.lowerBound + 1),
      message: "the first of the two")
    return Diagnostic(
      code, message, source: rule.source,
      range: range ?? rule.places.rule.lowerBound..<(rule.places.rule.lowerBound + 1),
      suggestion: "remove one of the two",
      related: [related], rule: index)
  }
}
