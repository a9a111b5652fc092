import AlertRules
import Platform

/// The options of one call, checked.
struct CompileRuleSettings: Sendable {
  enum Format: String, CaseIterable {
    case promql, json, prometheus
    case prometheusRule = "prometheusrule"

    /// Whether it is YAML that a server evaluates.
    var isRulesFile: Bool { self == .prometheus || self == .prometheusRule }
  }

  enum DiagnosticsFormat: String, CaseIterable {
    case text, json, github, sarif
  }

  let compiler: RuleCompiler
  let linter: RuleLinter
  let format: Format
  /// Most rules of one group.
  let groupSize: Int
  let pretty: Bool
  let check: Bool
  let strict: Bool
  let diagnostics: DiagnosticsFormat
  let quiet: Bool
  let color: Bool
  /// Whether text shows notes on rules; otherwise a terminal is told how many there are.
  let showsNotes: Bool

  init(_ arguments: Arguments) throws(CommandError) {
    compiler = RuleCompiler(profile: try GeneratorOption.profile(arguments))
    let buckets = try arguments[CompileRuleOptions.buckets]
    if let bad = buckets.first(where: { $0 <= 0 }) {
      throw arguments.invalid(CompileRuleOptions.buckets, "\(bad)", expected: "positive numbers of seconds")
    }
    let interval = try arguments[CompileRuleOptions.interval]
    linter = RuleLinter(
      options: LintOptions(
        buckets: buckets.isEmpty ? compiler.profile.defaultBuckets : buckets,
        intervalMilliseconds: interval.milliseconds,
        project: ProjectRules(
          severities: try arguments[AdoptionOptions.severities], labels: try arguments[AdoptionOptions.requireLabel],
          annotations: try arguments[AdoptionOptions.requireAnnotation])),
      compiler: compiler)
    format = try arguments[CompileRuleOptions.format]
    groupSize = try arguments[CompileRuleOptions.groupSize]
    pretty = try arguments[CompileRuleOptions.pretty]
    check = try arguments[CompileRuleOptions.check]
    strict = try arguments[CompileRuleOptions.strict]
    diagnostics = try arguments[CompileRuleOptions.diagnostics]
    quiet = try arguments[CommonOptions.quiet]
    let verifies = try arguments[CompileRuleOptions.verify]
    showsNotes = check || verifies
    let when = try arguments[CommonOptions.color]
    color = when.usesColor(on: 2)
  }
}
