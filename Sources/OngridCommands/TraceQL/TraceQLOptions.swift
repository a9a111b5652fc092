/// The options of `ongrid traceql`.
enum TraceQLOptions {
  static let from = Option.list(
    "from", "FILE", .file, help: "Evaluate locally over this file or directory; - is stdin",
    documentation: """
      The same as a FILE after the query. Files win over a server that the environment names; standard input is read \
      when it is given as `-`, or when there is no other source and it is redirected.
      """)

  static let since = TimeRangeOptions.since
  static let start = TimeRangeOptions.start
  static let end = TimeRangeOptions.end
  static let limit = Option.value(
    "limit", short: "n", "COUNT", .whole(in: 0...1_000_000), default: "20", help: "Most traces in the answer",
    documentation: "Over files, the latest ones; 0 means all, wherever they come from.")
  static let spansPerSet = Option.value(
    "spans-per-set", "COUNT", .whole(in: 0...1_000_000), default: "3", help: "Most spans shown of a spanset",
    documentation: "Over files, 0 means all. Tempo shows at most 100.")
  static let step = Option.value(
    "step", "DURATION", .duration(in: .milliseconds(1) ... .nanoseconds(Int64.max)), default: "60s",
    help: "Time between samples of a metrics query")
  static let instant = Option.flag(
    "instant", negatable: false, help: "One value of a metrics query over the whole time range",
    documentation: "Over files this needs `--since` or `--start`.")
  static let all = Option.flag(
    "all", negatable: false, help: "Allow a search without any filter on a server",
    documentation: "A query such as `{ }` makes a server read everything it has in the time range.")
  static let check = Option.flag(
    "check", negatable: false, help: "Only check the query: print its canonical form, exit 1 when it is not valid")
  static let raw = Option.flag(
    "raw", negatable: false, help: "Send the query as it is, unchecked",
    documentation: """
      Normally a query is checked here first, and the short form `{ … } | duration > 800ms`, which only this program \
      understands, is written out. For servers with a newer language than this program knows. The answer is printed byte \
      for byte, also without a line feed at its end.
      """)
  static let traceID = Option.list(
    "trace-id", "ID", .text, help: "Print this trace instead of searching",
    documentation: """
      May be given several times. `-` reads ids from standard input: one a line, or the JSON that `traceql` and \
      `correlate` print. Exit status 1 when none of them is there, 4 when some are not.
      """)
  static let info = Option.flag(
    "info", negatable: false, help: "Say what the files hold instead of searching",
    documentation: """
      Formats, the number of traces and spans, services, the time range, other signals, and what could not be read.
      """)
  static let tags = Option.flag(
    "tags", negatable: false, help: "List the names of attributes instead of searching",
    documentation: "A query after it leaves only those of the spans that it matches.")
  static let tagValues = Option.value(
    "tag-values", "TAG", .text, help: "List the values of an attribute instead of searching",
    documentation: """
      Written as in a query: `resource.service.name`, `name`, `span.http.route`. A query after it leaves only values of the \
      spans that it matches.
      """)
  static let diff = Option.flag(
    "diff", negatable: false, help: "Compare two runs: --diff [QUERY] BEFORE AFTER",
    documentation: """
      Each run is a file or directory, `id:TRACEID`, or `START..END` of a server or of `--from`; the query selects the spans \
      of both. For every operation: calls, errors, durations and own time, which is the time in which no child runs. What \
      chance does not explain comes first, then what changed most. To tell the two apart, the traces of both runs are dealt \
      out anew a thousand times: in one comparison of a hundred, chance is taken for a change. Formats: `table`, `json`, \
      `markdown`, and `waterfall` for two single traces.
      """)
  static let failOn = Option.value(
    "fail-on", "CONDITION", .failCondition, help: "Exit 1 when an operation changed so, in --diff",
    documentation: """
      Such as `p95 > +20% || errors > +1%`: of `calls`, `errors`, `p50`, `p95` and `own`, joined by `&&` and `||`. A \
      percentage is of what it was before, of `errors` a part of the calls; `p95 > +50ms` works too. Only changes count that \
      chance does not explain.
      """)
  static let follow = Option.flag(
    "follow", negatable: false, help: "Print what is found as it arrives in a growing file or a pipe",
    documentation: """
      A line for each: JSON, or text with `-f table` and on a terminal. A query over single spans is answered at once. Any \
      other judges a trace when nothing has come for it for `--settle`; spans that come later are judged by themselves. It \
      ends with the pipe, or with SIGTERM and SIGINT, and judges what is left.
      """)
  static let settle = Option.value(
    "settle", "DURATION", .duration(), default: "5s", help: "How long a trace must rest before --follow judges it")
  static let maxMemory = Option.value(
    "max-memory", "SIZE", .size(in: 1 << 20...Int.max), default: "2GiB", help: "Most memory for traces from files",
    documentation: """
      A metrics query over single spans needs none. A search keeps the spans of the traces that it may find, and, until these \
      are put together, all that comes through a pipe, compressed or as JSON.
      """)
  static let threads = Option.value(
    "threads", "COUNT", .whole(in: 1...1024), help: "Threads that read files; otherwise one for each processor")

