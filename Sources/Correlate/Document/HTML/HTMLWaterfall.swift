import Platform
import Traces

/// A trace as rows with bars: spans that failed, were waited for or took longer than usual; the others counted.
struct HTMLWaterfall {
  private let waterfall: Waterfall
  private let usual: UsualTimes

  private static let maximumRows = 120

  init(_ trace: Trace, _ usual: UsualTimes) {
    waterfall = Waterfall(trace, Waterfall.Folding(only: .telling))
    self.usual = usual
  }

  var html: String {
    let trace = waterfall.trace
    var html =
      "<p class=\"dim\">trace <code>\(HTMLText.escaped(trace.id))</code>, \(Timestamp(nanoseconds: trace.start).rfc3339), "
      + "\(text(trace.duration)), \(trace.spans.count) spans</p>\n<div class=\"fall\">\n"
    for row in waterfall.rows.prefix(HTMLWaterfall.maximumRows) { html += self.row(row) }
    let rest = waterfall.rows.count - HTMLWaterfall.maximumRows
    if rest > 0 { html += "<p class=\"dim\">… \(rest) more rows</p>\n" }
    return html + "</div>"
  }

  private func text(_ nanoseconds: Int64) -> String { Milliseconds.text(Nanoseconds.milliseconds(nanoseconds)) }

  private func row(_ row: Waterfall.Row) -> String {
    let indent = "style=\"padding-left:\(min(row.depth, 16) * 10)px\""
    if let fold = row.fold {
      let failed = fold.errors > 0 ? ", \(fold.errors) failed" : ""
      return "<div class=\"row\"><span class=\"name dim\" \(indent)>… \(fold.spans) as usual\(failed)</span>"
        + "<span class=\"time dim\">\(text(fold.longest))</span><span class=\"track\"></span></div>\n"
    }
    let span = waterfall.trace.spans[row.span]
    let name = "\(HTMLText.escaped(span.service)) <b>\(HTMLText.escaped(span.name))</b>"
    var html =
      "<div class=\"row\"><span class=\"name\(span.isError ? " bad" : "")\" \(indent) title=\"\(HTMLText.escaped("\(span.service) \(span.name)"))\">"
      + "\(name)</span><span class=\"time\">\(text(span.duration))</span><span class=\"track\">\(bars(row.span, span))</span>"
    if let note = note(span) { html += "<span class=\"more dim\" \(indent)>\(HTMLText.escaped(note))</span>" }
    return html + "</div>\n"
  }

  private func note(_ span: TraceSpan) -> String? {
    var notes: [String] = []
    if usual.isChanged(span), let median = usual.median(of: span) { notes.append("usually \(text(median))") }
    if span.isError { notes.append(span.message.isEmpty ? "failed" : "failed: \(span.message)") }
    return notes.isEmpty ? nil : notes.joined(separator: "; ")
  }

  /// The bar, and in it what the trace waited for, in hundredths of its time.
  private func bars(_ index: Int, _ span: TraceSpan) -> String {
    let cells = waterfall.cells(of: index, width: 100)
    guard let first = cells.firstIndex(where: { $0 != .outside }), let last = cells.lastIndex(where: { $0 != .outside })
    else { return "" }
    var html = "<i\(span.isError ? " class=\"error\"" : "") style=\"left:\(first)%;width:\(last - first + 1)%\"></i>"
    guard !span.isError else { return html }
    var start: Int?
    for (column, cell) in (cells + [.outside]).enumerated() {
      if cell == .critical {
        start = start ?? column
      } else if let from = start {
        html += "<i class=\"critical\" style=\"left:\(from)%;width:\(column - from)%\"></i>"
        start = nil
      }
    }
    return html
  }
}
