/// The options of `ongrid compile-rule`.
enum CompileRuleOptions {
  static let serviceLabel = Option.value(
    "service-label", "LABEL", .text,
    help: "Label that holds the service's name, in place of the generator's",
    documentation: """
      Tempo's metrics generator writes `service`, and `service_name` too when `service.name` is among its dimensions; \
      `ongrid spanmetrics` writes `service_name`.
      """)

  static let buckets = Option.lists(
    "buckets", "SECONDS,...", .decimals, help: "Upper bounds of the generator's latency buckets",
    documentation: """
      A latency beyond the last finite bucket cannot be told from the histogram, and between two bounds it is only \
      interpolated; OG101 and OG102 say where a threshold is affected. The default bounds are those of Tempo and of \
      `ongrid spanmetrics`: 0.002 doubled up to 16.384.
      """)

  static let interval = Option.value(
    "interval", "DURATION", .duration(in: .milliseconds(1) ... .seconds(86_400)), default: "15s",
    help: "Time between two samples of a series",
    documentation: "The scrape or collection interval. `rate()` needs two samples in the window (OG106, OG107).")

  static let strict = Option.flag("strict", help: "Treat warnings as errors")

  static let format = Option.value(
    "format", short: "f", "FORMAT", .choice(CompileRuleSettings.Format.self), default: "promql", help: "What to print",
    documentation: """
      `promql`: one expression a line. `json`: an array with one object a rule: key, kind, expression, its pretty form, \
      labels, diagnostics. `prometheus`: a complete rules file in YAML, one group for each input.

      `promql` and `prometheus` print nothing when a rule has an error.
      """)

  static let pretty = Option.flag(
    "pretty", help: "Print expressions over several indented lines",
    documentation: "Expressions are then separated by an empty line.")

  static let check = Option.flag("check", help: "Print no rules, only what is wrong with them")

  static let diagnostics = Option.value(
    "diagnostics", "FORMAT", .choice(CompileRuleSettings.DiagnosticsFormat.self), default: "text",
    help: "How problems are reported",
    documentation: """
      `text` shows the line with a caret, for people. `json` is an array of objects. `github` annotates files in a pull \
      request. `sarif` is SARIF 2.1.0, which code scanning reads.

      Diagnostics go to standard error; with `--check` the machine-readable ones are the result and go to standard output.
      """)

  static let verify = Option.flag(
    "verify", help: "Check the rules against a live Prometheus",
    documentation: """
      The server parses each expression; the metric has series; the service, the operation and the scope have been seen; \
      the status codes follow the expected convention; samples still come, and often enough for the window; the threshold \
      is judged by the server's own buckets; the error rate is that of what the service served. Findings are errors from \
      OG201 on.
      """)

  static let eval = Option.flag(
    "eval", help: "Evaluate the rules now; exit 1 when one fires",
    documentation: """
      Prints each rule with its state, value and threshold; `--format json` prints an array. A rule with `for` is pending \
      until its condition has held at every `--step` that long. Exit status 0: nothing fires; 1: a rule fires; 4: none fires, \
      but the series of a rule are not there.
      """)

  static let backtest = Option.value(
    "backtest", "DURATION", .duration(in: .seconds(1) ... .seconds(31_536_000)),
    help: "Tell when the rules would have fired",
    documentation: """
      Replays the rules over this much of the past, up to now or `--end`: how often each was evaluated, how often and how \
      long it fired, with `for` applied, and the values. `--format json` prints every firing.
      """)

  static let step = Option.value(
    "step", "DURATION", .duration(in: .seconds(1) ... .seconds(86_400)),
    help: "Time between two evaluations of a rule, for --eval and --backtest",
    documentation: "The rule group's evaluation interval. By default `--interval`, at least 15s.")

  static let end = Option.value(
    "end", "TIME", .time, default: "now", help: "When --eval evaluates and where --backtest ends")
}
