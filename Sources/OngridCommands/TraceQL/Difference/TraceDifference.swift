import Platform
import Traces

/// Two single traces laid over one another: the spans of both in one tree, with what each took before and after.
struct TraceDifference {
  private let before: Trace
  private let after: Trace
  private let layout: TextLayout

  init(_ before: Trace, _ after: Trace, _ layout: TextLayout) {
    self.before = before
    self.after = after
    self.layout = layout
  }

  /// A span in one of the traces, or in both.
  private struct Row {
    var old: Int?
    var new: Int?
    var prefix: String
    var branch: String
  }

  private struct Key: Hashable {
    var service: String
    var name: String
    var kind: Int
  }

  /// Spans with the same service, name and kind are the same, in their order below the same parent.
  private func matched(_ old: [Int], _ new: [Int]) -> [(old: Int?, new: Int?)] {
    var waiting: [Key: [Int]] = [:]
    for span in old.reversed() { waiting[key(before, span), default: []].append(span) }
    var pairs: [(old: Int?, new: Int?)] = new.map { span in (waiting[key(after, span)]?.popLast(), span) }
    let kept = Set(pairs.compactMap(\.old))
    for span in old where !kept.contains(span) { pairs.append((span, nil)) }
    return pairs
  }

  private func key(_ trace: Trace, _ span: Int) -> Key {
    let record = trace.spans[span]
    return Key(service: record.service, name: record.name, kind: Int(record.kind.rawValue))
  }

  private var rows: [Row] {
    let (tee, corner, pipe, gap) = layout.drawsUnicode ? ("├─", "└─", "│ ", "  ") : ("|-", "`-", "| ", "  ")
    var rows: [Row] = []
    var pending = matched(before.roots, after.roots).reversed().map {
      Row(old: $0.old, new: $0.new, prefix: "", branch: "")
    }
    while let row = pending.popLast() {
      rows.append(row)
      let pairs = matched(
        row.old.map { Array(before.children(of: $0)) } ?? [], row.new.map { Array(after.children(of: $0)) } ?? [])
      var inner = row.branch.isEmpty ? row.prefix : row.prefix + (row.branch == corner ? gap : pipe)
      // The lines that lead to a deep span would leave no room for its name.
      if inner.count > 60 { inner = String(inner.suffix(60)) }
      for (place, pair) in pairs.enumerated().reversed() {
        pending.append(
          Row(old: pair.old, new: pair.new, prefix: inner, branch: place == pairs.count - 1 ? corner : tee))
      }
    }
    return rows
  }

  var lines: [String] {
    var table = TextTable(
      [
        .init(title: "SPAN", shrinks: 1), .init(title: "SERVICE", shrinks: 0),
        .init(title: "BEFORE", alignsRight: true),
        .init(title: "AFTER", alignsRight: true), .init(title: "CHANGE", alignsRight: true),
      ], layout)
    for row in rows {
      let (old, new) = (row.old.map { before.spans[$0] }, row.new.map { after.spans[$0] })
      guard let span = new ?? old else { continue }
      let difference = change(old, new)
      table.add([
        row.prefix + row.branch + (span.isError ? (layout.drawsUnicode ? "✗ " : "! ") : "") + span.name, span.service,
        old.map { layout.duration(Int($0.duration)) } ?? "", new.map { layout.duration(Int($0.duration)) } ?? "",
        difference.text,
      ]) { column, text in
        column == 4 ? difference.isWorse ? layout.paint(text, .red) : text : text
      }
    }
    return [
      "before  \(before.id)  \(layout.duration(Int(before.duration)))  \(before.spans.count) spans",
      "after   \(after.id)  \(layout.duration(Int(after.duration)))  \(after.spans.count) spans",
    ] + table.lines
  }

  private func change(_ old: TraceSpan?, _ new: TraceSpan?) -> (text: String, isWorse: Bool) {
    guard let old else { return ("added", false) }
    guard let new else { return ("removed", false) }
    if new.isError != old.isError { return (new.isError ? "fails" : "recovered", new.isError) }
    let difference = new.duration - old.duration
    let text = difference == 0 ? "" : (difference < 0 ? "-" : "+") + layout.duration(Int(abs(difference)))
    // A fifth more, and more than what clocks and schedulers do.
    return (text, difference > old.duration / 5 && difference > Duration.milliseconds(1).nanoseconds)
  }
}
