import OTLP
import Platform
import Traces

/// A trace as a tree of spans with bars on a time axis.
struct TerminalWaterfall {
  private let layout: TextLayout
  private let folding: Waterfall.Folding
  private let showsDetails: Bool

  init(_ request: TraceQLRequest) {
    layout = request.layout
    folding = request.folding
    showsDetails = request.showsDetails
  }

  init(_ layout: TextLayout, _ folding: Waterfall.Folding) {
    self.layout = layout
    self.folding = folding
    showsDetails = false
  }

  func lines(_ trace: Trace) -> [String] { lines(Waterfall(trace, folding)) }

  /// - Parameter otlp: an OTLP request with the spans of one trace.
  func lines(_ otlp: [UInt8]) throws(CommandError) -> [String] {
    let traces: [Trace]
    do throws(WireError) { traces = try SpanReader.traces(otlp, .full) } catch {
      throw .backend("the trace cannot be read: \(error)")
    }
    return traces.flatMap { lines(Waterfall($0, folding)) + [""] }
  }

  private func lines(_ waterfall: Waterfall) -> [String] {
    let trace = waterfall.trace
    let painter = ServicePainter(trace, layout)
    let total = layout.columns ?? 100
    let branchRoom = max(8, total / 4)
    let labels = waterfall.rows.map { label($0, trace, branchRoom) }
    let widest = zip(labels, waterfall.rows).map { label, row in
      DisplayWidth.of(label) + (row.fold == nil ? 2 + DisplayWidth.of(trace.spans[row.span].service) : 0)
    }.max()
    let labelWidth = min(widest ?? 0, max(20, total / 2))
    let barWidth = max(10, total - labelWidth - 12)
    var lines = header(trace)
    lines.append(axis(waterfall.end - waterfall.start, labelWidth: labelWidth, barWidth: barWidth))
    for (label, row) in zip(labels, waterfall.rows) {
      let span = trace.spans[row.span]
      if row.fold != nil {
        lines.append(layout.paint(layout.columns.map { DisplayWidth.truncated(label, to: $0) } ?? label, .dim))
        continue
      }
      let bar = bar(waterfall.cells(of: row.span, width: barWidth), span, painter)
      lines.append(line(label, span, labelWidth, bar, painter))
      let indent = continuation(row, branchRoom, hasChildren: !trace.tree.children(of: row.span).isEmpty)
      let parent = trace.parent(of: row.span).map { trace.spans[$0] }
      for note in SpanNotes(span, parent: parent, layout, showsDetails: showsDetails).lines {
        let text = indent + StandardErrorLog.oneLine(note.text)
        let fitting = layout.columns.map { DisplayWidth.truncated(text, to: $0) } ?? text
        lines.append(layout.paint(fitting, note.isError ? .red : .dim))
      }
    }
    return lines
  }

  private func header(_ trace: Trace) -> [String] {
    let errors = trace.spans.count(where: \.isError)
    let services = Set(trace.spans.map(\.service)).count
    let start = Timestamp(nanoseconds: trace.start)
    let count = trace.spans.count
    let id = "trace \(trace.id)"
    let time = "\(layout.time(start)) \(layout.zone(start))  \(layout.duration(Int(trace.duration)))"
    let counts = "\(count) span\(count == 1 ? "" : "s"), \(services) service\(services == 1 ? "" : "s")"
    let failed = errors > 0 ? "\(errors) error\(errors == 1 ? "" : "s")" : ""
    let painted = counts + (errors > 0 ? ", " + layout.paint(failed, .boldRed) : "")
    let countsWidth = counts.count + (errors > 0 ? 2 + failed.count : 0)
    let columns = layout.columns ?? .max
    // On a narrow terminal the id has a line of its own, and what is counted too.
    let rest = time.count + 2 + countsWidth <= columns ? ["\(time)  \(painted)"] : [time, painted]
    if rest.count == 1, id.count + 2 + time.count + 2 + countsWidth <= columns {
      return [layout.paint(id, .bold) + "  " + rest[0]]
    }
    return [layout.paint(id, .bold)] + rest
  }

