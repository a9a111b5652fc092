import OTLP
import Platform
import Traces

/// A trace as a tree of spans with bars on a time axis.
struct TerminalWaterfall {
  private let layout: TextLayout

  init(_ layout: TextLayout) { self.layout = layout }

  /// - Parameter otlp: an OTLP request with the spans of one trace.
  func lines(_ otlp: [UInt8]) throws(CommandError) -> [String] {
    let traces: [Trace]
    do throws(WireError) { traces = try SpanReader.traces(otlp) } catch {
      throw .backend("the trace cannot be read: \(error)")
    }
    return traces.flatMap { lines(Waterfall($0)) + [""] }
  }

  private func lines(_ waterfall: Waterfall) -> [String] {
    let trace = waterfall.trace
    let labels = waterfall.rows.map { label($0, trace) }
    let total = layout.columns ?? 100
    let widest = zip(labels, waterfall.rows).map { label, row in
      DisplayWidth.of(label) + 2 + DisplayWidth.of(trace.spans[row.span].service)
    }.max()
    let labelWidth = min(widest ?? 0, max(20, total / 2))
    let barWidth = max(10, total - labelWidth - 12)
    var lines = header(trace)
    lines.append(axis(waterfall.end - waterfall.start, labelWidth: labelWidth, barWidth: barWidth))
    for (label, row) in zip(labels, waterfall.rows) {
      let bar = bar(waterfall.cells(of: row.span, width: barWidth), trace.spans[row.span])
      lines.append(line(label, trace.spans[row.span], labelWidth, bar))
    }
    return lines
  }

  private func header(_ trace: Trace) -> [String] {
    let errors = trace.spans.count(where: \.isError)
    let services = Set(trace.spans.map(\.service)).count
    let time = SearchTable.time(Timestamp(nanoseconds: trace.start))
    let count = trace.spans.count
    return [
      layout.paint("trace \(trace.id)", .bold) + "  \(time)  \(layout.duration(Int(trace.duration)))  "
        + "\(count) span\(count == 1 ? "" : "s"), \(services) service\(services == 1 ? "" : "s")"
        + (errors > 0 ? ", " + layout.paint("\(errors) error\(errors == 1 ? "" : "s")", .boldRed) : "")
    ]
  }

  /// The lines of the tree and the name.
  private func label(_ row: Waterfall.Row, _ trace: Trace) -> String {
    let span = trace.spans[row.span]
    let mark = span.isError ? (layout.drawsUnicode ? "✗ " : "! ") : ""
    let missing = row.depth == 0 && span.parent != 0 ? " (parent missing)" : ""
    return branch(row) + mark + StandardErrorLog.oneLine(span.name) + missing
  }

  /// Below a certain depth the lines of the tree take no further room.
  private static let drawnLevels = 30

  private func branch(_ row: Waterfall.Row) -> String {
    guard row.depth > 0 else { return "" }
    let (tee, corner, pipe, gap) = layout.drawsUnicode ? ("├─", "└─", "│ ", "  ") : ("|-", "`-", "| ", "  ")
    let levels = min(row.depth - 1, TerminalWaterfall.drawnLevels)
    return (0..<levels).map { row.openLevels >> UInt64($0) & 1 == 1 ? pipe : gap }.joined()
      + (row.isLast ? corner : tee)
  }

  private func axis(_ duration: Int64, labelWidth: Int, barWidth: Int) -> String {
    let middle = layout.duration(Int(duration / 2))
    let last = layout.duration(Int(duration))
    let left = max(1, barWidth / 2 - 1 - DisplayWidth.of(middle) / 2)
    let right = max(1, barWidth - 1 - left - DisplayWidth.of(middle) - DisplayWidth.of(last))
    return layout.paint(
      String(repeating: " ", count: labelWidth + 11) + "0" + String(repeating: " ", count: left) + middle
        + String(repeating: " ", count: right) + last, .dim)
  }

  private func bar(_ cells: [Waterfall.Cell], _ span: TraceSpan) -> String {
    let (strong, light) = layout.drawsUnicode ? ("█", "▒") : ("#", "=")
    var drawn = ""
    for cell in cells.prefix(1 + (cells.lastIndex { $0 != .outside } ?? 0)) {
      switch cell {
      case .outside: drawn += " "
      case .running: drawn += span.isError ? layout.paint(light, .red) : layout.paint(light, as: span.service)
      case .critical:
        drawn += span.isError ? layout.paint(strong, .boldRed) : layout.paint(strong, as: span.service, bold: true)
      }
    }
    return drawn
  }

  private func line(_ label: String, _ span: TraceSpan, _ labelWidth: Int, _ bar: String) -> String {
    let service = DisplayWidth.truncated(StandardErrorLog.oneLine(span.service), to: max(8, labelWidth / 3))
    let room = max(4, labelWidth - DisplayWidth.of(service) - 2)
    let name = DisplayWidth.truncated(label, to: room)
    let padding = String(repeating: " ", count: max(2, labelWidth - DisplayWidth.of(name) - DisplayWidth.of(service)))
    let duration = DisplayWidth.padded(layout.duration(Int(span.duration)), to: 8, alignRight: true)
    let shownName = span.isError ? layout.paint(name, .red) : name
    return shownName + padding + layout.paint(service, as: span.service) + " " + duration + "  " + bar
  }
}
