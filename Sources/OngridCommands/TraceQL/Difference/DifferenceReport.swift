import JSON
import Platform
import TraceQL

/// What changed from one run to another, as a table, as JSON or as Markdown.
struct DifferenceReport {
  typealias Failure = (change: RunComparison.Change, condition: String)

  private let comparison: RunComparison
  private let before: OperationRecording
  private let after: OperationRecording
  private let failures: [Failure]
  private let layout: TextLayout
  private let format: TraceQLRequest.Format
  /// The most lines; 0 for all.
  private let limit: Int

  init(
    _ comparison: RunComparison, _ before: OperationRecording, _ after: OperationRecording, _ failures: [Failure],
    _ request: TraceQLRequest
  ) {
    self.comparison = comparison
    self.before = before
    self.after = after
    self.failures = failures
    layout = request.layout
    format = request.format
    limit = request.limit
  }

  var text: [UInt8] {
    switch format {
    case .json: json
    case .markdown: lines(markdown)
    default: lines(table)
    }
  }

  private func lines(_ lines: [String]) -> [UInt8] { Array((lines.joined(separator: "\n") + "\n").utf8) }

  // MARK: For people

  private static func word(_ change: RunComparison.Change) -> String {
    if change.isAdded { return "added" }
    if change.isRemoved { return "removed" }
    if change.isSignificant(.errors) {
      return change.after.errorShare > change.before.errorShare ? "failing" : "recovered"
    }
    if change.isRegression { return "slower" }
    if change.isSignificant(.duration) || change.isSignificant(.ownTime) { return "faster" }
    if change.isSignificant(.calls) { return change.after.calls > change.before.calls ? "more calls" : "fewer calls" }
    return "-"
  }

  private enum Column: String, CaseIterable {
    case change, service, operation, calls, errors, p50, p95, own, share

    /// Columns from which on it is shown; on less room the median goes first, then calls and share.
    var room: Int {
      switch self {
      case .p50: 126
      case .calls: 104
      case .share: 92
      default: 0
      }
    }

    var heading: TextTable.Column {
      switch self {
      case .change: .init(title: "CHANGE")
      case .service: .init(title: "SERVICE", shrinks: 0)
      case .operation: .init(title: "OPERATION", shrinks: 1)
      case .own: .init(title: "OWN/TRACE", alignsRight: true)
      case .share: .init(title: "SHARE", alignsRight: true)
      default: .init(title: rawValue.uppercased(), alignsRight: true)
      }
    }
  }

  private func cell(_ column: Column, _ change: RunComparison.Change) -> String {
    let (old, new) = (change.before, change.after)
    switch column {
    case .change: return DifferenceReport.word(change)
    case .service: return change.operation.service
    case .operation: return change.operation.name
    case .calls: return "\(old.calls)\(arrow)\(new.calls)"
    case .errors: return errors(old) + (errors(old) == errors(new) && !change.isAdded ? "" : arrow + errors(new))
    case .p50: return duration(change, old.median, new.median)
    case .p95: return duration(change, old.percentile95, new.percentile95)
    case .own: return signed(change.ownTimePerTrace)
    case .share: return "\(Int((change.share * 100).rounded()))%"
    }
  }

  private var arrow: String { layout.drawsUnicode || format == .markdown ? "→" : ">" }

  private func errors(_ figures: RunComparison.Figures) -> String {
    if figures.calls == 0 { return "-" }
    let share = figures.errorShare * 100
    return share == 0
      ? "0%" : share < 10 ? "\(TextLayout.number((share * 10).rounded() / 10))%" : "\(Int(share.rounded()))%"
  }

  private func duration(_ change: RunComparison.Change, _ old: Int64, _ new: Int64) -> String {
    if change.isAdded { return layout.duration(Int(new)) }
    if change.isRemoved { return layout.duration(Int(old)) }
    let percent = old > 0 ? Int(((Double(new) / Double(old) - 1) * 100).rounded().clamped) : 0
    return "\(layout.duration(Int(old)))\(arrow)\(layout.duration(Int(new))) \(percent >= 0 ? "+" : "")\(percent)%"
  }

  private func signed(_ nanoseconds: Double) -> String {
    let whole = Int64(saturating: abs(nanoseconds).rounded())
    return whole == 0 ? "0" : (nanoseconds < 0 ? "-" : "+") + layout.duration(Int(whole))
  }

  /// What is shown, and how many more there are.
  private var shown: (changes: ArraySlice<RunComparison.Change>, rest: Int) {
    let telling = comparison.changes.count { $0.isSignificant || $0.isAdded || $0.isRemoved }
    let most = limit == 0 ? comparison.changes.count : max(telling > limit ? limit : telling, min(limit, 10))
    let shown = comparison.changes.prefix(most)
    return (shown, comparison.changes.count - shown.count)
  }

