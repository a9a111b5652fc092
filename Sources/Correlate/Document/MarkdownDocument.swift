import Platform
import Traces

/// Evidence for a person or a ticket: a summary in five lines, the totals, what changed, then the panels.
struct MarkdownDocument {
  private let evidence: Evidence
  private let draw: (Trace) -> [String]

  /// - Parameter waterfall: draws a trace as lines of text.
  init(_ evidence: Evidence, waterfall: @escaping (Trace) -> [String]) {
    self.evidence = evidence
    draw = waterfall
  }

  /// Whole sections as long as they fit, most telling first; what is left out is said at the end.
  func bytes(maximumBytes: Int) -> [UInt8] {
    let tables = ChangeTables(evidence)
    let sections = [
      summary, tables.totals, suspects, tables.changes, metrics, tables.edges, waterfall, traces, logs, timeline, links,
      queries,
    ].filter {
      !$0.isEmpty
    }
    let note = { (count: Int) in "\n_\(count) section\(count == 1 ? "" : "s") left out to keep the size._\n" }
    let room = maximumBytes - note(99).utf8.count
    var text = ""
    var leftOut = 0
    for section in sections {
      let piece = (text.isEmpty ? "" : "\n") + section.joined(separator: "\n") + "\n"
      if text.utf8.count + piece.utf8.count <= room {
        text += piece
      } else if text.isEmpty {
        // Not even the summary fits whole.
        for character in piece where text.utf8.count + character.utf8.count < room { text.append(character) }
        text += "\n"
      } else {
        leftOut += 1
      }
    }
    if leftOut > 0 { text += note(leftOut) }
    return Array(text.utf8)
  }

  private var summary: [String] {
    let incident = evidence.incident
    let title = incident.title ?? "\(evidence.service)\(incident.operation.map { " " + $0 } ?? "")"
    var lines = ["# \(Self.inline(title))", ""]
    lines.append(
      "- **What**: \(Self.inline(evidence.service))\(incident.operation.map { ", " + Self.inline($0) } ?? "")"
        + (incident.severity.map { ", " + Self.inline($0) } ?? "")
        + (incident.kind.map { " (\(Self.inline($0)))" } ?? ""))
    lines.append(
      "- **When**: \(incident.firstFiredAt.map { "fired \($0.rfc3339), " } ?? "")looked at \(evidence.window.start.rfc3339) to "
        + "\(evidence.window.end.rfc3339), compared with the time before")
    lines.append("- **Metrics**: \(metricSentence)")
    lines.append("- **Suspect**: \(evidence.suspects.first.map { Self.inline($0.text) } ?? nobody)\(since)")
    lines.append("- **Sources**: \(Self.inline(SourceStates(evidence).sentence))")
    return lines
  }

  /// Why nobody is named.
  private var nobody: String {
    let reason = evidence.verdict?.reason.map { ", because \(Self.inline($0))" } ?? ""
    return "nothing stands out\(reason)"
  }

  /// When it began, as far as it can be told.
  private var since: String {
    guard !evidence.suspects.isEmpty, let onset = evidence.verdict?.onset else { return "" }
    let time = { (nanoseconds: Int64) in
      Timestamp(nanoseconds: nanoseconds / Nanoseconds.perSecond * Nanoseconds.perSecond).rfc3339
    }
    return "; since \(time(onset.time)) (between \(time(onset.earliest)) and \(time(onset.latest)))"
      + (onset.end.map { ", over at \(time($0))" } ?? "")
  }

  private var metricSentence: String {
    let wanted = ["error_rate", "latency_p95", "call_rate"]
    let parts = wanted.compactMap { name -> String? in
      guard let series = evidence.metrics?.series.first(where: { $0.name == name }), let now = series.windowMean else {
        return nil
      }
      let before = series.baselineMean.map { " (before: \(NumberText.short($0)))" } ?? ""
      return "\(name) \(NumberText.short(now)) \(series.unit)\(before)"
    }
    if parts.isEmpty { return evidence.metrics == nil ? "not known" : "no data" }
    return parts.joined(separator: ", ")
  }

  private var suspects: [String] {
    guard !evidence.suspects.isEmpty else { return [] }
    return ["## Suspects", ""]
      + evidence.suspects.enumerated().map { index, suspect in
        let lift = suspect.lift.map { " (lift \(NumberText.short($0)))" } ?? ""
        let also =
          suspect.also.isEmpty ? "" : "; the same traces share \(suspect.also.map(Self.inline).joined(separator: ", "))"
        return "\(index + 1). \(Self.inline(suspect.text))\(lift)\(also)"
      }
  }

