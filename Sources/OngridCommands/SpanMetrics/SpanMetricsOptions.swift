import Platform
import SpanMetrics

/// The options of `ongrid spanmetrics`.
enum SpanMetricsOptions {
  static let dimension = Option.list(
    "dimension", short: "d", "ATTRIBUTE", .text, help: "Add this span or resource attribute as a label",
    documentation: """
      The span's attribute counts, else its resource's (Tempo 3 looks at the resource first). The label is named like \
      the attribute, with `_` for what a label name cannot hold, and with `__` in front where that name is taken; the \
      command says so.
      """)
  static let dimensionMap = Option.list(
    "dimension-map", "NAME=ATTR+ATTR...", .pair, help: "Add a label that joins several attributes",
    documentation: "The values that are present are joined in this order, with `--dimension-separator` between them.")
  static let dimensionSeparator = Option.value(
    "dimension-separator", "TEXT", .text, default: "", help: "What joins the values of --dimension-map")
  static let serviceLabel = Option.lists(
    "service-label", "LABEL", .names, default: "service_name", help: "Label that holds the service's name",
    documentation: "Repeat it, or separate names by commas, to write several: `--service-label service,service_name`.")
  static let statusMessage = Option.flag(
    "status-message", help: "Add the status message as the label status_message")
  static let buckets = Option.value(
    "buckets", "SECONDS,...", .decimals, help: "Upper bounds of the latency buckets, in seconds",
    documentation: "Separated by commas. The default is Tempo's: powers of two from 0.002 to 16.384.")
  static let histograms = Option.value(
    "histograms", "FORM", .choice(HistogramForm.self), default: "classic",
    help: "Buckets of latencies in remote write, OTLP and protobuf: classic, native, both",
    documentation: """
      Native histograms have buckets that follow the values, each wider than the one before by at most \
      `--native-factor`. Prometheus takes them with `--enable-feature=native-histograms`. The text formats have classic \
      buckets only.
      """)
  static let nativeFactor = Option.value(
    "native-factor", "FACTOR", .decimal(in: 1.0001...65536), default: "1.1",
    help: "The most by which a native bucket is wider than the one before",
    documentation: "The schema is the finest that Tempo would choose: 3 for 1.1.")
  static let nativeMaxBuckets = Option.value(
    "native-max-buckets", "COUNT", .whole(in: 0...10_000), default: "100",
    help: "Most buckets of a native histogram, which then become wider; 0 for any number")
  static let size = Option.value(
    "size", "KIND", .choice(SizeMetrics.self), default: "off", help: "Also measure the size of spans",
    documentation: """
      In bytes of their protobuf encoding: `histogram` writes traces_spanmetrics_size_bucket, _sum and _count, `total` \
      Tempo's counter traces_spanmetrics_size_total.
      """)
  static let sizeBuckets = Option.value(
    "size-buckets", "BYTES,...", .decimals, help: "Upper bounds of the size buckets, in bytes",
    documentation: "The default is powers of two from 128 to 262144.")
  static let spanMultiplier = Option.value(
    "span-multiplier", "ATTRIBUTE", .text, help: "Attribute that holds a sampling ratio; a span counts 1/ratio times",
    documentation: "A floating point attribute of the span, else of its resource. Spans without it count once.")
  static let spanMultiplierTraceState = Option.flag(
    "span-multiplier-tracestate", help: "Count spans as often as the sampling threshold in their tracestate says",
    documentation: """
      OpenTelemetry's consistent probability sampling: with `ot=th:c` in its W3C tracestate a span stands for four. \
      Where it says nothing, `--span-multiplier` counts.
      """)
  static let targetInfo = Option.flag(
    "target-info", help: "Also write traces_target_info, and the labels job and instance",
    documentation: """
      `traces_target_info` is 1 for each resource, with its attributes as labels. `job` is \
      service.namespace/service.name, `instance` is service.instance.id.
      """)
  static let targetInfoExclude = Option.list(
    "target-info-exclude", "ATTRIBUTE", .text, help: "Leave this attribute out of traces_target_info")
  static let instanceLabel = Option.flag(
    "instance-label", default: true, help: "Write the label instance with --target-info; on by default")
  static let exemplars = Option.flag(
    "exemplars", help: "Attach trace ids to buckets and counters",
    documentation: """
      The slowest span of each bucket, and of each series of failed spans the slowest; in follow mode of the last \
      interval that had one. Written in JSON, OpenMetrics and remote write.
      """)
  static let exemplarLabel = Option.value(
    "exemplar-label", "LABEL", .text, default: "trace_id", help: "Label that holds the trace id of an exemplar",
    documentation: "Tempo's own default is `traceID`.")
  static let maxSeries = Option.value(
    "max-series", "COUNT", .whole(in: 1...50_000_000), default: "100000",
    help: "Most series; the rest is counted in an overflow series",
    documentation: """
      A series is one set of labels. Spans beyond are counted under `metric_overflow="true"`, so that totals stay \
      right, and the command names the label with most values.
      """)

  static let generator = Option.value(
    "generator", "NAME", .text, environment: "ONGRID_GENERATOR", default: "tempo",
    help: "Whose names the metrics of spans have: a profile, or a file that describes one",
    documentation: """
      Those of `compile-rule --generator`: `tempo`, `tempo-native`, `otel-connector` (milliseconds), `otel-connector-s`, \
      `otel-connector-bare`, `otel-processor`, or a JSON file. Names, labels, unit and buckets follow it; `--buckets` are \
      in seconds always, and so is JSON. The service graph has Tempo's names.
      """)

  static let metrics = OptionGroup(
    "Metrics",
    [
      generator, dimension, dimensionMap, dimensionSeparator, serviceLabel, statusMessage, buckets, histograms,
      nativeFactor,
      nativeMaxBuckets, size, sizeBuckets,
      spanMultiplier, spanMultiplierTraceState, filter, targetInfo, targetInfoExclude, instanceLabel, exemplars,
      exemplarLabel, maxSeries,
    ])

  static let filter = Option.value(
    "filter", "TRACEQL", .text, help: "Count only spans that this TraceQL spanset selects",
    documentation: "Such as `{ span.http.route != \"/healthz\" && kind = server }`.")

  static let format = Option.value(
    "format", short: "f", "FORMAT", .choice(MetricsFormat.self), default: "json", help: "Output format",
    documentation: """
      `json` is one document, a series a line, with labels, counts, sums, buckets and estimates of p50, p95 and p99 \
      in seconds. `prometheus` is the text format of exporters and of node_exporter's textfile collector. \
      `openmetrics` also carries exemplars.
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

  static let results = OptionGroup("Results", [format, remoteWrite, staleMarkers, atSpanTime, label, threads])

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
