/// Finds rules that say the same as another one.
enum RepeatedRules {
  static func find(in entries: [RuleEntry], _ compiler: RuleCompiler) -> [Diagnostic] {
    var found: [Diagnostic] = []
    var byExpression: [String: Int] = [:]
    var byKey: [String: Int] = [:]
    byExpression.reserveCapacity(entries.count)
    for (index, entry) in entries.enumerated() {
      guard let rule = entry.rule else { continue }
      let text = compiler.compile(rule).text
      if let first = byExpression[text], let other = entries[first].rule {
        // Strings are equal when they look the same; labels only when their bytes are.
        if compiler.compile(other).text.utf8.elementsEqual(text.utf8) {
          let message = "the rule compiles to the same expression as \(name(other))"
          found.append(diagnostic(.sameExpression, message, rule, index, other))
        }
      } else {
        byExpression[text] = index
      }
      guard let key = rule.key else { continue }
      if let first = byKey[key], let other = entries[first].rule {
        let message = "the key \(Quoting.text(key)) is that of another rule"
        found.append(diagnostic(.sameKey, message, rule, index, other, at: rule.places.key))
      } else {
        byKey[key] = index
      }
    }
    return found
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
