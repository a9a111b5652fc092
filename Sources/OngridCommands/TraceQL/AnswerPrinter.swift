import JSON
import OTLP
import Platform
import TraceQL
import Traces

/// Prints answers in the format that was asked for.
struct AnswerPrinter {
  private let request: TraceQLRequest
  private let layout: TextLayout

  init(_ request: TraceQLRequest) {
    self.request = request
    layout = request.layout
  }

  func print(_ result: SearchResult) throws(CommandError) {
    switch request.format {
    case .json, .plot, .markdown: try printJSON { result.write(to: &$0) }
    case .table: try printLines(SearchTable(layout, showsSpans: request.selects).lines(result))
    case .otlp, .waterfall: for trace in result.traces { try print(trace: trace.otlp) }
    case .tree, .mermaid, .perfetto, .folded, .html: try printTogether(result.traces.map(\.otlp))
    }
  }

  /// Prints several traces as one drawing or document.
  func printTogether(_ otlp: [[UInt8]]) throws(CommandError) {
    var traces: [Trace] = []
    for bytes in otlp {
      do throws(WireError) { traces += try SpanReader.traces(bytes, request.format == .html ? .full : .brief) } catch {
        throw .backend("the trace cannot be read: \(error)")
      }
    }
    switch request.format {
    case .tree: try printLines(ServiceTree(traces, layout).lines)
    case .mermaid: try printLines(ServiceTree(traces, layout).mermaid)
    case .folded: try printLines(TraceExports.folded(traces))
    case .html:
      var output = StandardOutput()
      try output.write(TracePage.html(traces, layout))
      try output.flush()
    default:
      let document = TraceExports.perfetto(traces)
      var output = StandardOutput()
      try output.write(document.bytes)
      try output.flush()
    }
  }

  func print(_ result: MetricsResult) throws(CommandError) {
    switch request.format {
    case .table: try printLines(SeriesListing(layout).lines(result))
    case .plot: try printLines(SeriesPlot(layout, unit: request.unit).lines(result))
    default: try printJSON { result.write(to: &$0) }
    }
  }

  func print(_ names: TagNames) throws(CommandError) {
    guard request.format == .table else { return try printJSON { names.write(to: &$0) } }
    try printLines(names.scopes.flatMap { scope in scope.names.map { "\(Attribute.named(scope.scope, $0))" } })
  }

  func print(_ values: TagValues) throws(CommandError) {
    guard request.format == .table else { return try printJSON { values.write(to: &$0) } }
    try printLines(values.values.map { StandardErrorLog.oneLine($0.text) })
  }

  /// Prints one trace, given as an OTLP request in protobuf.
  func print(trace otlp: [UInt8]) throws(CommandError) {
    if request.format == .waterfall { return try printLines(TerminalWaterfall(request).lines(otlp)) }
    if request.format.needsTraces, request.format != .otlp { return try printTogether([otlp]) }
    var buffer = ByteBuffer(capacity: otlp.count * 4)
    do throws(WireError) {
      try otlp.withByteView { view throws(WireError) in
        try OTLPJSONWriter(request.format == .json ? .tempo : .otlp).write(view, .traces, into: &buffer)
      }
    } catch {
      throw .backend("the trace cannot be read: \(error)")
    }
    buffer.append(0x0A)
    var output = StandardOutput()
    try output.write(buffer.view.buffer)
    try output.flush()
  }

  private func printJSON(_ write: (inout JSONWriter) -> Void) throws(CommandError) {
    var json = JSONWriter()
    write(&json)
    json.newline()
    var output = StandardOutput()
    try output.write(json.bytes)
    try output.flush()
  }

  private func printLines(_ lines: [String]) throws(CommandError) {
    var output = StandardOutput()
    for line in lines { try output.writeLine(line) }
    try output.flush()
  }
}

extension TraceQLRequest {
  /// What the series of the query are measured in.
  fileprivate var unit: SeriesUnit {
    if case .query(let query, _) = question { query.unit } else { .none }
  }

  /// Whether the query selects attributes, so that they should be seen.
  fileprivate var selects: Bool {
    guard case .query(let query, _) = question, case .search(let pipeline) = query.body else { return false }
    return pipeline.stages.contains { if case .select = $0 { true } else { false } }
  }
}
