import AlertRules

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
      labels, scope, diagnostics, and the expression of the value alone. `prometheus`: a complete rules file in YAML, \
      groups for each input. `prometheusrule`: the same as an object for the Prometheus operator of Kubernetes.

      All but `json` print nothing when a rule has an error.
      """)

  static let groupSize = Option.value(
    "group-size", "COUNT", .whole(in: 1...100_000), default: "20", help: "Most rules of one group in a rules file",
    documentation: "Servers for many tenants have a limit: 20 in Mimir.")

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

  static let against = Option.list(
    "against", "FILE", .file, help: "Tell when the rules would have fired on recorded traces",
    documentation: """
      Like `--backtest`, but from the spans in a file or directory of traces: rates count spans, quantiles are exact. May \
      be given several times. A `traceql_metrics` is evaluated once every window.
      """)

  static let maxFirings = Option.value(
    "max-firings", "COUNT", .whole(in: 0...1_000_000), help: "With a backtest: fail when a rule fires more often",
    documentation: "An error (OG211) for each such rule, and exit status 1.")

  static let variation = Option.value(
    "try", "PART=VALUES", variations, help: "With a backtest: compare values of a part of the rules",
    documentation: """
      `threshold=500..1000` tries eleven values, `threshold=500..1000:50` every fiftieth, `window=1m,5m,15m` and `for=0s,5m` \
      these. Prints for each how often and how long every rule would have fired.
      """)

  private static var variations: OptionType<RuleVariation> {
    OptionType("threshold=500..1000, window=1m,5m or for=0s,10m") { RuleVariation($0) }
  }

  static let record = Option.value(
    "record", "URL", .url, help: "Write what TraceQL rules give to Prometheus remote write",
    documentation: """
      Evaluates every `traceql_metrics` once, over the window that ends now (or at `--end`), with `--tempo`; or with \
      `--against` over each window of recorded traces. The samples are those of \
      `ongrid_traceql_value{rule="KEY"}`, which such rules compile to. Run it as often as the window is long.
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
    help: "Time between two evaluations of a rule, for --eval, --backtest and --against",
    documentation: "The rule group's evaluation interval. By default `--interval`, at least 15s.")

  static let end = Option.value(
    "end", "TIME", .time, default: "now", help: "When --eval evaluates and where --backtest ends")
}
