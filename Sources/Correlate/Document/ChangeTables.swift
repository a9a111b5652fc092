import Platform

/// The tables that compare now and before, in Markdown.
struct ChangeTables {
  private let evidence: Evidence

  init(_ evidence: Evidence) {
    self.evidence = evidence
  }

  /// Requests by kind.
  var totals: [String] {
    guard let totals = evidence.totals, !totals.rows.isEmpty else { return [] }
    let time = { (nanoseconds: Int64) in
      Timestamp(nanoseconds: nanoseconds / Nanoseconds.perSecond * Nanoseconds.perSecond).rfc3339
    }
    let rows = totals.rows.map { row in
      "| \(row.name.map(MarkdownDocument.cell) ?? "all") | \(ChangeText.calls(row, totals)) | \(ChangeText.errors(row.before, row.now)) | "
        + "\(ChangeText.milliseconds(row.before.p50, row.now.p50)) | \(ChangeText.milliseconds(row.before.p95, row.now.p95)) |"
    }
    let rest = totals.leftOut > 0 ? ["", "\(totals.leftOut) more kinds of requests."] : []
    return [
      "## Requests", "",
      "Before → now: \(time(totals.before.lowerBound)) to \(time(totals.before.upperBound)), and then to "
        + "\(time(totals.now.upperBound)).", "",
      "| kind | calls a minute (calls) | failed | p50 | p95 |", "|---|---|---|---|---|",
    ] + rows + rest
  }

  /// Places that changed, each with the query that shows it.
  var changes: [String] {
    let findings = evidence.suspects.flatMap(\.findings)
    guard !findings.isEmpty else { return [] }
    let rows = findings.map { finding in
      let shown = FindingQuery(finding, evidence)
      let link = shown.url(evidence).map { " [look](\($0))" } ?? ""
      let query = MarkdownDocument.code(shown.query).replacing("|", with: "\\|")
      return "| \(MarkdownDocument.cell(finding.service)) | \(finding.kind.rawValue) | "
        + "\(MarkdownDocument.cell(finding.text)) | \(NumberText.short(finding.strength)) | \(shown.source) `\(query)`\(link) |"
    }
    return ["## What changed", "", "| service | what | change | strength | shown by |", "|---|---|---|---|---|"] + rows
  }

  /// Calls between services that changed, or else those made most.
  var edges: [String] {
    guard !evidence.edges.isEmpty else { return [] }
    let rows = evidence.edges.map { edge in
      "| \(MarkdownDocument.cell(edge.from.isEmpty ? "(outside)" : edge.from)) | \(MarkdownDocument.cell(edge.to)) | "
        + "\(edge.isChanged ? "changed" : "") | \(edge.before.calls) → \(edge.now.calls) | "
        + "\(ChangeText.errors(edge.before, edge.now)) | \(ChangeText.milliseconds(edge.before.p50, edge.now.p50)) | "
        + "\(ChangeText.milliseconds(edge.before.p95, edge.now.p95)) |"
    }
    return [
      "## Calls between services", "", "| from | to | | calls | failed | p50 | p95 |", "|---|---|---|---|---|---|---|",
    ] + rows
  }
}

/// Words for a change, the same in every format.
enum ChangeText {
  /// `12.3 ms → 340 ms`; what is not known is a dash, not zero.
  static func milliseconds(_ before: Double?, _ now: Double?) -> String {
    "\(before.map(Milliseconds.text) ?? "–") → \(now.map(Milliseconds.text) ?? "–")"
  }

  static func errors(_ before: RequestTotals.Side, _ now: RequestTotals.Side) -> String {
    "\(share(before)) → \(share(now))"
  }

  private static func share(_ side: RequestTotals.Side) -> String {
    guard side.calls > 0 else { return "–" }
    return "\(side.errors)" + (side.errors > 0 ? " (\(Blame.percent(Double(side.errors) / Double(side.calls))))" : "")
  }

  static func calls(_ row: RequestTotals.Row, _ totals: RequestTotals) -> String {
    let text = { (side: RequestTotals.Side, time: Range<Int64>) in
      "\(RequestTotals.rate(side, time).map(NumberText.short) ?? "–") (\(side.calls))"
    }
    return "\(text(row.before, totals.before)) → \(text(row.now, totals.now))"
  }
}
