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
  static let dimensionSeparator = Option.list(
    "dimension-separator", "[NAME=]TEXT", .text, help: "What joins the values of --dimension-map",
    documentation: "With the NAME of a map and `=` in front it is for that one; nothing joins them otherwise.")
  static let dimensionDefault = Option.list(
    "dimension-default", "ATTRIBUTE=VALUE", .pair,
    help: "The value of a --dimension where neither span nor resource has it")
  static let excludeDimension = Option.list(
    "exclude-dimension", "LABEL", .text, help: "Leave out one of the span's own labels",
    documentation: """
      `service`, `span_name`, `span_kind` or `status_code` (or `service.name`, `span.name`, `span.kind`, `status.code`): \
      series that only it told apart become one.
      """)
  static let namespace = Option.value(
    "namespace", "NAME", .text, help: "What the names of the spans' metrics begin with",
    documentation: "Instead of `traces_spanmetrics` or, with the collector's `--generator`, `traces.span.metrics`.")
  static let calls = Option.flag("calls", default: true, help: "Write the counter of calls; on by default")
  static let latency = Option.flag("latency", default: true, help: "Write the histogram of latencies; on by default")
  static let eventDimension = Option.list(
    "event-dimension", "ATTRIBUTE", .text, help: "Also count the events of spans, apart by this attribute",
    documentation: """
      Such as exception.type: the counter is named like that of calls, with `events` in its place, and has all labels of \
      the span. The span's attribute counts, else the event's, else the resource's.
      """)
  static let clusterSpanNames = Option.flag(
    "cluster-span-names", help: "Make one of span names that differ in what looks like data",
    documentation: """
      `GET /users/17` and `GET /users/4711` become `GET /users/<_>`, as Tempo's span name sanitization makes them. What a \
      name becomes depends on the names before it, so that one thread reads.
      """)
  static let hostInfo = Option.flag(
    "host-info", help: "Also write traces_host_info, 1 for every host that sends spans")
  static let hostIdentifier = Option.lists(
    "host-identifier", "ATTRIBUTE", .names, default: "k8s.node.name,host.id",
    help: "Resource attribute that names the host; the first that is there counts")
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

  static let maxLabelValues = Option.value(
    "max-label-values", "COUNT", .whole(in: 1...50_000_000), help: "Most values of one label",
    documentation: """
      The first that come keep theirs; spans with any other are counted under `__cardinality_overflow__`, with their other \
      labels as they are. Values that do not move for `--stale-after` make room.
      """)
  static let maxLabelLength = Option.value(
    "max-label-length", "BYTES", .whole(in: 1...2048), default: "2048", help: "Where values of labels are cut")

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
      generator, namespace, dimension, dimensionDefault, dimensionMap, dimensionSeparator, excludeDimension,
      serviceLabel,
      statusMessage, clusterSpanNames, calls, latency, buckets, histograms, nativeFactor, nativeMaxBuckets, size,
      sizeBuckets, eventDimension, spanMultiplier, spanMultiplierTraceState, filter, targetInfo, targetInfoExclude,
      instanceLabel, hostInfo, hostIdentifier, exemplars, exemplarLabel, maxSeries, maxLabelValues, maxLabelLength,
    ])

  static let filter = Option.value(
    "filter", "TRACEQL", .text, help: "Count only spans that this TraceQL spanset selects",
    documentation: "Such as `{ span.http.route != \"/healthz\" && kind = server }`.")
}