  static let format = Option.value(
    "format", short: "f", "FORMAT", .choice(TraceQLRequest.Format.self), default: "json",
    help: "Output format",
    documentation: """
      `json` is what Tempo answers, byte for byte where a Tempo does, and in the same shape otherwise.

      `table` is for people: a line for each trace, or for each series.

      `otlp` prints the whole traces as OTLP/JSON, one a line, for the next program: `| ongrid spanmetrics`.

      `waterfall` draws every trace as a tree of spans with bars on a time axis. Errors are marked, the critical path is \
      drawn stronger; messages, exceptions and links stand below their span.

      `html` is one page for a browser that needs nothing else: the same waterfall to fold, zoom and search, by keyboard \
      too, with all that is known of each span. It can be read without its script, and printed.

      `tree` shows which service calls which in the traces found, how often, with how many errors, and the 95th percentile \
      of their durations; `mermaid` is the same as a diagram for Markdown.

      `perfetto` is Chrome's trace events, for https://ui.perfetto.dev; `folded` is for flame graphs: one stack of spans a \
      line, and the microseconds of the last one's own.

      `plot` draws the series of a metrics query. `markdown` is for `--diff`.
      """)
  static let width = Option.value(
    "width", "COLUMNS", .whole(in: 40...10_000), help: "Columns of tables and drawings; otherwise the terminal's",
    documentation: "Where the output is no terminal, `COLUMNS` rules, and without it nothing is cut.")
  static let utc = Option.flag("utc", negatable: false, help: "Show times in UTC instead of the local time zone")
  static let details = Option.flag(
    "details", negatable: false, help: "Show attributes and events of each span in a waterfall")
  static let foldBelow = Option.value(
    "fold-below", "DURATION", .duration(), help: "Fold shorter spans of a waterfall into counted lines")
  static let maxDepth = Option.value(
    "max-depth", "LEVELS", .whole(in: 1...1_000_000), help: "Fold spans of a waterfall that are deeper")
  static let only = Option.value(
    "only", "WHICH", .choice(TraceQLRequest.Only.self), help: "Fold all spans of a waterfall but these",
    documentation: "`errors`: spans that failed. `critical`: spans that the whole trace waited for.")
  static let exitStatus = Option.flag("exit-status", negatable: false, help: "Exit 1 when nothing is found")
  static let failIfFound = Option.flag(
    "fail-if-found", negatable: false, help: "Exit 1 when something is found",
    documentation: "For checks that must find nothing. Bad input and dead servers keep their own statuses.")

  static let source = OptionGroup(
    "Source", [BackendOptions.tempo, BackendOptions.jaeger, BackendOptions.zipkin, from])
  static let query = OptionGroup("Query", [since, start, end, limit, spansPerSet, step, instant, all, check, raw])
  static let lookup = OptionGroup("Other questions", [traceID, tags, tagValues, info, diff, failOn])
  static let results = OptionGroup("Results", [format, exitStatus, failIfFound, width, utc])
  static let waterfall = OptionGroup("Waterfall", [details, foldBelow, maxDepth, only])
  static let local = OptionGroup("Files", [follow, settle, maxMemory, threads])
}
