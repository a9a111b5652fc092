import Backends
import Platform
import SpanMetrics

/// How metrics are written.
enum MetricsFormat: String, CaseIterable {
  case json, prometheus, openmetrics

  var contentType: String {
    switch self {
    case .json: "application/json"
    case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
    case .openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
    }
  }
}

/// Writes a snapshot to standard output or a file, as `--format`, `--output` and `--label` say.
struct MetricsWriter: Sendable {
  let format: MetricsFormat
  let external: [(name: String, value: String)]
  private let path: String?

  init(_ arguments: Arguments) throws(CommandError) {
    format = try arguments[SpanMetricsOptions.format]
    external = try arguments[SpanMetricsOptions.label]
    for (index, label) in external.enumerated() {
      if !LabelName.isFree(label.name) { throw .usage("--label \(label.name): not a Prometheus label name") }
      if external[..<index].contains(where: { $0.name == label.name }) {
        throw .usage("--label \(label.name): given twice")
      }
    }
    let output = try arguments[SpanMetricsOptions.output]
    path = output == "-" ? nil : output
    if let path { try FileTarget.check(path) }
  }

  /// Whether it writes to a file rather than to standard output.
  var writesFile: Bool { path != nil }

  func write(_ snapshot: SpanMetricsSnapshot) throws(CommandError) {
    let target: any MetricsTarget = if let path { try FileTarget(path) } else { StandardOutputTarget() }
    try render(snapshot, format, to: target)
  }

  /// Writes a snapshot in any format to `target`.
  func render(
    _ snapshot: SpanMetricsSnapshot, _ format: MetricsFormat, to target: any MetricsTarget
  ) throws(CommandError) {
    var sink = MetricsSink(target)
    switch format {
    case .json: try MetricsJSON(external: external).write(snapshot, to: &sink)
    case .prometheus: try ExpositionText(isOpenMetrics: false, external: external).write(snapshot, to: &sink)
    case .openmetrics: try ExpositionText(isOpenMetrics: true, external: external).write(snapshot, to: &sink)
    }
    try sink.finish()
  }
}
