import Platform

/// A trace as lines of text: a tree with bars on a time axis.
enum Waterfall {
  private static let columns = 40
  private static let maximumLines = 40

  static func lines(_ trace: TraceRecord) -> [String] {
    var lines: [String] = []
    let duration = Double(max(1, trace.duration))
    let critical = Set(trace.roots.first.map { trace.criticalPath(from: $0).map(\.span) } ?? [])
    var stack = trace.roots.reversed().map { (index: $0, depth: 0) }
    var labels: [(text: String, index: Int)] = []
    while let (index, depth) = stack.popLast() {
      let span = trace.spans[index]
      labels.append((String(repeating: "  ", count: min(depth, 12)) + span.service + " " + span.name, index))
      for child in trace.children[index].reversed() { stack.append((child, depth + 1)) }
    }
    let width = min(48, labels.map(\.text.count).max() ?? 0)
    for (text, index) in labels.prefix(maximumLines) {
      let span = trace.spans[index]
      let from = min(max(Double(span.start - trace.start) / duration, 0), 1)
      let to = min(max(Double(span.end - trace.start) / duration, from), 1)
      let first = min(columns - 1, Int(from * Double(columns)))
      let last = max(first + 1, min(columns, Int((to * Double(columns)).rounded(.up))))
      let mark = critical.contains(index) ? "█" : "▒"
      let bar =
        String(repeating: " ", count: first) + String(repeating: mark, count: last - first)
        + String(repeating: " ", count: columns - last)
      let label =
        text.count > width ? text.prefix(width - 1) + "…" : text + String(repeating: " ", count: width - text.count)
      let error = span.isError ? " error" + (span.message.isEmpty ? "" : ": \(span.message.prefix(60))") : ""
      lines.append("\(label) |\(bar)| \(Milliseconds.text(Double(span.duration) / 1e6))\(error)")
    }
    if labels.count > maximumLines { lines.append("… \(labels.count - maximumLines) more spans") }
    return lines
  }
}