  /// The lines of the tree and the name.
  private func label(_ row: Waterfall.Row, _ trace: Trace, _ room: Int) -> String {
    if let fold = row.fold {
      let errors = fold.errors > 0 ? ", \(fold.errors) error\(fold.errors == 1 ? "" : "s")" : ""
      return branch(row, room) + (layout.drawsUnicode ? "… " : "... ")
        + "\(fold.spans) span\(fold.spans == 1 ? "" : "s") folded, longest \(layout.duration(Int(fold.longest)))\(errors)"
    }
    let span = trace.spans[row.span]
    let mark = span.isError ? (layout.drawsUnicode ? "✗ " : "! ") : ""
    let missing = row.depth == 0 && span.parent != 0 ? " (parent missing)" : ""
    return branch(row, room) + mark + StandardErrorLog.oneLine(span.name) + missing
  }

  /// The lines that lead to a span. Those of a deep one would leave no room for its name: then its depth stands there.
  private func branch(_ row: Waterfall.Row, _ room: Int) -> String {
    guard row.depth > 0 else { return "" }
    let (tee, corner, pipe, gap) = layout.drawsUnicode ? ("├─", "└─", "│ ", "  ") : ("|-", "`-", "| ", "  ")
    let end = row.isLast ? corner : tee
    guard row.depth * 2 <= room else {
      let depth = "\(row.depth) "
      return DisplayWidth.padded(depth, to: max(depth.count, room / 2 * 2 - 2), alignRight: true) + end
    }
    return (0..<(row.depth - 1)).map { row.openLevels >> UInt64($0) & 1 == 1 ? pipe : gap }.joined() + end
  }

  /// The lines of the tree beside what is said below a span.
  private func continuation(_ row: Waterfall.Row, _ room: Int, hasChildren: Bool) -> String {
    let (pipe, gap) = layout.drawsUnicode ? ("│ ", "  ") : ("| ", "  ")
    let below = (hasChildren ? pipe : gap) + gap
    guard row.depth > 0 else { return below }
    guard row.depth * 2 <= room else { return String(repeating: " ", count: room) + below }
    let open = (0..<(row.depth - 1)).map { row.openLevels >> UInt64($0) & 1 == 1 ? pipe : gap }.joined()
    return open + (row.isLast ? gap : pipe) + below
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

  private func bar(_ cells: [Waterfall.Cell], _ span: TraceSpan, _ painter: ServicePainter) -> String {
    let (strong, light) = layout.drawsUnicode ? ("█", "▒") : ("#", "=")
    var drawn = ""
    for cell in cells.prefix(1 + (cells.lastIndex { $0 != .outside } ?? 0)) {
      switch cell {
      case .outside: drawn += " "
      case .running: drawn += span.isError ? layout.paint(light, .red) : painter.paint(light, as: span.service)
      case .critical:
        drawn += span.isError ? layout.paint(strong, .boldRed) : painter.paint(strong, as: span.service, bold: true)
      }
    }
    return drawn
  }

  private func line(
    _ label: String, _ span: TraceSpan, _ labelWidth: Int, _ bar: String, _ painter: ServicePainter
  ) -> String {
    // The service gives way to the name, but where both fit.
    let serviceRoom = max(8, labelWidth / 3, labelWidth - 2 - DisplayWidth.of(label))
    let service = DisplayWidth.truncated(StandardErrorLog.oneLine(span.service), to: serviceRoom)
    let room = max(4, labelWidth - DisplayWidth.of(service) - 2)
    let name = DisplayWidth.truncated(label, to: room)
    let padding = String(repeating: " ", count: max(2, labelWidth - DisplayWidth.of(name) - DisplayWidth.of(service)))
    let duration = DisplayWidth.padded(layout.duration(Int(span.duration)), to: 8, alignRight: true)
    let shownName = span.isError ? layout.paint(name, .red) : name
    return shownName + padding + painter.paint(service, as: span.service) + " " + duration + "  " + bar
  }
}

/// Colours for the services of one trace, which differ as long as there are enough of them.
private struct ServicePainter {
  private let layout: TextLayout
  private var numbers: [String: Int] = [:]

  init(_ trace: Trace, _ layout: TextLayout) {
    self.layout = layout
    for span in trace.spans where numbers[span.service] == nil { numbers[span.service] = numbers.count }
  }

  func paint(_ text: String, as service: String, bold: Bool = false) -> String {
    layout.paint(text, number: numbers[service] ?? 0, bold: bold)
  }
}
