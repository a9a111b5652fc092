import TraceQL

/// `ongrid traceql`.
enum TraceQLCommand {
  static let command = Command(
    name: "traceql", summary: "Query traces in Tempo, Jaeger, Zipkin or files with TraceQL",
    description: """
      Asks for traces in TraceQL. Tempo answers by itself. Jaeger and Zipkin are asked for what they can search by, and \
      the rest of the query is evaluated here. Files and pipes with OTLP traces are evaluated here entirely, with the same \
      results as Tempo's.

      A query selects spans, and may filter, group and count them, or turn them into series:

          { resource.service.name = "payments-api" && duration > 800ms }
          { kind = server } >> { status = error } | select(span.http.route)
          { status = error } | by(resource.service.name) | count() > 2
          { } | rate() by (resource.service.name) | topk(3)

      A filter after `|` may stand without its braces.

      Over files, some answers differ from Tempo's on purpose. Every condition sees the span as it is, where Tempo takes an \
      attribute for nil when its own condition fails. Of events and links, those that matched give the values. Lists are \
      shown whole. Whole numbers compare with `2.5`, and `a ^ b` is a to the power of b. Sums pass over spans without a \
      number. Orphans keep their children, and of several roots the earliest names the trace. Unions such as `&>>` give \
      only spans that stand in the relation.
      """,
    synopsis: [
      "traceql [OPTIONS] QUERY [FILE...]", "traceql [OPTIONS] --service NAME [FILE...]",
      "traceql [OPTIONS] --trace-id ID [FILE...]",
      "traceql [OPTIONS] --tags [FILE...]", "traceql [OPTIONS] --tag-values TAG [FILE...]",
      "traceql [OPTIONS] --info [FILE...]", "traceql [OPTIONS] --diff [QUERY] BEFORE AFTER",
    ],
    arguments: [
      Argument("QUERY", help: "The query"),
      Argument("FILE", kind: .file, repeatable: true, help: "Traces to read, files or directories; - is stdin"),
    ],
    options: [
      TraceQLOptions.source, TraceQLOptions.query, TraceFacets.group, TraceQLOptions.lookup, TraceQLOptions.results,
      TraceQLOptions.waterfall,
      TraceQLOptions.local,
      InputOptions.group, ClientOptions.group,
    ],
    examples: [
      Example(
        "Slow requests of a service, from Tempo",
        "ongrid traceql --tempo http://localhost:3200 '{ resource.service.name = \"payments-api\" } | duration > 800ms'"
      ),
      Example("Errors in a file, for people", "ongrid traceql '{ status = error }' traces.otlp -f table"),
      Example(
        "Fail a build when a captured run has errors", "ongrid traceql '{ status = error }' --fail-if-found run.otlp"),
      Example(
        "Fail a build when an operation got slower than on the main branch",
        "ongrid traceql --diff main.otlp branch.otlp --fail-on 'p95 > +20% || errors > +1%' -f markdown"),
      Example("Errors as they pass a relay", "ongrid relay --to - | ongrid traceql --follow '{ status = error }'"),
      Example("One trace as a waterfall", "ongrid traceql --trace-id 7719cdfbb878c2d651ea345e50690b90 -f waterfall"),
      Example(
        "Requests a second by service", "ongrid traceql '{ kind = server } | rate() by (resource.service.name)' -f plot"
      ),
    ],
    exitNotes: [
      ExitNote(
        .no,
        "`--check`: the query is not valid. `--exit-status`: nothing was found. `--fail-if-found`: something was. `--trace-id`: no such trace. `--fail-on`: it holds."
      ),
      ExitNote(.usage, "The query is not valid, the input cannot be read or needs more than `--max-memory`."),
    ],
    run: run)

  private static func run(_ arguments: Arguments) throws(CommandError) -> ExitStatus {
    let request = try TraceQLRequest(arguments)
    if request.isCheck { return try check(request) }
    let log = try StandardErrorLog.make(arguments)
    if request.isInfo { return try InputInfo.run(arguments, request, log) }
    if let difference = try RunDifference(arguments, request, log) { return try difference.run() }
    if request.follows { return try FollowedTraces(arguments, request, log).run() }
    if let answers = try RemoteTraces(arguments, request, log) { return try answers.run() }
    return try FileTraces(arguments, request, log).run()
  }

  private static func check(_ request: TraceQLRequest) throws(CommandError) -> ExitStatus {
    let query: Query
    do throws(QueryError) { query = try Query(parsing: request.text) } catch {
      throw TraceQLRequest.refusal(of: error, status: .no)
    }
    var output = StandardOutput()
    try output.writeLine(StandardErrorLog.oneLine(query.description))
    try output.flush()
    return .done
  }
}
