/// `ongrid traceql`.
enum TraceQLCommand {
  static let from = Option.value(
    "from", "FILE", kind: .file, repeatable: true, help: "Evaluate locally over this file; - is stdin")
  static let since = Option.value("since", "DURATION", default: "1h", help: "Search this far back from now")
  static let start = Option.value("start", "TIME", help: "Search from here")
  static let end = Option.value("end", "TIME", help: "Search up to here")
  static let limit = Option.value("limit", "COUNT", default: "20", help: "Most traces in the answer")
  static let spansPerSet = Option.value("spans-per-set", "COUNT", default: "3", help: "Most spans shown of a spanset")
  static let step = Option.value("step", "DURATION", default: "60s", help: "Time between samples of a metrics query")
  static let format = Option.choice(
    "format", short: "f", "FORMAT", ["json", "table", "otlp", "plot", "waterfall"], default: "json",
    help: "Output format")
  static let exitStatus = Option.flag("exit-status", help: "Exit 1 when nothing is found")
  static let check = Option.flag("check", help: "Only check the query")
  static let raw = Option.flag("raw", help: "Print the server's answer untouched")
  static let all = Option.flag("all", help: "Allow a search without any filter on a server")
  static let traceID = Option.value("trace-id", "ID", help: "Print one trace")
  static let tags = Option.flag("tags", help: "List attribute names")
  static let tagValues = Option.value("tag-values", "TAG", help: "List the values of an attribute")

  static let command = Command(
    name: "traceql", summary: "Query traces in Tempo, Jaeger, Zipkin or files with TraceQL",
    description: "Sends a TraceQL query to a backend, or evaluates it locally over files.",
    synopsis: [
      "traceql QUERY [OPTIONS]", "traceql --trace-id ID [OPTIONS]", "traceql --tags | --tag-values TAG [OPTIONS]",
    ],
    arguments: [Argument("QUERY", help: "The query")],
    options: [
      OptionGroup("Source", [BackendOptions.tempo, BackendOptions.jaeger, BackendOptions.zipkin, from]),
      OptionGroup("Query", [since, start, end, limit, spansPerSet, step, all, check, traceID, tags, tagValues]),
      OptionGroup("Results", [format, raw, exitStatus]),
      TraceInputOptions.group, HTTPOptions.group,
    ],
    examples: [
      Example("Slow spans of a service in a file", "ongrid traceql '{ duration > 800ms }' --from traces.jsonl")
    ],
    run: run)

  private static func run(_ arguments: Arguments) throws(CommandError) -> ExitStatus {
    throw .usage("not available in this build")
  }
}
