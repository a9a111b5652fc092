import AlertRules
import MetricProfiles

/// Reads and lints one text; the problems as `CODE LINE:COLUMN message | suggestion`.
func lint(
  _ bytes: [UInt8], options: LintOptions = LintOptions(), serviceLabel: String = "service_name", strict: Bool = false
) -> (set: RuleSet, found: [String]) {
  var set = RuleSet(reading: [RuleSource(name: "rules.json", bytes: bytes)], serviceLabel: serviceLabel)
  let compiler = RuleCompiler(profile: profile(serviceLabel))
  set.add(RuleLinter(options: options, compiler: compiler).lint(set))
  if strict { set.turnWarningsIntoErrors() }
  set.sortDiagnostics()
  let found = set.diagnostics.map { diagnostic in
    var place = "-:-"
    if let range = diagnostic.range {
      let start = set.sources[diagnostic.source].place(of: range.lowerBound)
      place = "\(start.line):\(start.column)"
    }
    return "\(diagnostic.code.rawValue) \(place) \(diagnostic.message)"
      + (diagnostic.suggestion.map { " | \($0)" } ?? "")
  }
  return (set, found)
}

/// The expressions that one text compiles to.
func compile(_ text: String, serviceLabel: String = "service_name") -> [String] {
  let compiler = RuleCompiler(profile: profile(serviceLabel))
  return lint(Array(text.utf8), serviceLabel: serviceLabel).set.rules.map { compiler.compile($0).text }
}

private func profile(_ serviceLabel: String) -> MetricProfile {
  var profile = MetricProfile.tempo
  profile.serviceLabel = serviceLabel
  return profile
}
