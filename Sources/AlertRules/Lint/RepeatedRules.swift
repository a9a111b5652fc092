/// Finds rules that say the same as another one.
enum RepeatedRules {
  static func find(in entries: [RuleEntry], _ compiler: RuleCompiler) -> [Diagnostic] {
    var found: [Diagnostic] = []
    var byExpression: [String: Int] = [:]
    var byKey: [String: Int] = [:]
    byExpression.reserveCapacity(entries.count)
    for (index, entry) in entries.enumerated() {
      guard let rule = entry.rule else { continue }
      if let first = first(&byExpression, compiler.compile(rule).text, index, entries) {
        let message = "the rule compiles to the same expression as \(other(first))"
        found.append(diagnostic(.sameExpression, message, rule, index, first))
      }
      guard let key = rule.key else { continue }
      if let first = first(&byKey, key, index, entries) {
        let message = "the key \(Quoting.text(key)) is that of another rule"
        found.append(diagnostic(.sameKey, message, rule, index, first, at: rule.places.key))
      }
    }
    return found
  }

  /// The rule that has `text` already; otherwise it is this one's from now on.
  private static func first(
    _ known: inout [String: Int], _ text: String, _ index: Int, _ entries: [RuleEntry]
  ) -> AlertRule? {
    if let first = known[text] { return entries[first].rule }
    known[text] = index
    return nil
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
