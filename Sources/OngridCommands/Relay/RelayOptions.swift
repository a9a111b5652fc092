import Relay

/// What receives and sends.
enum Engine: String, CaseIterable {
  case native, otelcol
}

/// The options of `ongrid relay`.
enum RelayOptions {
  static let to = Option.list(
    "to", "URL", .address, environment: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    help: "Where traces go: http(s)://, grpc(s)://, file:PATH or -",
    documentation: """
      May be given several times; each destination has its own queue and retries, so a slow one holds nobody back. \
      `https://host/v1/traces` and `http://…` send OTLP over HTTP, `grpcs://host:4317` and `grpc://…` over gRPC. \
      `NAME=URL` gives it a name, under which its queue is kept when the URL changes. `file:PATH` appends to a file, `-` writes OTLP/JSON lines to standard output. A file named `.json` or `.jsonl` \
      gets OTLP/JSON lines, any other a stream of protobuf messages; a further `.gz` compresses it. Without the \
      option, the standard variables `OTEL_EXPORTER_OTLP_ENDPOINT`, `…_PROTOCOL`, `…_HEADERS`, `…_COMPRESSION`, \
      `…_TIMEOUT`, `…_CERTIFICATE`, `…_CLIENT_CERTIFICATE`, `…_CLIENT_KEY` and `…_INSECURE` are used.
      """)
  static let toMetrics = Option.list(
    "to-metrics", "URL", .address, environment: "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    help: "Where metrics go, as --to",
    documentation: """
      Applications send all three signals to one address. Prometheus takes metrics at \
      `http://host:9090/api/v1/otlp/v1/metrics`. Without the option metrics are answered with 404 and a message. All \
      that is said of spans in other options goes for data points: batches, queue, dead letters.
      """)
  static let toLogs = Option.list(
    "to-logs", "URL", .address, environment: "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    help: "Where logs go, as --to",
    documentation: "Loki takes logs at `http://host:3100/otlp/v1/logs`. Without the option as `--to-metrics`.")
  static let compression = Option.value(
    "compression", "METHOD", .choice(CompressionMethod.self), environment: "OTEL_EXPORTER_OTLP_COMPRESSION",
    default: "gzip",
    help: "How requests are compressed",
    documentation: """
      What clients send compressed with gzip goes on without being compressed again. Each request is one gzip member or \
      one zstd frame, since some receivers read no further.
      """)
  static let resource = Option.list(
    "resource", "NAME=VALUE", .pair, help: "Set a resource attribute on everything that passes",
    documentation: "An attribute of the same name is replaced.")
  static let tee = Option.value(
    "tee", "FILE", .file, help: "Also write what passes to this file, or - for stdout",
    documentation: """
      In the formats of `--to file:`. Metrics and logs are written too where that is OTLP/JSON, which tells them from \
      traces.
      """)

  static let listenGRPC = Option.value(
    "listen-grpc", "ADDRESS", .listenAddress, default: "localhost:4317", help: "Receive OTLP here, gRPC by custom",
    documentation: """
      `HOST:PORT`, `[IPV6]:PORT`, `unix:PATH`, or `none`. `localhost` is 127.0.0.1 and ::1, and an empty host every \
      address of both families. Each of the two addresses takes gRPC and HTTP alike, also gRPC-Web and gRPC's health \
      check. Port 0 lets the system choose; the address in use is logged.
      """)
  static let listenHTTP = Option.value(
    "listen-http", "ADDRESS", .listenAddress, default: "localhost:4318", help: "Receive OTLP here, HTTP by custom",
    documentation: "As `--listen-grpc`.")
  static let listenAdmin = Option.value(
    "listen-admin", "ADDRESS", .listenAddress, default: "localhost:8888",
    help: "Serve /healthz, /readyz and /metrics here",
    documentation: "As `--listen-grpc`; `none` turns it off.")
  static let metricNames = Option.value(
    "metric-names", "NAMES", .choice(MetricNames.self), default: "ongrid", help: "Names in /metrics: ongrid or otelcol",
    documentation: """
      `otelcol` writes what the OpenTelemetry Collector has too under its names, which dashboards know, and the rest as \
      before. `SIGNAL` is `spans`, `metric_points` or `log_records`:

          accepted_items_total   otelcol_receiver_accepted_SIGNAL
          refused_items_total    otelcol_receiver_refused_SIGNAL
          sent_items_total       otelcol_exporter_sent_SIGNAL
          overflow_items_total   otelcol_exporter_enqueue_failed_SIGNAL
          queue_requests         otelcol_exporter_queue_size

      Dead letters, lost and returned items together are `otelcol_exporter_send_failed_SIGNAL`.
      """)
  static let listenTLSCert = Option.value(
    "listen-tls-cert", "FILE", .file, help: "Certificate chain of the receivers, PEM",
    documentation: "Turns TLS on for both receivers, together with `--listen-tls-key`.")
  static let listenTLSKey = Option.value(
    "listen-tls-key", "FILE", .file, help: "Private key of the receivers' certificate, PEM")
  static let listenTLSClientCA = Option.value(
    "listen-tls-client-ca", "FILE", .file, help: "Demand client certificates that these authorities signed, PEM")
  static let listenTokenFile = Option.value(
    "listen-token-file", "FILE", .file, help: "Demand one of the bearer tokens in this file",
    documentation: "One token a line; lines that begin with `#` are passed over. Read again when the file changes.")
  static let maxRequest = Option.value(
    "max-request", "SIZE", .size(in: 1024...(1 << 30)), default: "64MiB", help: "Largest request accepted",
    documentation: "Before and after decompression.")
  static let maxConnections = Option.value(
    "max-connections", "COUNT", .whole(in: 1...1_000_000), default: "1024", help: "Most clients connected at once",
    documentation: """
      For a further one the connection gives way that has been idle for the longest; while none is idle, it is closed. \
      The admin address has 128 connections of its own.
      """)
  static let corsOrigin = Option.list(
    "cors-origin", "ORIGIN", .text, help: "Let pages of this origin send traces",
    documentation:
      "Such as `https://shop.example`; `*` lets any page. Pages may send with credentials, as `sendBeacon` does.")

