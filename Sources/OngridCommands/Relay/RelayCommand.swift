/// `ongrid relay`.
enum RelayCommand {
  static let to = Option.value(
    "to", "URL", kind: .url, environment: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", repeatable: true,
    help: "Where traces go: http(s)://, grpc(s)://, file:PATH or -",
    documentation: """
      May be given several times; each destination has its own queue and retries, so a slow one holds nobody back. \
      `https://host/v1/traces` and `http://…` send OTLP over HTTP, `grpcs://host:4317` and `grpc://…` over gRPC. \
      `file:PATH` appends to a file, `-` writes OTLP/JSON lines to standard output.
      """)
  static let listenGRPC = Option.value(
    "listen-grpc", "ADDRESS", default: "127.0.0.1:4317", help: "Receive OTLP over gRPC here")
  static let listenHTTP = Option.value(
    "listen-http", "ADDRESS", default: "127.0.0.1:4318", help: "Receive OTLP over HTTP here")
  static let listenAdmin = Option.value(
    "listen-admin", "ADDRESS", default: "127.0.0.1:8888", help: "Serve /healthz, /readyz and /metrics here")
  static let once = Option.flag("once", help: "Deliver files or standard input, then exit")
  static let engine = Option.choice(
    "engine", "ENGINE", ["native", "otelcol"], default: "native", help: "Relay itself or supervise a collector")
  static let printConfig = Option.flag("print-config", help: "With --engine otelcol, print its configuration and exit")
  static let compression = Option.choice(
    "compression", "METHOD", ["none", "gzip", "zstd"], environment: "OTEL_EXPORTER_OTLP_COMPRESSION", default: "gzip",
    help: "How requests are compressed")
  static let batchSpans = Option.value("batch-spans", "COUNT", default: "8192", help: "Most spans in one request")
  static let batchBytes = Option.value("batch-bytes", "SIZE", default: "4MiB", help: "Most bytes in one request")
  static let batchTimeout = Option.value(
    "batch-timeout", "DURATION", default: "200ms", help: "Longest wait for a batch to fill")
  static let queueDir = Option.value(
    "queue-dir", "DIR", kind: .directory, help: "Keep the queue on disk, so that nothing acknowledged is lost")
  static let queueMax = Option.value("queue-max", "SIZE", default: "256MiB", help: "Most bytes that wait")
  static let retryInitial = Option.value("retry-initial", "DURATION", default: "1s", help: "First wait before a retry")
  static let retryMax = Option.value("retry-max", "DURATION", default: "30s", help: "Longest wait before a retry")
  static let retryFor = Option.value(
    "retry-for", "DURATION", default: "5m", help: "How long to retry; 0 is for ever",
    documentation: "With `--queue-dir` the default is for ever.")
  static let resource = Option.value(
    "resource", "NAME=VALUE", repeatable: true, help: "Set a resource attribute on everything that passes")
  static let maxRequest = Option.value("max-request", "SIZE", default: "64MiB", help: "Largest request accepted")
  static let tee = Option.value(
    "tee", "FILE", kind: .file, help: "Also write what passes to this file, or - for stdout")
  static let corsOrigin = Option.value(
    "cors-origin", "ORIGIN", repeatable: true, help: "Let pages of this origin send traces")
  static let toMetrics = Option.value("to-metrics", "URL", kind: .url, help: "Where OTLP metrics go")
  static let toLogs = Option.value("to-logs", "URL", kind: .url, help: "Where OTLP logs go")

  static let command = Command(
    name: "relay", summary: "Receive, batch and forward OTLP traces",
    description: """
      Receives OTLP over gRPC and HTTP from applications on this host, batches it, and sends it on with \
      authentication, compression, retries and a bounded queue.
      """,
    synopsis: ["relay --to URL [OPTIONS]", "relay --once --to URL [OPTIONS] [FILE...]"],
    arguments: [Argument("FILE", kind: .file, repeatable: true, help: "Traces to deliver with --once; - is stdin")],
    options: [
      OptionGroup("Destinations", [to, toMetrics, toLogs, compression, resource, tee]),
      OptionGroup("Receivers", [listenGRPC, listenHTTP, listenAdmin, maxRequest, corsOrigin]),
      OptionGroup("Mode", [once, engine, printConfig]),
      OptionGroup(
        "Batches and queue",
        [batchSpans, batchBytes, batchTimeout, queueDir, queueMax, retryInitial, retryMax, retryFor]),
      TraceInputOptions.group, HTTPOptions.group,
    ],
    examples: [
      Example("Relay to a Tempo in the cloud", "ongrid relay --to https://tempo.example/v1/traces --tenant team-a"),
      Example("Deliver a file", "ongrid relay --once --to grpc://localhost:4317 traces.jsonl"),
    ],
    run: run)

  private static func run(_ arguments: Arguments) throws(CommandError) -> ExitStatus {
    throw .usage("not available in this build")
  }
}
