import Platform
import Traces

/// Who calls whom in some traces, as a tree of text or a Mermaid diagram.
struct ServiceTree {
  private let layout: TextLayout
  private let calls: [String?: [ServiceCalls.Call]]
  private let all: [ServiceCalls.Call]

  init(_ traces: [Trace], _ layout: TextLayout) {
    self.layout = layout
    all = ServiceCalls(traces).calls
    calls = Dictionary(grouping: all) { $0.caller }
  }

  /// Each service below its callers, what it calls below its first.
  var lines: [String] {
    guard !all.isEmpty else { return ["no traces"] }
    var rows: [(name: String, call: ServiceCalls.Call)] = []
    var expanded: Set<String> = []
    let (tee, corner, pipe, gap) = layout.drawsUnicode ? ("├─", "└─", "│ ", "  ") : ("|-", "`-", "| ", "  ")
    var pending = (calls[nil] ?? []).reversed().map { (call: $0, prefix: "", branch: "") }
    while let (call, prefix, branch) = pending.popLast() {
      let below = calls[call.callee] ?? []
      let isNew = expanded.insert(call.callee).inserted
      let again = !isNew && !below.isEmpty ? " (see above)" : ""
      rows.append((prefix + branch + StandardErrorLog.oneLine(call.callee) + again, call))
      guard isNew else { continue }
      let inner = branch.isEmpty ? prefix : prefix + (branch == corner ? gap : pipe)
      for (place, next) in below.enumerated().reversed() {
        pending.append((next, inner, place == below.count - 1 ? corner : tee))
      }
    }
    var table = TextTable(
      [
        .init(title: "SERVICE", shrinks: 0), .init(title: "CALLS", alignsRight: true),
        .init(title: "ERRORS", alignsRight: true), .init(title: "P95", alignsRight: true),
      ], layout)
    for row in rows {
      let errors = row.call.errors
      table.add([row.name, "\(row.call.count)", "\(errors)", layout.duration(Int(row.call.percentile95))]) {
        column, text in
        column == 2 && errors > 0 ? layout.paint(text, .boldRed) : text
      }
    }
    return table.lines
  }

  /// The same as a flow chart.
  var mermaid: [String] {
    var numbers: [String: Int] = [:]
    func node(_ service: String) -> String {
      if let number = numbers[service] { return "s\(number)" }
      numbers[service] = numbers.count
      return "s\(numbers.count - 1)[\"\(ServiceTree.escaped(service))\"]"
    }
    return ["graph LR"]
      + all.map { call in
        let from = call.caller.map(node) ?? "outside((\"outside\"))"
        let errors = call.errors > 0 ? ", \(call.errors) error\(call.errors == 1 ? "" : "s")" : ""
        let time = layout.duration(Int(call.percentile95))
        let text = "\(call.count) call\(call.count == 1 ? "" : "s")\(errors), p95 \(time)"
        return "  \(from) -->|\"\(text)\"| \(node(call.callee))"
      }
  }

  private static func escaped(_ text: String) -> String {
    StandardErrorLog.oneLine(text).replacing("#", with: "#35;").replacing("\"", with: "#quot;")
      .replacing("<", with: "#lt;").replacing(">", with: "#gt;")
  }
}