  static let once = Option.flag(
    "once", help: "Deliver files or standard input, then exit",
    documentation: """
      Any format of traces is read, as `spanmetrics` reads it. A directory stands for the files in it. Exit status 0: all was delivered; 4: part of it. OTLP/JSON says itself \
      whether it holds traces, metrics or logs; a protobuf file holds traces unless a part of its name between dots is \
      `metrics` or `logs`, as in `spool.metrics.otlp` and in dead letters. What has no destination stays where it is.
      """)
  static let delete = Option.flag(
    "delete", help: "With --once, remove each file that was delivered",
    documentation: """
      Files are locked while they are read, so that two runs do not deliver one file twice. A file goes only when it is \
      whole and nobody writes to it: what is hidden, ends in `.tmp` or `.part`, is still being written, or cannot be read \
      to its end stays where it is, which is said; write under such a name and rename. With `--skip-bad` a file of which \
      a part could not be read is kept under its name and `.bad`, which is not delivered again.
      """)
  static let engine = Option.value(
    "engine", "ENGINE", .choice(Engine.self), default: "native", help: "Relay itself or supervise a collector",
    documentation: """
      `otelcol` writes the configuration of an OpenTelemetry Collector (0.130 or later) from the other options, runs the \
      collector, starts it again when it ends or no longer answers, and passes its log lines on. The admin address \
      serves the same paths, with the collector's metrics. SIGHUP has the collector read its configuration and \
      certificates again; a password or a header that changed in its file means a new start, which happens by itself. \
      Secrets reach the collector by its environment, and bearer tokens by the name of their file. `otelcol-contrib` is \
      needed for bearer tokens and for `--queue-dir`. A collector receives gRPC and HTTP at an address each, and what \
      it cannot do (`--once`, `--tee`, `-`, compressed files) is refused.
      """)
  static let otelcolPath = Option.value(
    "otelcol-path", "FILE", .file, help: "The collector that --engine otelcol runs",
    documentation: "Without it, `otelcol-contrib` or `otelcol` from PATH.")
  static let printConfig = Option.flag("print-config", help: "With --engine otelcol, print its configuration and exit")

