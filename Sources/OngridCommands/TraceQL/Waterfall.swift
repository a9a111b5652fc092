import OTLP
import Platform

/// A trace as a tree of spans with bars on a time axis.
struct Waterfall {
  private let layout: TextLayout

  init(_ layout: TextLayout) { self.layout = layout }

  func lines(_ otlp: [UInt8]) throws(CommandError) -> [String] {
    let tree: WaterfallTree
    do throws(WireError) { tree = try WaterfallTree(otlp) } catch {
      throw .backend("the trace cannot be read: \(error)")
    }
    guard let start = tree.nodes.map(\.start).min(), let end = tree.nodes.map(\.end).max() else { return [] }
    var rows: [(label: String, node: WaterfallTree.Node)] = []
    for root in tree.roots { collect(tree, root, prefix: "", isRoot: true, isLast: true, into: &rows) }

    let total = layout.columns ?? 100
    let widest = rows.map { DisplayWidth.of($0.label) + 2 + DisplayWidth.of($0.node.service) }.max() ?? 0
    let labelWidth = min(widest, max(20, total / 2))
    let barWidth = max(10, total - labelWidth - 12)
    var lines = header(tree, start: start, end: end)
    lines.append(axis(end - start, labelWidth: labelWidth, barWidth: barWidth))
    for (label, node) in rows {
      lines.append(line(label, node, labelWidth, Bar(start: start, end: end, width: barWidth)))
    }
    return lines + [""]
  }

  private func header(_ tree: WaterfallTree, start: UInt64, end: UInt64) -> [String] {
    let errors = tree.nodes.filter(\.isError).count
    let services = Set(tree.nodes.map(\.service)).count
    let time = SearchTable.time(Timestamp(nanoseconds: Int64(clamping: start)))
    let count = tree.nodes.count
    return [
      layout.paint("trace \(tree.traceID)", .bold) + "  \(time)  \(layout.duration(Int(clamping: end - start)))  "
        + "\(count) span\(count == 1 ? "" : "s"), \(services) service\(services == 1 ? "" : "s")"
        + (errors > 0 ? ", " + layout.paint("\(errors) error\(errors == 1 ? "" : "s")", .boldRed) : "")
    ]
  }

  /// A path of prefixes, not a recursion: a trace may be as deep as it has spans.
  private func collect(
    _ tree: WaterfallTree, _ root: Int, prefix: String, isRoot: Bool, isLast: Bool,
    into rows: inout [(label: String, node: WaterfallTree.Node)]
  ) {
    let (tee, corner, pipe, gap) = layout.drawsUnicode ? ("├─", "└─", "│ ", "  ") : ("|-", "`-", "| ", "  ")
    var pending: [(span: Int, prefix: String, isLast: Bool, isRoot: Bool)] = [(root, "", true, true)]
    while let (span, prefix, isLast, isRoot) = pending.popLast() {
      let node = tree.nodes[span]
      let mark = node.isError ? (layout.drawsUnicode ? "✗ " : "! ") : ""
      let missing = node.hasMissingParent ? " (parent missing)" : ""
      let branch = isRoot ? "" : prefix + (isLast ? corner : tee)
      rows.append((branch + mark + StandardErrorLog.oneLine(node.name) + missing, node))
      // Below a certain depth the lines of the tree take no further room.
      let inner = isRoot ? "" : prefix.count < 60 ? prefix + (isLast ? gap : pipe) : prefix
      for (place, child) in node.children.enumerated().reversed() {
        pending.append((child, inner, place == node.children.count - 1, false))
      }
    }
  }

  private func axis(_ duration: UInt64, labelWidth: Int, barWidth: Int) -> String {
    let middle = layout.duration(Int(clamping: duration / 2))
    let last = layout.duration(Int(clamping: duration))
    let left = max(1, barWidth / 2 - 1 - DisplayWidth.of(middle) / 2)
    let right = max(1, barWidth - 1 - left - DisplayWidth.of(middle) - DisplayWidth.of(last))
    return layout.paint(
      String(repeating: " ", count: labelWidth + 11) + "0" + String(repeating: " ", count: left) + middle
        + String(repeating: " ", count: right) + last, .dim)
  }

  private func line(_ label: String, _ node: WaterfallTree.Node, _ labelWidth: Int, _ bar: Bar) -> String {
    let service = DisplayWidth.truncated(StandardErrorLog.oneLine(node.service), to: max(8, labelWidth / 3))
    let room = max(4, labelWidth - DisplayWidth.of(service) - 2)
    let name = DisplayWidth.truncated(label, to: room)
    let padding = String(repeating: " ", count: max(2, labelWidth - DisplayWidth.of(name) - DisplayWidth.of(service)))
    let duration = DisplayWidth.padded(layout.duration(Int(clamping: node.end - node.start)), to: 8, alignRight: true)
    let (strong, light) = layout.drawsUnicode ? ("█", "▒") : ("#", "=")
    var drawn = ""
    for (cell, state) in bar.cells(node).enumerated() where cell <= bar.last(node) {
      switch state {
      case .outside: drawn += " "
      case .running: drawn += node.isError ? layout.paint(light, .red) : layout.paint(light, as: node.service)
      case .critical:
        drawn += node.isError ? layout.paint(strong, .boldRed) : layout.paint(strong, as: node.service, bold: true)
      }
    }
    let shownName = node.isError ? layout.paint(name, .red) : name
    return shownName + padding + layout.paint(service, as: node.service) + " " + duration + "  " + drawn
  }
}

/// The time axis of a waterfall.
private struct Bar {
  let start: UInt64
  let end: UInt64
  let width: Int

  enum State {
    case outside, running, critical
  }

  private func cell(_ time: UInt64) -> Int {
    let length = max(1, end - start)
    return min(width - 1, Int(Double(time - start) / Double(length) * Double(width)))
  }

  func last(_ node: WaterfallTree.Node) -> Int { max(cell(node.start), node.end > node.start ? cell(node.end - 1) : 0) }

  /// What is drawn in each character of the axis.
  func cells(_ node: WaterfallTree.Node) -> [State] {
    var cells = [State](repeating: .outside, count: width)
    for index in cell(node.start)...last(node) { cells[index] = .running }
    for stretch in node.critical where stretch.lowerBound >= start && stretch.upperBound > stretch.lowerBound {
      for index in cell(stretch.lowerBound)...max(cell(stretch.lowerBound), cell(stretch.upperBound - 1)) {
        cells[index] = .critical
      }
    }
    return cells
  }
}
