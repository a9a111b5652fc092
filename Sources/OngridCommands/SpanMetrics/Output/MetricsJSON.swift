import JSON
import Platform
import SpanMetrics

/// One JSON document for people with jq, a series a line: `span_metrics`, `service_graph` and `target_info`.
struct MetricsJSON {
  typealias Labels = [(name: String, value: String)]

  /// Labels added to every series.
  let external: Labels

  func write(_ snapshot: SpanMetricsSnapshot, to sink: inout MetricsSink) throws(CommandError) {
    try sink.write("{\"spans\":\(snapshot.spans),\"span_metrics\":[")
    var separator = "\n"
    try snapshot.forEachSeries { (series) throws(CommandError) in
      try sink.write(separator)
      separator = ",\n"
      try sink.write(json(series, snapshot))
    }
    try sink.write(snapshot.seriesCount == 0 ? "]" : "\n]")
    if let graph = snapshot.graph {
      try list("service_graph", graph.edges.map { json($0, graph) }, to: &sink)
    }
    if snapshot.hasEvents { try list("span_events", snapshot.eventPoints.map(json), to: &sink) }
    let targets = snapshot.targets
    if !targets.isEmpty { try list("target_info", targets.map(json), to: &sink) }
    let hosts = snapshot.hosts
    if !hosts.isEmpty { try list("host_info", hosts.map(json), to: &sink) }
    try sink.write("}\n")
  }

  private func list(_ name: String, _ items: [[UInt8]], to sink: inout MetricsSink) throws(CommandError) {
    try sink.write(",\"\(name)\":[")
    for (index, item) in items.enumerated() {
      try sink.write(index == 0 ? "\n" : ",\n")
      try sink.write(item)
    }
    try sink.write(items.isEmpty ? "]" : "\n]")
  }

  private func json(_ series: SpanMetricsSnapshot.Series, _ snapshot: SpanMetricsSnapshot) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    labels(series.labels, &writer)
    if snapshot.parts.calls {
      writer.key("calls")
      writer.raw(MetricsNumber.plain(series.calls))
    }
    if snapshot.parts.latency {
      writer.key("latency")
      histogram(series.latency, "seconds", snapshot.latencyBounds, &writer)
    }
    if let size = series.size {
      if size.cumulative.isEmpty {
        number("size_total", size.sum, unit: "bytes", &writer)
      } else {
        writer.key("size")
        histogram(size, "bytes", snapshot.sizeBounds, &writer)
      }
    }
    let buckets = series.exemplars.enumerated().compactMap { index, exemplar in
      exemplar.map { (bound(index, snapshot.latencyBounds), $0) }
    }
    if !buckets.isEmpty || series.counterExemplar != nil {
      writer.key("exemplars")
      writer.beginArray()
      for (le, exemplar) in buckets { self.exemplar(exemplar, le, &writer) }
      if let exemplar = series.counterExemplar { self.exemplar(exemplar, nil, &writer) }
      writer.endArray()
    }
    writer.endObject()
    return writer.bytes
  }

  private func json(_ edge: GraphResult.Edge, _ graph: GraphResult) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    labels(edge.labels, &writer)
    if graph.parts.requests {
      writer.key("requests")
      writer.raw(MetricsNumber.plain(edge.requests))
      writer.key("failed")
      writer.raw(MetricsNumber.plain(edge.failed))
    }
    if graph.parts.latency {
      writer.key("server")
      histogram(edge.serverLatency, "seconds", graph.bounds, &writer)
      writer.key("client")
      histogram(edge.clientLatency, "seconds", graph.bounds, &writer)
      if let messaging = edge.messagingLatency {
        writer.key("messaging_system")
        histogram(messaging, "seconds", graph.bounds, &writer)
      }
    }
    writer.endObject()
    return writer.bytes
  }

  private func json(_ point: MetricPoint) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    labels(point.labels.map { ($0.name, $0.value.string) }, &writer)
    if case .number(let count) = point.value {
      writer.key("events")
      writer.raw(MetricsNumber.plain(count))
    }
    writer.endObject()
    return writer.bytes
  }

  private func json(_ target: Labels) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    labels(target, &writer)
    writer.endObject()
    return writer.bytes
  }

  private func labels(_ labels: Labels, _ writer: inout JSONWriter) {
    writer.key("labels")
    writer.beginObject()
    for label in ExternalLabels.merge(external, into: labels) {
      writer.key(label.name)
      writer.string(label.value)
    }
    writer.endObject()
  }

  /// A number under its name with the unit, and under the name without it that it had at first.
  private func number(_ name: String, _ value: Double, unit: String, _ writer: inout JSONWriter) {
    for key in [name, "\(name)_\(unit)"] {
      writer.key(key)
      writer.raw(MetricsNumber.plain(value))
    }
  }

  private func histogram(
    _ value: HistogramValue, _ unit: String, _ bounds: [Double], _ writer: inout JSONWriter
  ) {
    writer.beginObject()
    writer.key("count")
    writer.raw(MetricsNumber.plain(value.count))
    number("sum", value.sum, unit: unit, &writer)
    for (name, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
      guard let quantile = value.quantile(share, bounds: bounds) else { continue }
      number(name, quantile, unit: unit, &writer)
    }
    writer.key("buckets")
    writer.beginObject()
    for (index, count) in value.cumulative.enumerated() {
      writer.key(bound(index, bounds))
      writer.raw(MetricsNumber.plain(count))
    }
    writer.endObject()
    writer.endObject()
  }

  private func bound(_ index: Int, _ bounds: [Double]) -> String {
    FloatText.fixed(index < bounds.count ? bounds[index] : .infinity)
  }

  private func exemplar(_ exemplar: Exemplar, _ le: String?, _ writer: inout JSONWriter) {
    writer.beginObject()
    if let le {
      writer.key("le")
      writer.string(le)
    } else {
      writer.key("error")
      writer.bool(true)
    }
    writer.key("trace_id")
    writer.string(exemplar.traceID)
    writer.key("span_id")
    writer.string(exemplar.spanID)
    number("value", Double(exemplar.nanoseconds) / 1e9, unit: "seconds", &writer)
    writer.key("time")
    writer.string(Timestamp(nanoseconds: Int64(clamping: exemplar.endTimeUnixNano)).rfc3339)
    writer.endObject()
  }
}

/// Labels that are added to every series.
private enum ExternalLabels {
  /// Both together, sorted by name; a series' own label wins.
  static func merge(
    _ external: [(name: String, value: String)], into labels: [(name: String, value: String)]
  ) -> [(name: String, value: String)] {
    if external.isEmpty { return labels }
    let added = external.filter { label in !labels.contains { $0.name == label.name } }
    return (labels + added).sorted { $0.name < $1.name }
  }
}
