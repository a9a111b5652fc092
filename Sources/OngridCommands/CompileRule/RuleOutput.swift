import AlertRules
import JSON

/// Prints compiled rules.
struct RuleOutput {
  let set: RuleSet
  let settings: CompileRuleSettings

  func write(_ output: inout StandardOutput) throws(CommandError) {
    guard !settings.check else { return }
    switch settings.format {
    case .json: try output.write(RulesJSON(set: set, compiler: settings.compiler).bytes)
    case .promql:
      if !set.hasErrors { try writeExpressions(&output) }
    case .prometheus: if !set.hasErrors { try output.write(rules.file) }
    case .prometheusRule:
      let path = set.sources.count == 1 ? set.sources[0].name : "<stdin>"
      if !set.hasErrors { try output.write(rules.object(named: PrometheusRules.objectName(path))) }
    }
  }

  private var rules: PrometheusRules {
    PrometheusRules(groups: RuleGroups(set, settings.compiler, size: settings.groupSize))
  }

  private func writeExpressions(_ output: inout StandardOutput) throws(CommandError) {
    for (index, rule) in set.rules.enumerated() {
      let expression = settings.compiler.compile(rule)
      if settings.pretty {
        if index > 0 { try output.write("\n") }
        try output.writeLine(expression.prettyText)
      } else {
        try output.writeLine(expression.text)
      }
    }
  }
}
