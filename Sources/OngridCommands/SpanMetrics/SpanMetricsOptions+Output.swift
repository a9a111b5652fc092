import Platform
import SpanMetrics

/// Where the metrics go, and when.
extension SpanMetricsOptions {
  static let format = Option.value(
    "format", short: "f", "FORMAT", .choice(MetricsFormat.self), default: "json", help: "Output format",
    documentation: """
      `json` is one document, a series a line, with labels, counts, sums, buckets and estimates of p50, p95 and p99 \
      in seconds. `prometheus` is the text format of exporters and of node_exporter's textfile collector. \
      `openmetrics` also carries exemplars. `otlp` is OTLP/JSON, a request a line, as the collector's file exporter writes \
      it; `otlp-protobuf` the same in protobuf.
      """)
  static let label = Option.list(
    "label", "NAME=VALUE", .pair, help: "Add a label to every series",
    documentation: "Dimensions keep clear of these names.")
  static let threads = Option.value(
    "threads", "COUNT", .whole(in: 1...1024), help: "Threads that read and count; one a processor by default")

  static let remoteWrite = Option.value(
    "remote-write", "URL", .url, environment: "ONGRID_REMOTE_WRITE_URL", help: "Push to Prometheus remote write",
    documentation: """
      Base URL of a Prometheus, Mimir or Thanos, or the whole URL of its receiver. Every series gets the labels `job` \
      (ongrid) and `instance` (the host's name) unless `--label` sets them, so that many hosts can write beside each \
      other and `sum by` adds them up. Two processes on one host need different ones. Counters start at 0 with each run \
      unless there is a `--state`. Nothing is written to standard output unless `--format` or `--output` is given.
      """)
  static let toOTLP = Option.value(
    "to-otlp", "URL", .address, environment: "ONGRID_TO_OTLP_URL", help: "Push to an OTLP receiver of metrics",
    documentation: """
      A collector, Prometheus 3 (`http://HOST:9090/api/v1/otlp/v1/metrics`), Mimir: `http(s)://HOST[:PORT][/PATH]`, where no \
      path means `/v1/metrics`, or `grpc(s)://HOST[:PORT]`. `job` and `instance` are the resource's service.name and \
      service.instance.id. Buffered, and each new series begun with a 0, as with `--remote-write`.
      """)
  static let temporality = Option.value(
    "temporality", "KIND", .choice(Temporality.self), default: "cumulative",
    help: "Whether OTLP counts from the start or since the last time: cumulative, delta",
    documentation: """
      A request of deltas whose answer is lost is sent again, and counts twice where it had been taken. What is dropped from \
      `--buffer` is lost.
      """)
  static let staleMarkers = Option.flag(
    "stale-markers", help: "End all series in the receiver when the command ends",
    documentation: """
      Without it their last values stay visible for five minutes, which is how long Prometheus looks back. With --follow \
      they end too, unless there is a `--state` from which the next process goes on.
      """)
  static let atSpanTime = Option.flag(
    "at-span-time", help: "Write counters as they rose at the time of the spans, --interval apart",
    documentation: """
      For files read once: the receiver then knows when the spans were, as if it had been there. It must take samples of \
      that time, and have none that are later; Prometheus takes older ones with `out_of_order_time_window`.
      """)

  static let results = OptionGroup(
    "Results", [format, remoteWrite, toOTLP, temporality, staleMarkers, atSpanTime, label, threads])

  static let follow = Option.flag(
    "follow", short: "F", help: "Read for ever and write every interval",
    documentation: """
      Files are read as they grow, and anew when they are replaced; those not there yet are waited for. Pipes are read \
      until their writers have gone. SIGTERM and SIGINT end it after a last write.
      """)
  static let interval = Option.value(
    "interval", "DURATION", .duration(in: .milliseconds(10) ... .seconds(86_400)), default: "15s",
    help: "How often --follow writes")
  static let staleAfter = Option.value(
    "stale-after", "DURATION", .duration(), default: "15m",
    help: "Drop series that have not moved for so long; 0 for never")
  static let listen = Option.value(
    "listen", "ADDRESS", .text, help: "Serve /metrics here while following",
    documentation: """
      HOST:PORT. In the Prometheus text format, or in OpenMetrics with `--exemplars`. Nothing is written to standard \
      output unless `--format` or `--output` is given.
      """)

  static let state = Option.value(
    "state", "FILE", .file, help: "Keep counters and positions in this file, and go on from it",
    documentation: """
      Written before anybody sees the numbers that it holds, so that counters go on after any end, be it a kill, and \
      nothing is counted twice or left out. Rounds that the receiver has not taken lie beside it, in `FILE.rounds`. One \
      process has a file for itself. What the page shows is what the file holds.
      """)
  static let fromEnd = Option.flag(
    "from-end", help: "Count only what is written to files from now on",
    documentation: "Where a `--state` knows how far a file was read, it goes on there.")
  static let maxAge = Option.value(
    "max-age", "DURATION", .duration(), help: "Do not count spans that ended longer ago; 0 counts all",
    documentation: """
      Without it all spans count, except that of a file that is there at the start, and of which no `--state` knows how \
      far it was read, spans that ended over 30 s before the start are not counted: they were, by an earlier process. \
      The command says how many.
      """)
  static let buffer = Option.value(
    "buffer", "LIMIT", .bufferLimit, default: "2h,256MiB", help: "How much to keep for a receiver that does not answer",
    documentation: """
      A duration, a size, or both with a comma. What was counted meanwhile is sent in order when it answers again. Of what \
      is beyond the limit the oldest points fall out; later ones say the same, so that no count is lost.
      """)

  static let following = OptionGroup(
    "Following", [follow, interval, staleAfter, listen, state, fromEnd, maxAge, buffer])
}

extension OptionType<BufferLimit> {
  /// A duration, a size, or both.
  static var bufferLimit: Self {
    Self("a duration, a size, or both, such as 2h,256MiB") { text in
      var limit = BufferLimit()
      let parts = text.split(separator: ",", omittingEmptySubsequences: false)
      guard (1...2).contains(parts.count) else { return nil }
      for part in parts {
        if let age = DurationText.parse(part) {
          limit.age = .nanoseconds(age)
        } else if let bytes = ByteSizeText.parse(String(part)) {
          limit.bytes = bytes
        } else {
          return nil
        }
      }
      return limit
    }
  }
}

/// What a round of OTLP says.
enum Temporality: String, CaseIterable {
  /// All there is.
  case cumulative
  /// What came since the round before.
  case delta
}
