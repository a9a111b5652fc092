import Platform
import SpanMetrics

/// The Prometheus text format 0.0.4, and OpenMetrics 1.0.
struct ExpositionText {
  typealias Labels = [(name: String, value: String)]

  /// OpenMetrics instead of the older format: families named without `_total`, exemplars, an end mark.
  let isOpenMetrics: Bool
  /// Labels added to every series.
  let external: Labels

  func write(_ snapshot: SpanMetricsSnapshot, to sink: inout MetricsSink) throws(CommandError) {
    try writeSpanMetrics(snapshot, to: &sink)
    if let graph = snapshot.graph { try write(graph, to: &sink) }
    let targets = snapshot.targets
    if !targets.isEmpty {
      try family("traces_target_info", "gauge", "Attributes of the resources that sent spans.", to: &sink)
      for labels in targets { try sample("traces_target_info", labels, 1, to: &sink) }
    }
    if isOpenMetrics { try sink.write("# EOF\n") }
  }

  private func writeSpanMetrics(_ snapshot: SpanMetricsSnapshot, to sink: inout MetricsSink) throws(CommandError) {
    if snapshot.seriesCount == 0 { return }
    try family("traces_spanmetrics_calls_total", "counter", "Spans counted.", to: &sink)
    try snapshot.forEachSeries { (series) throws(CommandError) in
      try sample(
        "traces_spanmetrics_calls_total", series.labels, series.calls, series.counterExemplar, to: &sink)
    }
    try family("traces_spanmetrics_latency", "histogram", "Duration of spans in seconds.", to: &sink)
    let latencyBounds = texts(snapshot.latencyBounds)
    try snapshot.forEachSeries { (series) throws(CommandError) in
      try histogram(
        "traces_spanmetrics_latency", series.labels, series.latency, latencyBounds, series.exemplars, to: &sink)
    }
    let sizeBounds = texts(snapshot.sizeBounds)
    var hasFamily = false
    try snapshot.forEachSeries { (series) throws(CommandError) in
      guard let size = series.size else { return }
      let isTotal = size.cumulative.isEmpty
      if !hasFamily {
        let name = isTotal ? "traces_spanmetrics_size_total" : "traces_spanmetrics_size"
        try family(name, isTotal ? "counter" : "histogram", "Size of spans in bytes.", to: &sink)
        hasFamily = true
      }
      if isTotal {
        try sample("traces_spanmetrics_size_total", series.labels, size.sum, to: &sink)
      } else {
        try histogram("traces_spanmetrics_size", series.labels, size, sizeBounds, to: &sink)
      }
    }
  }

  private func write(_ graph: GraphResult, to sink: inout MetricsSink) throws(CommandError) {
    if graph.edges.isEmpty { return }
    try family("traces_service_graph_request_total", "counter", "Calls from one service to another.", to: &sink)
    for edge in graph.edges { try sample("traces_service_graph_request_total", edge.labels, edge.requests, to: &sink) }
    let failed = graph.edges.filter { $0.failed > 0 }
    if !failed.isEmpty {
      try family("traces_service_graph_request_failed_total", "counter", "Calls that failed.", to: &sink)
      for edge in failed {
        try sample("traces_service_graph_request_failed_total", edge.labels, edge.failed, to: &sink)
      }
    }
    if graph.includesConnectionInfo {
      try family("traces_service_graph_connection_info", "gauge", "Which services call which.", to: &sink)
      for edge in graph.edges { try sample("traces_service_graph_connection_info", edge.labels, 1, to: &sink) }
    }
    try write(graph, "server_seconds", "Duration of calls as the server saw it.", { $0.serverLatency }, to: &sink)
    try write(graph, "client_seconds", "Duration of calls as the client saw it.", { $0.clientLatency }, to: &sink)
    try write(
      graph, "messaging_system_seconds", "From the producer to the consumer.", { $0.messagingLatency }, to: &sink)
  }

