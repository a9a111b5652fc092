import Platform
import Traces

/// A trace as lines of text for Markdown: a tree with bars on a time axis.
enum WaterfallText {
  private static let columns = 40
  private static let maximumLines = 40

  static func lines(_ trace: Trace) -> [String] {
    let waterfall = Waterfall(trace)
    let shown = waterfall.rows.prefix(maximumLines).map { row in
      let span = trace.spans[row.span]
      return (text: String(repeating: "  ", count: min(row.depth, 12)) + span.service + " " + span.name, span: row.span)
    }
    let width = min(48, shown.map(\.text.count).max() ?? 0)
    var lines = shown.map { text, index in
      let span = trace.spans[index]
      let bar = String(
        waterfall.cells(of: index, width: columns).map { cell -> Character in
          switch cell {
          case .outside: " "
          case .running: "▒"
          case .critical: "█"
          }
        })
      let label =
        text.count > width ? text.prefix(width - 1) + "…" : text + String(repeating: " ", count: width - text.count)
      let error = span.isError ? " error" + (span.message.isEmpty ? "" : ": \(span.message.prefix(60))") : ""
      return "\(label) |\(bar)| \(Milliseconds.text(Nanoseconds.milliseconds(span.duration)))\(error)"
    }
    if waterfall.rows.count > maximumLines { lines.append("… \(waterfall.rows.count - maximumLines) more spans") }
    return lines
  }
}
