/// `ongrid spanmetrics`.
enum SpanMetricsCommand {
  static let format = Option.choice(
    "format", short: "f", "FORMAT", ["json", "prometheus", "openmetrics"], default: "json", help: "Output format")
  static let dimension = Option.value(
    "dimension", "ATTRIBUTE", repeatable: true, help: "Add this span or resource attribute as a label")
  static let serviceLabel = Option.value(
    "service-label", "LABEL", default: "service_name", help: "Label that holds the service's name")
  static let buckets = Option.value(
    "buckets", "SECONDS,...", help: "Upper bounds of the latency buckets, in seconds",
    documentation: "Separated by commas. The default is Tempo's: powers of two from 0.002 to 16.384.")
  static let size = Option.choice(
    "size", "KIND", ["off", "histogram", "total"], default: "off", help: "Also measure the size of spans")
  static let exemplars = Option.flag("exemplars", help: "Attach trace ids to buckets and counters")
  static let serviceGraph = Option.flag("service-graph", help: "Also derive the graph of calls between services")
  static let maxSeries = Option.value(
    "max-series", "COUNT", default: "100000", help: "Most series; the rest is counted in an overflow series")
  static let remoteWrite = Option.value(
    "remote-write", "URL", kind: .url, environment: "ONGRID_REMOTE_WRITE_URL", help: "Push to Prometheus remote write")
  static let label = Option.value("label", "NAME=VALUE", repeatable: true, help: "Add a label to every series")
  static let follow = Option.flag("follow", help: "Read for ever and write every interval")
  static let interval = Option.value("interval", "DURATION", default: "15s", help: "How often --follow writes")
  static let listen = Option.value("listen", "ADDRESS", help: "Serve /metrics here while following")

  static let command = Command(
    name: "spanmetrics", summary: "Turn spans into Prometheus metrics",
    description: """
      Derives from spans the metrics that Tempo's metrics generator derives: calls and latency by service, span name, \
      kind and status.
      """,
    arguments: [Argument("FILE", kind: .file, repeatable: true, help: "Traces to read; - or none is stdin")],
    options: [
      OptionGroup("Metrics", [dimension, serviceLabel, buckets, size, exemplars, serviceGraph, maxSeries]),
      OptionGroup("Results", [format, remoteWrite, label, follow, interval, listen]),
      TraceInputOptions.group, HTTPOptions.group,
    ],
    examples: [
      Example("Metrics of a file, as Prometheus text", "ongrid spanmetrics --format prometheus traces.jsonl")
    ],
    run: run)

  private static func run(_ arguments: Arguments) throws(CommandError) -> ExitStatus {
    throw .usage("not available in this build")
  }
}
