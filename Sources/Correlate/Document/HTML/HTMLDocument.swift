import Backends
import Platform

/// Evidence as one page that needs nothing beside it: no script, no font and no picture from elsewhere.
struct HTMLDocument {
  private let evidence: Evidence

  init(_ evidence: Evidence) {
    self.evidence = evidence
  }

  /// Whole sections as long as they fit, most telling first; what is left out is said at the end.
  func bytes(maximumBytes: Int) -> [UInt8] {
    let sections = [
      totals, changes, metrics, graph, waterfalls, logs, timeline, traces, links, queries,
    ].filter { !$0.isEmpty }
    let tail = "</main>\n</body>\n</html>\n"
    let note = { (count: Int) in "<p class=\"dim\">\(count) sections left out to keep the size.</p>\n" }
    var html = head + summary
    var room = maximumBytes - html.utf8.count - tail.utf8.count - note(99).utf8.count
    guard room >= 0 else { return small(maximumBytes, tail) }
    var leftOut = 0
    for section in sections {
      if section.utf8.count <= room {
        html += section
        room -= section.utf8.count
      } else {
        leftOut += 1
      }
    }
    if leftOut > 0 { html += note(leftOut) }
    return Array((html + tail).utf8)
  }

  /// Not even the summary fits: the page says only whom it names.
  private func small(_ maximumBytes: Int, _ tail: String) -> [UInt8] {
    let start =
      "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>ongrid correlate</title>\n<body>\n<main>\n"
    let room = maximumBytes - start.utf8.count - tail.utf8.count - 80
    var text = evidence.suspects.first?.text ?? nobody
    while HTMLText.escaped(text).utf8.count > room, !text.isEmpty { text = String(text.prefix(text.count * 3 / 4)) }
    return Array((start + "<p>\(HTMLText.escaped(text))</p>\n<p>All else left out to keep the size.</p>\n" + tail).utf8)
  }

  private var title: String {
    let incident = evidence.incident
    return String((incident.title ?? "\(evidence.service)\(incident.operation.map { " " + $0 } ?? "")").prefix(300))
  }

  private var head: String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width,initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
    <title>\(HTMLText.escaped(title))</title>
    <style>\(HTMLStyle.css)</style>
    </head>
    <body>
    <main>

