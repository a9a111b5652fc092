import Platform
import TraceQL

/// The answer to a search as a table, a line for each trace.
struct SearchTable {
  private let layout: TextLayout
  private let showsSpans: Bool

  /// - Parameter showsSpans: whether the spans with their attributes follow each trace.
  init(_ layout: TextLayout, showsSpans: Bool) {
    self.layout = layout
    self.showsSpans = showsSpans
  }

  func lines(_ result: SearchResult) -> [String] {
    guard !result.traces.isEmpty else { return ["no traces"] }
    // A trace id is there to be copied, so that it is never cut; on a narrow terminal other things are left out: first
    // what can be counted in the trace, and milliseconds, then the name's end and the service's.
    let isNarrow = layout.columns.map { $0 < 130 } ?? false
    let times = result.traces.map {
      layout.time(Timestamp(nanoseconds: Int64(clamping: $0.startTimeUnixNano)), isBrief: isNarrow)
    }
    let columns = layout.columns.map { $0 - max(0, (times.map(\.count).max() ?? 0) - 12) } ?? .max
    let shown = Column.allCases.filter { column in
      switch column {
      case .matched: columns >= 104
      case .spans: columns >= 92
      case .errors: columns >= 84
      default: true
      }
    }
    let zone = result.traces.first.map { layout.zone(Timestamp(nanoseconds: Int64(clamping: $0.startTimeUnixNano))) }
    var table = TextTable(shown.map { $0.heading(zone ?? "") }, layout)
    for (trace, time) in zip(result.traces, times) {
      table.add(shown.map { $0.text(trace, time, layout) }, notes: trace.spansets.flatMap(notes)) { index, text in
        switch shown[index] {
        case .trace: layout.paint(text, .dim)
        case .service: layout.paint(text, as: trace.rootServiceName)
        case .errors: trace.errorCount > 0 ? layout.paint(text, .boldRed) : text
        default: text
        }
      }
    }
    return table.lines
  }

  private enum Column: CaseIterable {
    case start, trace, service, name, duration, matched, spans, errors

    func heading(_ zone: String) -> TextTable.Column {
      switch self {
      case .start: .init(title: zone.isEmpty ? "START" : "START (\(zone))")
      case .trace: .init(title: "TRACE")
      case .service: .init(title: "SERVICE", shrinks: 0)
      case .name: .init(title: "NAME", shrinks: 1)
      case .duration: .init(title: "DURATION", alignsRight: true)
      case .matched: .init(title: "MATCHED", alignsRight: true)
      case .spans: .init(title: "SPANS", alignsRight: true)
      case .errors: .init(title: "ERRORS", alignsRight: true)
      }
    }

    func text(_ trace: TraceResult, _ time: String, _ layout: TextLayout) -> String {
      switch self {
      case .start: time
      case .trace: trace.traceID
      case .service: trace.rootServiceName
      case .name: trace.rootTraceName
      case .duration: layout.duration(trace.duration)
      case .matched: "\(trace.spansets.reduce(0) { $0 + $1.matched })"
      case .spans: trace.spanCount > 0 ? "\(trace.spanCount)" : "-"
      case .errors: trace.spanCount > 0 ? "\(trace.errorCount)" : "-"
      }
    }
  }

  /// What grouping, aggregating and selecting said.
  private func notes(_ spanset: SpansetResult) -> [String] {
    var notes: [String] = []
    if !spanset.attributes.isEmpty {
      notes.append("    " + pairs(spanset.attributes) + layout.paint("  (\(spanset.matched) spans)", .dim))
    }
    if showsSpans {
      for span in spanset.spans {
        let name = span.name.isEmpty ? span.spanID : span.name
        let duration = DisplayWidth.padded(layout.duration(span.duration), to: 7, alignRight: true)
        notes.append("    \(duration)  \(StandardErrorLog.oneLine(name))  " + pairs(span.attributes))
      }
    }
    return notes.map { line in
      guard let columns = layout.columns, !layout.colors else { return line }
      return DisplayWidth.truncated(line, to: columns)
    }
  }

  private func pairs(_ attributes: [(name: String, value: ResultValue)]) -> String {
    attributes.map { "\(StandardErrorLog.oneLine($0.name))=\(StandardErrorLog.oneLine($0.value.text))" }
      .joined(separator: "  ")
  }
}

/// The answer to a metrics query as a table, a line for each series.
struct SeriesListing {
  private let layout: TextLayout

  init(_ layout: TextLayout) { self.layout = layout }

  func lines(_ result: MetricsResult) -> [String] {
    guard !result.series.isEmpty else { return ["no series"] }
    var table = TextTable(
      [
        .init(title: "SERIES", shrinks: 0), .init(title: "LAST", alignsRight: true),
        .init(title: "MIN", alignsRight: true), .init(title: "MEAN", alignsRight: true),
        .init(title: "MAX", alignsRight: true), .init(title: "SAMPLES", alignsRight: true),
      ], layout)
    for series in result.series {
      let values = series.values.filter { !$0.isNaN }
      let mean = values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
      table.add([
        series.labelText, TextLayout.number(values.last ?? .nan), TextLayout.number(values.min() ?? .nan),
        TextLayout.number(mean), TextLayout.number(values.max() ?? .nan), "\(values.count)",
      ])
    }
    return table.lines
  }
}
