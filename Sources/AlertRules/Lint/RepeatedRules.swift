/// Finds rules that say the same as another one.
enum RepeatedRules {
  static func find(in entries: [RuleEntry], _ compiler: RuleCompiler) -> [Diagnostic] {
    var found: [Diagnostic] = []
    var byExpression: [String: AlertRule] = [:]
    var byKey: [String: AlertRule] = [:]
    for (index, entry) in entries.enumerated() {
      guard let rule = entry.rule else { continue }
      let expression = compiler.compile(rule).text
      if let first = byExpression[expression] {
        found.append(
          diagnostic(
            .sameExpression, "the rule compiles to the same expression as \(other(first))", rule, index,
            first))
      } else {
        byExpression[expression] = rule
      }
      guard let key = rule.key else { continue }
      if let first = byKey[key] {
        found.append(
          diagnostic(
            .sameKey, "the key \(Quoting.text(key)) is that of another rule", rule, index, first,
            at: rule.places.key))
      } else {
        byKey[key] = rule
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
      source: first.source, range: first.places.rulePoint,
      message: "the first of the two")
    return Diagnostic(
      code, message, source: rule.source,
      range: range ?? rule.places.rulePoint,
      suggestion: "remove one of the two",
      related: [related], entry: index)
  }
}