  static let batchSpans = Option.value(
    "batch-spans", "COUNT", .whole(in: 1...10_000_000), default: "8192", help: "Most spans in one request",
    documentation: "Of metrics the most data points, of logs the most log records.")
  static let batchBytes = Option.value(
    "batch-bytes", "SIZE", .size(in: 1024...(1 << 30)), default: "4MiB",
    help: "Most bytes in one request, before compression",
    documentation: """
      A destination that refuses a request as too large, or does not answer in time, gets it in parts, and smaller \
      ones and fewer at once from then on; both grow again with what arrives. When a destination refuses a batch for \
      what is in it, halves of it are sent until what is bad is alone; the rest arrives.
      """)
  static let batchTimeout = Option.value(
    "batch-timeout", "DURATION", .duration(), default: "200ms", help: "Longest wait for a batch to fill")
  static let inFlight = Option.value(
    "in-flight", "COUNT", .whole(in: 1...64), default: "4", help: "Requests under way to each destination at once")
  static let queueDir = Option.value(
    "queue-dir", "DIR", .directory, help: "Keep the queue on disk, so that nothing acknowledged is lost",
    documentation: """
      A request is acknowledged once it is on disk, and delivered after a crash, a power cut or a restart. What a \
      destination refuses for good is kept in `DIR/dead-letter`, each file with its reason beside it, from where \
      `relay --once` and `relay queue DIR replay` can send it again. `relay queue DIR` shows what waits. A file that is \
      damaged is set aside, and what can be read from it goes on; while the directory cannot be written nothing is \
      accepted.
      """)
  static let queueMax = Option.value(
    "queue-max", "SIZE", .size(in: 65536...(1 << 50)), default: "256MiB",
    help: "Most bytes that wait for one destination",
    documentation: """
      What it refused for good counts as well, until it is sent again or removed. Beyond the bound clients are told to \
      come back later (HTTP 503 with Retry-After, gRPC UNAVAILABLE with RetryInfo). From four fifths of it on each reply \
      is held back for up to 200 ms, so that clients slow down.
      """)
  static let config = Option.value(
    "config", "FILE", .file, help: "Read options from this file, YAML or JSON",
    documentation: """
      Every option by its long name, such as `queue-dir: /var/lib/ongrid`; those that may be given several times as lists. \
      In the lists `to`, `to-metrics` and `to-logs` a destination may be a mapping with `url`, a `name` under which its \
      queue is kept when the URL changes, and options of its own for HTTP, batches, queue and retries. Options on the \
      command line win, and with `--to` the list is not looked at.
      """)
  static let checkConfig = Option.flag("check-config", help: "Say whether options and files are right, and exit")
  static let dryRunPolicy = Option.flag(
    "dry-run-policy", help: "Say what --keep, --drop and --sample would do to recorded traces, and exit",
    documentation: """
      Reads files or standard input as `--once` does, sends nothing, and prints for each rule how many traces, spans and \
      bytes it keeps or drops, what the bill becomes, and how many traces with errors and of the slowest would be lost.
      """)
  static let ack = Option.value(
    "ack", "WHEN", .choice(Acknowledgement.self), help: "When clients are told that a request was taken",
    documentation: """
      `accepted`: once it is in memory. `stored`, the default with `--queue-dir`: once it is on disk. `delivered`: once \
      every destination has taken it; what one refuses is refused to the client, who keeps what is not delivered. \
      Nothing is then stored, and a destination that fails is tried again for ten seconds unless `--retry-for` says \
      otherwise.
      """)
  static let resourceDetect = Option.lists(
    "resource-detect", "SOURCE,...", .detections, help: "Set attributes of this machine: host, os, container, k8s",
    documentation: """
      From files and the environment alone. `host`: `host.name`, `host.id`, `host.arch`. `os`: `os.type`, `os.name`, \
      `os.version`, `os.description`. `container`: `container.id`. `k8s`: pod, namespace, node and container, from the \
      service account and from `POD_NAME`, `POD_NAMESPACE`, `POD_UID`, `NODE_NAME` and `CONTAINER_NAME`. They are those \
      of the relay, which has to run where the applications do. `--resource` wins.
      """)
  static let retryInitial = Option.value(
    "retry-initial", "DURATION", .duration(), default: "1s", help: "First wait before a retry")
  static let retryMax = Option.value(
    "retry-max", "DURATION", .duration(), default: "30s", help: "Longest wait before a retry")
  static let retryFor = Option.value(
    "retry-for", "DURATION", .duration(), help: "How long to retry; 0 is for ever",
    documentation: "Five minutes unless given; with `--queue-dir` for ever.")
  static let drainTimeout = Option.value(
    "drain-timeout", "DURATION", .duration(), default: "25s",
    help: "Longest time for a stop, with delivering what is left",
    documentation: """
      Kubernetes kills after 30 seconds. A second signal ends the wait at once. With `--queue-dir`, what is left then \
      waits for the next start.
      """)

  static let groups = [
    OptionGroup("Destinations", [to, toMetrics, toLogs, compression, resource, resourceDetect, tee]),
    OptionGroup(
      "Receivers",
      [
        listenGRPC, listenHTTP, listenAdmin, metricNames, listenTLSCert, listenTLSKey, listenTLSClientCA,
        listenTokenFile, maxRequest, maxConnections,
        corsOrigin,
      ]),
    SamplingOptions.group,
    OptionGroup("Mode", [config, checkConfig, dryRunPolicy, once, delete, engine, otelcolPath, printConfig]),
    OptionGroup(
      "Batches and queue",
      [
        batchSpans, batchBytes, batchTimeout, inFlight, ack, queueDir, queueMax, retryInitial, retryMax, retryFor,
        drainTimeout,
      ]),
    OptionGroup("Input", [InputOptions.inputFormat, InputOptions.skipBad] + TimeRangeOptions.all),
    OptionGroup(ClientOptions.group.title, ClientOptions.group.typedOptions + [SharedCredentials.share]),
  ]
}