  private var metrics: [String] {
    guard let series = evidence.metrics?.series, !series.isEmpty else { return [] }
    let rows = series.map { one in
      let line = Sparkline.of(buckets(one))
      return "| \(Self.cell(one.name)) | \(Self.cell(one.unit)) | \(one.baselineMean.map(NumberText.short) ?? "–") | "
        + "\(one.windowMean.map(NumberText.short) ?? "–") | \(one.peak.map { NumberText.short($0.value) } ?? "–") | `\(line)` |"
    }
    return [
      "## Metrics", "", "| series | unit | before | now | max | baseline and window |", "|---|---|---|---|---|---|",
    ] + rows
  }

  private func buckets(_ series: MetricSeries) -> [Double?] {
    let start = Double(evidence.window.baselineStart.nanoseconds)
    let length = max(1, Double(evidence.window.end.nanoseconds) - start)
    let samples = (series.baseline + series.window).map {
      (place: (Double($0.time.nanoseconds) - start) / length, value: $0.value)
    }
    return Sparkline.buckets(samples, columns: 40)
  }

  private var waterfall: [String] {
    let drawn = (evidence.traces?.traces ?? []).map(draw).filter { !$0.isEmpty }
    guard !drawn.isEmpty else { return [] }
    return ["## Furthest from usual"] + drawn.flatMap { ["", "```"] + $0.map(Self.withoutBackticks) + ["```"] }
  }

  private var traces: [String] {
    guard let panel = evidence.traces, !panel.errors.isEmpty || !panel.slowest.isEmpty else { return [] }
    let header = ["", "| time | trace | root | duration | span |", "|---|---|---|---|---|"]
    let row = { (row: TracePanel.Row) in
      "| \(row.start.rfc3339) | \(row.id) | \(Self.cell(row.rootService)) \(Self.cell(row.rootName)) | "
        + "\(Milliseconds.text(row.durationMilliseconds)) | \(Self.cell(row.span ?? "")) |"
    }
    var lines: [String] = ["## Traces"]
    if !panel.errors.isEmpty {
      lines += ["", "Failing, newest first:"] + header + panel.errors.prefix(TracePanel.shownRows).map(row)
    }
    if !panel.slowest.isEmpty {
      lines += ["", "Slowest:"] + header + panel.slowest.prefix(TracePanel.shownRows).map(row)
    }
    return lines
  }

  private var logs: [String] {
    guard let panel = evidence.logs, !panel.lines.isEmpty || !panel.levels.isEmpty else { return [] }
    var lines = ["## Logs"]
    if !panel.levels.isEmpty {
      lines += ["", "| level | lines | window |", "|---|---|---|"]
      for level in panel.levels.prefix(8) {
        lines.append(
          "| \(Self.cell(level.level)) | \(NumberText.short(level.total)) | `\(Sparkline.of(level.samples.map(\.value)))` |"
        )
      }
    }
    if !panel.lines.isEmpty {
      lines += ["", "```"]
      lines += panel.lines.prefix(20).map { line in
        let text = Self.withoutBackticks(String(line.text.prefix(200)))
        return "\(line.time.rfc3339) " + (line.count > 1 ? "×\(line.count) " : "")
          + text.split(whereSeparator: \.isNewline).joined(separator: " ")
      }
      lines.append("```")
    }
    return lines
  }

  private var timeline: [String] {
    guard !evidence.timeline.isEmpty else { return [] }
    return ["## Timeline", ""] + evidence.timeline.map { "- \($0.time.rfc3339) \(Self.inline($0.text))" }
  }

  private var links: [String] {
    guard !evidence.links.isEmpty else { return [] }
    return ["## Traces in several panels", ""]
      + evidence.links.prefix(10).map { link in
        let span = link.span.map { " (\(Self.inline($0)))" } ?? ""
        return "- \(link.traceID)\(span): \(link.logLines.count) log lines, \(link.exemplars.count) exemplars, "
          + (link.lists.isEmpty ? "not among the traces above" : "traces: " + link.lists.joined(separator: ", "))
      }
  }

  private var queries: [String] {
    guard !evidence.queries.isEmpty else { return [] }
    return ["## Queries", ""]
      + evidence.queries.map { query in
        let link = FindingQuery.url(query, evidence).map { " [look](\($0))" } ?? ""
        return "- \(query.source) \(query.name): `\(Self.code(query.query))`\(link)"
      }
  }

  /// Text on one line in which nothing is markup.
  static func inline(_ text: String) -> String {
    var result = ""
    for character in text.split(whereSeparator: \.isNewline).joined(separator: " ").prefix(500) {
      if "\\`*_[]<>#|".contains(character) { result += "\\" }
      result.append(character)
    }
    return result
  }

  /// Text that cannot end a code block.
  private static func withoutBackticks(_ text: String) -> String { String(text.map { $0 == "`" ? "'" : $0 }) }

  /// The same on one line.
  static func code(_ text: String) -> String {
    withoutBackticks(text.split(whereSeparator: \.isNewline).joined(separator: " "))
  }

  static func cell(_ text: String) -> String { inline(text) }
}
