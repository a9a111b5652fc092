import Correlate
import Traces

/// `ongrid correlate`.
enum CorrelateCommand {
  static let service = Option.value(
    "service", "NAME", .text, help: "The service", documentation: "Wins over the incident's.")
  static let operation = Option.value(
    "operation", "NAME", .text, help: "The operation, a span name", documentation: "Wins over the incident's.")
  static let at = Option.value(
    "at", "TIME", .time, help: "When it happened",
    documentation: "Without it, when the incident first fired; without an incident, now.")
  static let window = Option.value(
    "window", "DURATION", .duration(in: .seconds(60) ... .seconds(7 * 86_400)), default: "30m",
    help: "How much time around it to look at",
    documentation: """
      Half lies before and half after, but nothing after now. It need not fit: where in it the trouble begins is looked \
      for.
      """)
  static let baseline = Option.value(
    "baseline", "DURATION", .duration(in: .seconds(60) ... .seconds(7 * 86_400)), default: "1h",
    help: "How much time before the window it is compared with")
  static let serviceLabel = Option.value(
    "service-label", "LABEL", .text, default: "service_name", help: "Metric label that holds the service")
  static let from = Option.list(
    "from", "FILE", .file, help: "Read traces from this file instead of a server",
    documentation: "Read twice, so it cannot be standard input. Memory follows the service's traces, not the file.")
  static let logSelector = Option.value(
    "log-selector", "SELECTOR", .text, help: "Loki stream selector of the service's logs",
    documentation: "Without it `{service_name=\"…\"}`.")
  static let timeout = Option.value(
    "timeout", "DURATION", .duration(in: .milliseconds(1) ... .seconds(3600)), default: "10s",
    help: "Longest time for the whole call",
    documentation: "All sources are asked at once; one that has not answered by then is skipped.")
  static let maxBytes = Option.value(
    "max-bytes", "SIZE", .size(in: 2048...(1 << 30)), default: "100KiB", help: "Largest document to print",
    documentation: """
      Holds exactly, for each document. The noisiest parts are cut first; `truncated` counts what was cut. At least 2KiB.
      """)
  static let format = Option.value(
    "format", short: "f", "FORMAT", .choice(CorrelateSettings.Format.self), default: "json", help: "Output format",
    documentation: """
      `json` prints one document a line for each incident, in order. `markdown` is for a person or a ticket: five lines \
      of summary, then the panels. `html` is one page that needs nothing beside it, with charts, for each incident; several \
      stand one after another.

      `bundle` is what the tool `correlate_incident` of ongridio/ongrid answers: one object for up to 16 incidents, with \
      panels of series, lines and traces, and without suspects. The window is centred on the incident.
      """)
  static let grafana = Option.value(
    "grafana", "URL", .url, environment: "ONGRID_GRAFANA_URL", help: "Link what was found to this Grafana",
    documentation: """
      Findings and queries then carry links to Explore. Data sources are found by their uids `tempo`, `loki` and `prometheus`; \
      others stand in the URL: `https://grafana.example.com?tempo=P214B5B846CF3925F`.
      """)
  static let schema = Option.flag("schema", negatable: false, help: "Print the JSON Schema of the document")

  static let command = Command(
    name: "correlate", summary: "Gather metrics, logs and traces around an incident",
    description: """
      Asks Prometheus, Loki and a store of traces (Tempo, Jaeger or Zipkin) at the same time for the window around an incident and prints one JSON document \
      that can be reasoned over without another query: the metrics against the time before, error-like log lines, failing \
      and slow traces, what these have in common (`suspects`), a timeline, and every query that was sent.

      The incident comes from options or from a JSON document: an incident, an array of them, a webhook of Alertmanager, \
      Grafana or PagerDuty, or what `ongrid compile-rule --format json` and `ongrid correlate` itself print. An incident with `conditions_json` is compiled to the rule's \
      expression.

      A source that is down, slow or wrong is named in `skipped` and leaves the rest intact.
      """,
    synopsis: ["correlate [OPTIONS] [FILE]", "correlate --service NAME [OPTIONS]", "correlate --schema"],
    arguments: [Argument("FILE", kind: .file, help: "Incident to read as JSON; - is stdin")],
    options: [
      OptionGroup("Incident", [service, operation, at, window, baseline] + TimeRangeOptions.all),
      OptionGroup(
        "Sources",
        [
          BackendOptions.prometheus, BackendOptions.loki, BackendOptions.tempo, BackendOptions.jaeger,
          BackendOptions.zipkin, from, logSelector, serviceLabel,
        ]),
      OptionGroup("Results", [maxBytes, format, grafana, schema]),
      InputOptions.group, ClientOptions.group.replacing(timeout), SourceCredentials.group,
    ],
    examples: [
      Example("What happened to payments-api", "ongrid correlate --service payments-api --at -15m"),
      Example("From an alert, for a ticket", "ongrid correlate --format markdown alert.json"),
      Example(
        "Over captured traces alone",
        "ongrid correlate --service payments-api --at 2026-11-23T07:00:00Z --from traces.jsonl"),
    ],
    exitNotes: [
      ExitNote(.backend, "No source answered."),
      ExitNote(.partial, "A source is missing, wholly or in part; `skipped` names it. The document is on stdout."),
    ],
    run: run)

  private static func run(_ arguments: Arguments) throws(CommandError) -> ExitStatus {
    var output = StandardOutput()
    if try arguments[schema] {
      try output.write(CorrelateSchema.text)
      try output.flush()
      return .done
    }
    let settings = try CorrelateSettings(arguments)
    if settings.format == .bundle { return try bundle(settings, arguments, &output) }
    let results = Correlator(settings.configuration).run(settings.incidents, at: settings.moment)
    var status = ExitStatus.done
    var nothing = 0
    for result in results {
      switch settings.format {
      case .json: try output.write(result.json(maximumBytes: settings.maximumBytes))
      case .markdown:
        let drawing = TerminalWaterfall(TextLayout(columns: 100), Waterfall.Folding(only: .telling))
        try output.write(result.markdown(maximumBytes: settings.maximumBytes) { drawing.lines($0) })
      case .html: try output.write(result.html(maximumBytes: settings.maximumBytes))
      case .bundle: break
      }
      switch result.completeness {
      case .whole: break
      case .partial: status = .partial
      case .nothing:
        status = .partial
        nothing += 1
      }
    }
    try output.flush()
    if nothing == results.count, let skipped = results.first?.skipped {
      let reasons = skipped.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
      throw .backend("no source answered: " + reasons.joined(separator: "; "))
    }
    return status
  }

  private static func bundle(
    _ settings: CorrelateSettings, _ arguments: Arguments, _ output: inout StandardOutput
  ) throws(CommandError) -> ExitStatus {
    let log = try StandardErrorLog.make(arguments)
    for (index, incident) in settings.incidents.enumerated() {
      if let id = incident.id, UInt64(id) != nil { continue }
      log.warn(
        "incident \(index + 1) has no number for an id: it is \(BundleCollector.number(of: incident, at: index))")
    }
    let answer = BundleCollector(settings.configuration).collect(
      settings.incidents, at: settings.moment, maximumBytes: settings.maximumBytes)
    try output.write(answer.bytes)
    try output.flush()
    return answer.isPartial ? .partial : .done
  }
}