    """
  }

  // MARK: Summary

  private var nobody: String {
    "Nobody stands out" + (evidence.verdict?.reason.map { ", because \($0)" } ?? "")
  }

  private var summary: String {
    let incident = evidence.incident
    var facts: [(String, String)] = [
      ("Service", [evidence.service, incident.operation].compactMap(\.self).joined(separator: ", "))
    ]
    let kind = [incident.severity, incident.kind, incident.ruleKey].compactMap(\.self).joined(separator: ", ")
    if !kind.isEmpty { facts.append(("Rule", kind)) }
    if let fired = incident.firstFiredAt { facts.append(("Fired", fired.rfc3339)) }
    facts.append(
      ("Looked at", "\(evidence.window.start.rfc3339) to \(evidence.window.end.rfc3339), shaded in the charts"))
    facts.append(
      ("Compared with", "\(evidence.window.baselineStart.rfc3339) to \(evidence.window.baselineEnd.rfc3339)"))
    if !evidence.suspects.isEmpty, let onset = evidence.verdict?.onset {
      let time = { (nanoseconds: Int64) in
        Timestamp(nanoseconds: nanoseconds / Nanoseconds.perSecond * Nanoseconds.perSecond).rfc3339
      }
      facts.append(
        (
          "Since",
          "\(time(onset.time)), between \(time(onset.earliest)) and \(time(onset.latest))"
            + (onset.end.map { "; over at \(time($0))" } ?? "")
        ))
    }
    facts.append(("Sources", SourceStates(evidence).sentence))
    let list = facts.map { "<dt>\($0.0)</dt><dd>\(HTMLText.escaped($0.1))</dd>" }.joined(separator: "\n")
    return "<h1>\(HTMLText.escaped(title))</h1>\n<dl>\n\(list)\n</dl>\n\(suspects)"
  }

  private var suspects: String {
    guard !evidence.suspects.isEmpty else { return "<p class=\"suspect\">\(HTMLText.escaped(nobody))</p>\n" }
    return evidence.suspects.enumerated().map { index, suspect in
      var notes: [String] = []
      if let lift = suspect.lift { notes.append("lift \(NumberText.short(lift))") }
      if let confidence = suspect.confidence { notes.append("confidence \(NumberText.short(confidence))") }
      if !suspect.also.isEmpty { notes.append("the same traces share \(suspect.also.joined(separator: ", "))") }
      let more = notes.isEmpty ? "" : " <span class=\"dim\">(\(HTMLText.escaped(notes.joined(separator: "; "))))</span>"
      return "<p class=\"suspect\"><b>\(index + 1). \(HTMLText.escaped(suspect.dependency ?? suspect.service))</b>: "
        + "\(HTMLText.escaped(suspect.text))\(more)</p>\n"
    }.joined()
  }

  // MARK: What changed

  private var totals: String {
    guard let totals = evidence.totals, !totals.rows.isEmpty else { return "" }
    let rows = totals.rows.map { row in
      (
        cells: [
          row.name.map(HTMLText.escaped) ?? "all", ChangeText.calls(row, totals),
          ChangeText.errors(row.before, row.now), ChangeText.milliseconds(row.before.p50, row.now.p50),
          ChangeText.milliseconds(row.before.p95, row.now.p95),
        ], isMarked: false
      )
    }
    let rest = totals.leftOut > 0 ? "<p class=\"dim\">\(totals.leftOut) more kinds of requests.</p>" : ""
    return HTMLText.section(
      "Requests, before → now", HTMLText.table(["kind", "calls a minute (calls)", "failed", "p50", "p95"], rows) + rest)
  }

  private var changes: String {
    let findings = evidence.suspects.flatMap(\.findings)
    guard !findings.isEmpty else { return "" }
    let rows = findings.map { finding in
      let shown = FindingQuery(finding, evidence)
      return (
        cells: [
          HTMLText.escaped(finding.service), finding.kind.rawValue, HTMLText.escaped(finding.text),
          NumberText.short(finding.strength),
          "\(HTMLText.escaped(shown.source)) <code>\(HTMLText.escaped(shown.query))</code> \(HTMLText.link(shown.url(evidence), "look"))",
        ], isMarked: true
      )
    }
    return HTMLText.section(
      "What changed", HTMLText.table(["service", "what", "change", "strength", "shown by"], rows))
  }

  private var metrics: String {
    let series = evidence.metrics?.series ?? []
    let levels = evidence.logs?.levels ?? []
    guard !series.isEmpty || !levels.isEmpty else { return "" }
    let onset = evidence.suspects.isEmpty ? nil : evidence.verdict?.onset
    var figures = series.map { one in
      let chart = SeriesChart(samples: one.baseline + one.window, window: evidence.window, onset: onset)
      let number = { (value: Double?) in value.map(NumberText.short) ?? "no data" }
      return
        "<figure>\(chart.svg)<figcaption><span><b>\(HTMLText.escaped(one.name))</b> \(HTMLText.escaped(one.unit))</span>"
        + "<span>\(number(one.baselineMean)) → \(number(one.windowMean))</span><span>\(chart.bounds)</span></figcaption></figure>"
    }
    figures += levels.prefix(8).map { level in
      let chart = SeriesChart(samples: level.samples, window: evidence.window, onset: onset)
      return "<figure>\(chart.svg)<figcaption><span><b>log lines: \(HTMLText.escaped(level.level))</b></span>"
        + "<span>\(NumberText.short(level.total)) in the window</span><span>\(chart.bounds)</span></figcaption></figure>"
    }
    return HTMLText.section("Metrics", "<div class=\"charts\">\(figures.joined(separator: "\n"))</div>")
  }

  private var graph: String {
    guard !evidence.edges.isEmpty else { return "" }
    let changed = Set(evidence.suspects.flatMap { [$0.service, $0.dependency].compactMap(\.self) })
    let rows = evidence.edges.map { edge in
      (
        cells: [
          HTMLText.escaped(edge.from.isEmpty ? "(outside)" : edge.from), HTMLText.escaped(edge.to),
          "\(edge.before.calls) → \(edge.now.calls)", ChangeText.errors(edge.before, edge.now),
          ChangeText.milliseconds(edge.before.p50, edge.now.p50),
          ChangeText.milliseconds(edge.before.p95, edge.now.p95),
        ], isMarked: edge.isChanged
      )
    }
    return HTMLText.section(
      "Calls between services",
      "<div class=\"scroll\">\(GraphDrawing(evidence.edges, changed: changed).svg)</div>\n<details><summary>As a table</summary>"
        + HTMLText.table(["from", "to", "calls", "failed", "p50", "p95"], rows) + "</details>")
  }

  // MARK: Evidence

  private var waterfalls: String {
    let traces = evidence.traces?.traces ?? []
    guard !traces.isEmpty else { return "" }
    return HTMLText.section(
      "Furthest from usual", traces.map { HTMLWaterfall($0, evidence.usual).html }.joined(separator: "\n"))
  }

  private var logs: String {
    let lines = evidence.logs?.lines ?? []
    guard !lines.isEmpty else { return "" }
    let rows = lines.prefix(60).map { line in
      (
        cells: [
          "×\(line.count)", HTMLText.escaped(line.level),
          "<code>\(HTMLText.escaped(String(line.text.prefix(400))))</code>",
          line.time.rfc3339, line.traceID.map { "<code>\($0)</code>" } ?? "",
        ], isMarked: false
      )
    }
    return HTMLText.section("Log lines", HTMLText.table(["lines", "level", "newest", "time", "trace"], rows))
  }

  private var traces: String {
    guard let panel = evidence.traces else { return "" }
    let table = { (title: String, list: [TracePanel.Row]) -> String in
      guard !list.isEmpty else { return "" }
      let rows = list.prefix(TracePanel.shownRows).map { row in
        (
          cells: [
            row.start.rfc3339, "<code>\(HTMLText.escaped(row.id))</code>",
            HTMLText.escaped("\(row.rootService) \(row.rootName)"), Milliseconds.text(row.durationMilliseconds),
            HTMLText.escaped([row.span, row.message].compactMap(\.self).joined(separator: ": ")),
          ], isMarked: false
        )
      }
      return "<h3>\(title)</h3>" + HTMLText.table(["time", "trace", "root", "duration", "span"], rows)
    }
    let body = table("Failing, newest first", panel.errors) + table("Slowest", panel.slowest)
    return body.isEmpty ? "" : HTMLText.section("Traces", body)
  }

  private var timeline: String {
    guard !evidence.timeline.isEmpty else { return "" }
    let items = evidence.timeline.map { "<li>\($0.time.rfc3339) \(HTMLText.escaped($0.text))</li>" }
    return HTMLText.section("Timeline", "<ul>\(items.joined(separator: "\n"))</ul>")
  }

  private var links: String {
    guard !evidence.links.isEmpty else { return "" }
    let items = evidence.links.prefix(20).map { link in
      let span = link.span.map { " (\(HTMLText.escaped($0)))" } ?? ""
      return
        "<li><code>\(link.traceID)</code>\(span): \(link.logLines.count) kinds of log lines, \(link.exemplars.count) exemplars</li>"
    }
    return HTMLText.section("Traces in several panels", "<ul>\(items.joined(separator: "\n"))</ul>")
  }

  private var queries: String {
    guard !evidence.queries.isEmpty else { return "" }
    let rows = evidence.queries.map { query in
      (
        cells: [
          query.source, HTMLText.escaped(query.name), "<code>\(HTMLText.escaped(query.query))</code>",
          HTMLText.link(FindingQuery.url(query, evidence), "look"),
        ], isMarked: false
      )
    }
    return HTMLText.section(
      "Queries",
      "<details><summary>\(evidence.queries.count) queries were sent</summary>"
        + HTMLText.table(["source", "for", "query", ""], rows) + "</details>")
  }
}
