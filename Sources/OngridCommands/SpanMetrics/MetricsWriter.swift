import Backends
import Compression
import OTLP
import Platform
import SpanMetrics

/// How metrics are written.
enum MetricsFormat: String, CaseIterable {
  case json, prometheus, openmetrics, otlp
  case otlpProtobuf = "otlp-protobuf"

  var isOTLP: Bool { self == .otlp || self == .otlpProtobuf }

  var contentType: String {
    switch self {
    case .json, .otlp: "application/json"
    case .otlpProtobuf: "application/x-protobuf"
    case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
    case .openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
    }
  }
}

/// Writes a snapshot to standard output or a file, as `--format`, `--output` and `--label` say.
struct MetricsWriter: Sendable {
  let format: MetricsFormat
  let external: [(name: String, value: String)]
  let exemplarLabel: String
  let isDelta: Bool
  private let path: String?

  init(_ arguments: Arguments) throws(CommandError) {
    format = try arguments[SpanMetricsOptions.format]
    external = try arguments[SpanMetricsOptions.label]
    exemplarLabel = try arguments[SpanMetricsOptions.exemplarLabel]
    if !LabelName.isFree(exemplarLabel) {
      throw .usage("--exemplar-label \(exemplarLabel): not a Prometheus label name")
    }
    for (index, label) in external.enumerated() {
      if !LabelName.isFree(label.name) { throw .usage("--label \(label.name): not a Prometheus label name") }
      if external[..<index].contains(where: { $0.name == label.name }) {
        throw .usage("--label \(label.name): given twice")
      }
    }
    isDelta = try arguments[SpanMetricsOptions.temporality] == .delta
    let output = try arguments[CommonOptions.output]
    path = output == "-" ? nil : output
    if let path { try MetricsFile.check(path) }
  }

  /// Whether it writes to a file rather than to standard output.
  var writesFile: Bool { path != nil }

  /// - Parameter times: since when and up to when the snapshot counts.
  func write(
    _ snapshot: SpanMetricsSnapshot, _ times: (start: Timestamp, end: Timestamp)
  ) throws(CommandError) {
    let target: any MetricsTarget = if let path { try MetricsFile(path) } else { StandardOutputTarget() }
    if format.isOTLP { return try writeOTLP(snapshot, times, to: target) }
    if format == .json {
      var sink = MetricsSink(target)
      try MetricsJSON(external: external).write(snapshot, to: &sink)
      return try sink.finish()
    }
    var text = exposition(snapshot, format)
    var piece = ByteBuffer(capacity: 80 << 10)
    while text.next(64 << 10, into: &piece) {
      try target.write(piece.view)
      piece.removeAll()
    }
    try target.finish()
  }

  /// A request a line, or one after the other.
  private func writeOTLP(
    _ snapshot: SpanMetricsSnapshot, _ times: (start: Timestamp, end: Timestamp), to target: any MetricsTarget
  ) throws(CommandError) {
    var line = ByteBuffer(capacity: 64 << 10)
    try OTLPDocument.forEachRequest(snapshot, external: external, times, isDelta: isDelta) {
      (request) throws(CommandError) in
      if format == .otlpProtobuf { return try target.write(request) }
      line.removeAll()
      // What was just written is well-formed.
      do throws(WireError) { try OTLPJSONWriter().write(request, .metrics, into: &line) } catch {
        throw .usage(error.description)
      }
      line.append("\n")
      try target.write(line.view)
    }
    try target.finish()
  }

  private func exposition(_ snapshot: SpanMetricsSnapshot, _ format: MetricsFormat) -> ExpositionText {
    ExpositionText(
      MetricTable(snapshot), isOpenMetrics: format == .openmetrics, external: external, exemplarLabel: exemplarLabel)
  }

  /// A page for who scrapes, compressed into one gzip member where that is wanted.
  func page(_ snapshot: SpanMetricsSnapshot, _ form: PageForm) throws(CompressionError) -> [UInt8] {
    var page = ByteBuffer(capacity: 64 << 10)
    var compressor = form.isGzip ? try StreamCompressor() : nil
    func add(_ piece: inout ByteBuffer, isLast: Bool) {
      if compressor?.compress(piece.view, isLast: isLast, into: &page) == nil { page.append(piece.view) }
      piece.removeAll()
    }
    var piece = ByteBuffer(capacity: 300 << 10)
    if form.language == .protobuf {
      let table = MetricTable(snapshot)
      ExpositionProtobuf.append(table, external: external, exemplarLabel: exemplarLabel, to: &piece)
    } else {
      var text = exposition(snapshot, form.language == .openMetrics ? .openmetrics : .prometheus)
      while text.next(256 << 10, into: &piece) { add(&piece, isLast: false) }
    }
    add(&piece, isLast: true)
    return Array(page.view)
  }
}
