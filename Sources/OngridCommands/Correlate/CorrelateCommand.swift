/// `ongrid correlate`.
enum CorrelateCommand {
  static let service = Option.value("service", "NAME", help: "The service")
  static let operation = Option.value("operation", "NAME", help: "The operation, a span name")
  static let at = Option.value("at", "TIME", help: "When it happened")
  static let window = Option.value("window", "DURATION", default: "30m", help: "How much time around it to look at")
  static let from = Option.value(
    "from", "FILE", kind: .file, repeatable: true, help: "Read traces from this file instead of Tempo")
  static let logSelector = Option.value("log-selector", "SELECTOR", help: "Loki stream selector of the service's logs")
  static let timeout = Option.value("timeout", "DURATION", default: "10s", help: "Longest time for the whole call")
  static let maxBytes = Option.value("max-bytes", "SIZE", default: "100KiB", help: "Largest document to print")
  static let format = Option.choice(
    "format", short: "f", "FORMAT", ["json", "markdown"], default: "json", help: "Output format")

  static let command = Command(
    name: "correlate", summary: "Gather metrics, logs and traces around an incident",
    description: """
      Asks Prometheus, Loki and Tempo at the same time for the window around an incident and prints one JSON document.
      """,
    arguments: [Argument("FILE", kind: .file, help: "Incident to read as JSON; - is stdin")],
    options: [
      OptionGroup("Incident", [service, operation, at, window]),
      OptionGroup(
        "Sources", [BackendOptions.prometheus, BackendOptions.loki, BackendOptions.tempo, from, logSelector]),
      OptionGroup("Results", [maxBytes, format]),
      TraceInputOptions.group, HTTPOptions.group(replacingTimeoutBy: timeout),
    ],
    examples: [
      Example("What happened to payments-api", "ongrid correlate --service payments-api --at -15m")
    ],
    run: run)

  private static func run(_ arguments: Arguments) throws(CommandError) -> ExitStatus {
    throw .usage("not available in this build")
  }
}
