import AlertRules
import Backends
import Platform

/// `ongrid compile-rule`.
enum CompileRuleCommand {
  static let command = Command(
    name: "compile-rule", summary: "Compile trace alert rules to PromQL and lint them",
    description: """
      Reads alert rules on traces as JSON and prints the PromQL expressions that evaluate them on the metrics that \
      `ongrid spanmetrics` or Tempo's metrics generator derive from spans. A rule is an object; a file holds one, an \
      array of them, or one after another. A directory stands for the `*.json` files in it.

          {"kind":"trace_latency","scope_type":"global","conditions_json":{"service":"payments-api",
           "operation":"POST /v1/charge","quantile":"p95","window":"5m","threshold_ms":800}}
          {"kind":"trace_error_rate","scope_type":"global","conditions_json":{"service":"payments-api",
           "window":"5m","operator":">","threshold_pct":1.0}}

      `conditions_json` is an object or a string that holds one. `operation` is optional, `quantile` is p50, p95 (default) \
      or p99, `window` defaults to 5m, `operator` to >. `span_kind` (`server`, `client`, `consumer`, `producer`, `internal`, \
      or an array of them) counts only spans of these kinds; `min_calls` keeps a rule quiet while the window holds fewer \
      calls. A quantile is estimated within a bucket; with `"exact": true` and a `threshold_ms` at a bucket's bound the rule \
      compares the share of calls above it instead, which is known. A rule may also have `rule_key`, `name`, `severity`, `labels`, \
      `runbook_url`, `for` or `for_seconds`. Any `scope_type` but `global` needs an object `scope` of label values, which \
      every series must then have.

      Rows as the system that rules come from stores them, and lists of rows (`{"items":[...]}`), are read as they are: rules \
      of other kinds and disabled ones are passed over with a note.

      Problems have stable codes and point at file, line and column. Errors (OG001 to OG099) are input that is not a rule. \
      Warnings (OG101 to OG199) are rules that compile but will not do what they were written for; \
      `"ongrid:ignore": ["OG109"]` in a rule silences them by code. Notes (from OG301) never fail anything. The codes are:

      \(codes)
      """,
    arguments: [Argument("FILE", kind: .file, repeatable: true, help: "Rules to read; - or none is stdin")],
    options: [
      OptionGroup(
        "Rules",
        [
          GeneratorOption.generator, CompileRuleOptions.serviceLabel, CompileRuleOptions.buckets,
          CompileRuleOptions.interval,
          CompileRuleOptions.strict,
        ]),
      OptionGroup(
        "Results",
        [
          CompileRuleOptions.format, CompileRuleOptions.pretty, CompileRuleOptions.check,
          CompileRuleOptions.diagnostics,
        ]),
      OptionGroup(
        "Live Prometheus",
        [
          BackendOptions.prometheus, CompileRuleOptions.verify, CompileRuleOptions.eval, CompileRuleOptions.backtest,
          CompileRuleOptions.step, CompileRuleOptions.end,
        ]),
      ClientOptions.group,
    ],
    examples: [
      Example("Compile a file of rules", "ongrid compile-rule rules.json"),
      Example("Lint a directory in CI", "ongrid compile-rule --check --strict --diagnostics github rules/"),
      Example("Write a rules file for Prometheus", "ongrid compile-rule --format prometheus rules.json > rules.yml"),
      Example(
        "See what the rules would have done last week",
        "ongrid compile-rule --prometheus http://localhost:9090 --backtest 7d rules.json"),
    ],
    exitNotes: [
      ExitNote(.no, "A rule has an error (with `--strict` also a warning), or fires (`--eval`)."),
      ExitNote(.partial, "With `--eval`: no rule fires, but the series of one are not there."),
      ExitNote(.usage, "The input cannot be read, is not JSON, or holds no rule."),
    ],
    run: run)

  /// Every code with its meaning, as lines of their own.
  private static var codes: String {
    DiagnosticCode.allCases.map { "    \($0.rawValue)  \($0.title)" }.joined(separator: "\n")
  }

  private static func run(_ arguments: Arguments) throws(CommandError) -> ExitStatus {
    let settings = try CompileRuleSettings(arguments)
    let live = try LiveRules(arguments, settings)
    if arguments.positionals.isEmpty || arguments.positionals.contains("-") {
      try StandardErrorLog.sayThatItWaits(for: "rules", arguments)
    }
    var set = try RuleFiles.read(arguments.positionals, serviceLabel: settings.compiler.profile.serviceLabel)
    set.add(settings.linter.lint(set))
    if let live, live.isVerification, !set.hasBadInput { try live.verify(&set) }
    if settings.strict { set.turnWarningsIntoErrors() }
    set.sortDiagnostics()
    var output = StandardOutput()
    let report = DiagnosticReport(set: set, settings: settings)
    if set.hasBadInput { throw try report.fail(&output) }
    try report.write(&output)
    var status = ExitStatus.done
    if let live, !live.isVerification {
      if !set.hasErrors { status = try live.answer(set, &output) }
    } else {
      try RuleOutput(set: set, settings: settings).write(&output)
    }
    try output.flush()
    if set.hasErrors { throw report.verdict }
    return status
  }
}

/// The options of one call, checked.
struct CompileRuleSettings: Sendable {
  enum Format: String, CaseIterable {
    case promql, json, prometheus
  }

  enum DiagnosticsFormat: String, CaseIterable {
    case text, json, github, sarif
  }

  let compiler: RuleCompiler
  let linter: RuleLinter
  let format: Format
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
        intervalMilliseconds: interval.milliseconds),
      compiler: compiler)
    format = try arguments[CompileRuleOptions.format]
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