  private var summary: [String] {
    func run(_ recording: OperationRecording) -> String {
      "\(recording.traces) trace\(recording.traces == 1 ? "" : "s"), \(recording.spans) spans"
    }
    var lines = ["before: \(run(before)); after: \(run(after))"]
    if !comparison.isTested { lines.append("too few traces to tell changes from chance") }
    return lines
  }

  private var closing: [String] {
    var lines: [String] = []
    let rest = shown.rest
    if rest > 0 { lines.append("and \(rest) more operations") }
    for (word, edges) in [("added", comparison.addedEdges), ("removed", comparison.removedEdges)] {
      for edge in edges {
        lines.append(
          "\(word) call \(StandardErrorLog.oneLine(edge.caller)) \(arrow) \(StandardErrorLog.oneLine(edge.callee))")
      }
    }
    for failure in failures {
      let operation = failure.change.operation
      lines.append(
        "failed: \(failure.condition): \(StandardErrorLog.oneLine("\(operation.service) \(operation.name)"))")
    }
    return lines
  }

  private var table: [String] {
    let columns = Column.allCases.filter { $0.room <= layout.columns ?? .max }
    var table = TextTable(columns.map(\.heading), layout)
    for change in shown.changes {
      table.add(columns.map { cell($0, change) }) { index, text in
        switch columns[index] {
        case .change: change.isRegression ? layout.paint(text, .boldRed) : text
        case .service: layout.paint(text, as: change.operation.service)
        default: text
        }
      }
    }
    return summary + table.lines + closing
  }

  private var markdown: [String] {
    func escaped(_ text: String) -> String {
      StandardErrorLog.oneLine(text).replacing("\\", with: "\\\\").replacing("|", with: "\\|").replacing(
        "<", with: "&lt;"
      )
      .replacing("`", with: "\\`").replacing("*", with: "\\*").replacing("_", with: "\\_")
    }
    let columns = Column.allCases
    func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
    var lines = summary.map { $0 + "  " } + [""]
    lines.append(row(columns.map { $0.heading.title.lowercased() }))
    lines.append(row(columns.map { $0.heading.alignsRight ? "--:" : "---" }))
    for change in shown.changes {
      lines.append(
        row(
          columns.map { column in
            let text = escaped(cell(column, change))
            return column == .change && change.isRegression ? "**\(text)**" : text
          }))
    }
    return lines + (closing.isEmpty ? [] : [""]) + closing.map { "- " + escaped($0) }
  }

  // MARK: For programs

  private var json: [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    for (name, recording) in [("before", before), ("after", after)] {
      json.key(name)
      json.beginObject()
      json.key("traces")
      json.int(recording.traces)
      json.key("spans")
      json.int(recording.spans)
      json.endObject()
    }
    json.key("tested")
    json.bool(comparison.isTested)
    json.key("operations")
    json.beginArray()
    for change in comparison.changes { write(change, to: &json) }
    json.endArray()
    for (name, edges) in [("added_calls", comparison.addedEdges), ("removed_calls", comparison.removedEdges)] {
      json.key(name)
      json.beginArray()
      for edge in edges {
        json.beginObject()
        json.field("caller", edge.caller)
        json.field("callee", edge.callee)
        json.endObject()
      }
      json.endArray()
    }
    json.key("failed")
    json.beginArray()
    for failure in failures {
      json.beginObject()
      json.field("service", failure.change.operation.service)
      json.field("operation", failure.change.operation.name)
      json.field("condition", failure.condition)
      json.endObject()
    }
    json.endArray()
    json.endObject()
    json.newline()
    return json.bytes
  }

  private func write(_ change: RunComparison.Change, to json: inout JSONWriter) {
    json.beginObject()
    json.field("service", change.operation.service)
    json.field("operation", change.operation.name)
    json.field("change", DifferenceReport.word(change) == "-" ? "none" : DifferenceReport.word(change))
    json.key("regression")
    json.bool(change.isRegression)
    for (name, figures) in [("before", change.before), ("after", change.after)] {
      json.key(name)
      json.beginObject()
      for (key, value) in [("calls", figures.calls), ("errors", figures.errors)] {
        json.key(key)
        json.int(value)
      }
      for (key, value) in [
        ("p50_ns", figures.median), ("p95_ns", figures.percentile95), ("own_time_ns", figures.ownTime),
      ] {
        json.key(key)
        json.int(value)
      }
      json.endObject()
    }
    json.key("own_time_per_trace_ns")
    json.double(change.ownTimePerTrace.rounded())
    json.key("share")
    json.double((change.share * 1e4).rounded() / 1e4)
    json.key("chance")
    json.beginObject()
    for measure in RunComparison.Measure.allCases {
      guard let probability = change.probabilities[measure] else { continue }
      json.key(measure.rawValue)
      json.double(probability)
    }
    json.endObject()
    json.endObject()
  }
}

extension Double {
  /// Within what a percentage of a table may be.
  fileprivate var clamped: Double { Swift.min(Swift.max(self, -100), 999_999) }
}

extension JSONWriter {
  fileprivate mutating func field(_ name: String, _ value: String) {
    key(name)
    string(value)
  }
}
