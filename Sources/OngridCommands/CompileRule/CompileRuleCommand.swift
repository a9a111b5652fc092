import AlertRules
import Backends
import Platform

/// `ongrid compile-rule`.
enum CompileRuleCommand {
  static let command = Command(
    name: "compile-rule", summary: "Compile trace alert rules to PromQL and lint them",
    description: """
      Reads alert rules on traces as JSON or YAML and prints the PromQL expressions that evaluate them on the metrics that \
      `ongrid spanmetrics` or Tempo's metrics generator derive from spans. A rule is an object; a file holds one, an \
      array of them, or one after another. A directory stands for the `*.json`, `*.yaml` and `*.yml` files in it.

          {"kind":"trace_latency","scope_type":"global","conditions_json":{"service":"payments-api",
           "operation":"POST /v1/charge","quantile":"p95","window":"5m","threshold_ms":800}}
          {"kind":"trace_error_rate","scope_type":"global","conditions_json":{"service":"payments-api",
           "window":"5m","operator":">","threshold_pct":1.0}}
          {"kind":"trace_call_rate",
           "conditions_json":{"service":"payments-api","operator":"<","threshold_per_second":0.5}}
          {"kind":"trace_slo","rule_key":"payments-availability",
           "conditions_json":{"service":"payments-api","objective_pct":99.9,"period":"30d"}}
          {"kind":"traceql_metrics","rule_key":"slow-charges",
           "conditions_json":{"window":"5m","threshold":0.1,
           "query":"{ span.http.route = \"/v1/charge\" && duration > 2s } | rate()"}}

      `conditions_json` is an object or a string that holds one. `operation` is optional, `quantile` is p50, p95 (default) \
      or p99, `window` defaults to 5m, `operator` to >, or to < for a call rate, which then also fires when there are no calls. \
      `span_kind` (`server`, `client`, `consumer`, `producer`, `internal`, \
      or an array of them) counts only spans of these kinds; `min_calls` keeps a rule quiet while the window holds fewer \
      calls. A quantile is estimated within a bucket; with `"exact": true` and a `threshold_ms` at a bucket's bound the rule \
      compares the share of calls above it instead, which is known.

      A `trace_slo` is two alerts on how fast the error budget burns, over pairs of windows as the SRE workbook has them: one to \
      page (`severity`, by default page) and one for a ticket (`ticket_severity`, by default ticket). A call is good when it does \
      not fail, or with `threshold_ms` at a bucket's bound when it takes no longer. A rules file also records the share of bad \
      calls and what is left of the budget. A `traceql_metrics` is evaluated with `--tempo` or `--against`; Prometheus \
      alerts on what `--record` writes.

      A rule may also have `rule_key`, `name`, `severity`, `labels`, `annotations` (which may hold Prometheus's templates), \
      `runbook_url`, `for` or `for_seconds`, `keep_firing_for` and `interval`. Any `scope_type` but `global` needs an object \
      `scope` of label values, which every series must then have.

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
          CompileRuleOptions.format, CompileRuleOptions.groupSize, CompileRuleOptions.pretty, CompileRuleOptions.check,
          CompileRuleOptions.diagnostics,
        ]),
      OptionGroup(
        "Judged by data",
        [
          BackendOptions.prometheus, BackendOptions.tempo, CompileRuleOptions.verify, CompileRuleOptions.eval,
          CompileRuleOptions.backtest, CompileRuleOptions.against, CompileRuleOptions.maxFirings,
          CompileRuleOptions.variation, CompileRuleOptions.record, CompileRuleOptions.step, CompileRuleOptions.end,
        ]),
      AdoptionOptions.group,
      InputOptions.group,
      ClientOptions.group,
    ],
    examples: [
      Example("Compile a file of rules", "ongrid compile-rule rules.json"),
      Example("Lint a directory in CI", "ongrid compile-rule --check --strict --diagnostics github rules/"),
      Example("Write a rules file for Prometheus", "ongrid compile-rule --format prometheus rules.json > rules.yml"),
      Example(
        "See what the rules would have done last week",
        "ongrid compile-rule --prometheus http://localhost:9090 --backtest 7d rules.json"),
      Example(
        "Find the threshold for recorded traces",
        "ongrid compile-rule --against traces.jsonl --try threshold=500..1000 rules.json"),
      Example(
        "Check what changed on a branch", "ongrid compile-rule --check --since-commit origin/main rules/"),
    ],
    exitNotes: [
      ExitNote(
        .no,
        "A rule has an error (with `--strict` also a warning), fires (`--eval`), or fires too often (`--max-firings`)."),
      ExitNote(.partial, "With `--eval`: no rule fires, but the series of one are not there."),
      ExitNote(.usage, "The input cannot be read, is not JSON, or holds no rule."),
    ],
    run: run)

  /// Every code with its meaning, as lines of their own.
  private static var codes: String {
    DiagnosticCode.allCases.map { "    \($0.rawValue)  \($0.title)" }.joined(separator: "\n")
  }

  private static func run(_ call: Arguments) throws(CommandError) -> ExitStatus {
    let arguments = try ProjectFile.apply(to: call)
    let settings = try CompileRuleSettings(arguments)
    let live = try LiveRules(arguments, settings)
    if arguments.positionals.isEmpty || arguments.positionals.contains("-") {
      try StandardErrorLog.sayThatItWaits(for: "rules", arguments)
    }
    let adoption = try Adoption(arguments, settings)
    var set = try read(arguments, settings)
    if adoption.fixes, try adoption.fix(set) > 0 { set = try read(arguments, settings) }
    if let live, live.isVerification, !set.hasBadInput { try live.verify(&set) }
    if try adoption.writeBaseline(set) { return .done }
    try adoption.leaveOut(&set)
    if settings.strict { set.turnWarningsIntoErrors() }
    var answer: LiveAnswer?
    if let live, !live.isVerification, !set.hasErrors { answer = try live.ask(&set) }
    set.sortDiagnostics()
    var output = StandardOutput()
    let report = DiagnosticReport(set: set, settings: settings)
    if set.hasBadInput { throw try report.fail(&output) }
    try report.write(&output)
    if let answer {
      if !settings.check { try answer.write(&output, settings) }
    } else if live == nil || live?.isVerification == true {
      try RuleOutput(set: set, settings: settings).write(&output)
    }
    try output.flush()
    if set.hasErrors { throw report.verdict }
    return answer?.status ?? .done
  }

  /// The rules with what the linter says of them.
  private static func read(_ arguments: Arguments, _ settings: CompileRuleSettings) throws(CommandError) -> RuleSet {
    var set = try RuleFiles.read(arguments.positionals, serviceLabel: settings.compiler.profile.serviceLabel)
    set.add(settings.linter.lint(set))
    return set
  }
}