  private func write(
    _ graph: GraphResult, _ suffix: String, _ help: String, _ value: (GraphResult.Edge) -> HistogramValue?,
    to sink: inout MetricsSink
  ) throws(CommandError) {
    let name = "traces_service_graph_request_\(suffix)"
    let edges = graph.edges.filter { value($0) != nil }
    if edges.isEmpty { return }
    try family(name, "histogram", help, to: &sink)
    let bounds = texts(graph.bounds)
    for edge in edges {
      if let histogram = value(edge) { try self.histogram(name, edge.labels, histogram, bounds, to: &sink) }
    }
  }

  private func family(_ name: String, _ type: String, _ help: String, to sink: inout MetricsSink) throws(CommandError) {
    let family = isOpenMetrics && type == "counter" ? String(name.dropLast("_total".count)) : name
    try sink.write("# HELP \(family) \(help)\n# TYPE \(family) \(type)\n")
  }

  private func histogram(
    _ name: String, _ labels: Labels, _ value: HistogramValue, _ bounds: [String], _ exemplars: [Exemplar?] = [],
    to sink: inout MetricsSink
  ) throws(CommandError) {
    let text = text(of: labels)
    let comma = text.isEmpty ? "" : ","
    for (index, count) in value.cumulative.enumerated() {
      let bound = index < bounds.count ? bounds[index] : "+Inf"
      try sink.write(name)
      try sink.write("_bucket{")
      try sink.write(text)
      try sink.write(comma)
      try sink.write("le=\"")
      try sink.write(bound)
      try sink.write("\"} ")
      try end(count, index < exemplars.count ? exemplars[index] : nil, to: &sink)
    }
    try sample(name + "_sum", text, value.sum, to: &sink)
    try sample(name + "_count", text, value.count, to: &sink)
  }

  /// Bounds as the values of the label `le`.
  private func texts(_ bounds: [Double]) -> [String] {
    bounds.map { isOpenMetrics ? FloatText.openMetrics($0) : FloatText.fixed($0) }
  }

  private func sample(
    _ name: String, _ labels: Labels, _ value: Double, _ exemplar: Exemplar? = nil, to sink: inout MetricsSink
  ) throws(CommandError) {
    try sample(name, text(of: labels), value, exemplar, to: &sink)
  }

  private func sample(
    _ name: String, _ labels: String, _ value: Double, _ exemplar: Exemplar? = nil, to sink: inout MetricsSink
  ) throws(CommandError) {
    try sink.write(name)
    if !labels.isEmpty {
      try sink.write("{")
      try sink.write(labels)
      try sink.write("}")
    }
    try sink.write(" ")
    try end(value, exemplar, to: &sink)
  }

  /// The value, the exemplar and the end of a line.
  private func end(_ value: Double, _ exemplar: Exemplar?, to sink: inout MetricsSink) throws(CommandError) {
    try sink.write(number: value)
    if isOpenMetrics, let exemplar {
      let time = Double(exemplar.endTimeUnixNano / 1_000_000) / 1000
      try sink.write(" # {trace_id=\"\(exemplar.traceID)\",span_id=\"\(exemplar.spanID)\"} ")
      try sink.write(FloatText.fixed(Double(exemplar.nanoseconds) / 1e9) + " " + FloatText.fixed(time))
    }
    try sink.write("\n")
  }

  /// Labels as they stand between the braces.
  private func text(of labels: Labels) -> String {
    var text = ""
    for label in ExternalLabels.merge(external, into: labels) {
      if !text.isEmpty { text += "," }
      text += label.name
      text += "=\""
      text += Self.escaped(label.value)
      text += "\""
    }
    return text
  }

  /// A label value with what would end it or its line escaped.
  static func escaped(_ value: String) -> String {
    guard value.utf8.contains(where: { $0 == 0x22 || $0 == 0x5C || $0 == 0x0A }) else { return value }
    var escaped = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": escaped += "\\\""
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}

/// Labels that are added to every series.
enum ExternalLabels {
  /// Both together, sorted by name; a series' own label wins.
  static func merge(
    _ external: [(name: String, value: String)], into labels: [(name: String, value: String)]
  ) -> [(name: String, value: String)] {
    if external.isEmpty { return labels }
    let added = external.filter { label in !labels.contains { $0.name == label.name } }
    return (labels + added).sorted { $0.name < $1.name }
  }
}
