import Backends
import JSON
import OTLP
import Platform
import Traces

/// Evidence as a JSON tree. Every key is always there; what is unknown is null, what is missing an empty list.
struct EvidenceDocument {
  private let evidence: Evidence

  init(_ evidence: Evidence) {
    self.evidence = evidence
  }

  var value: JSONValue {
    .object([
      ("version", .int(2)), ("incident", incident), ("window", window), ("sources", sources),
      ("comparison", comparison), ("totals", totals), ("suspects", .array(evidence.suspects.map(suspect))),
      ("graph", .array(evidence.edges.map(edge))),
      ("metric_panel", metricPanel), ("trace_panel", tracePanel), ("log_panel", logPanel),
      ("links", .array(evidence.links.map(link))), ("timeline", .array(evidence.timeline.map(event))),
      ("skipped", .strings(evidence.skipped)),
      ("truncated", .object(evidence.leftOut.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) })),
      ("timing", .object(evidence.timing.map { ($0.source + "_ms", .int(Int($0.nanoseconds / 1_000_000))) })),
      ("queries", .array(evidence.queries.map(query))),
    ])
  }

  private var sources: JSONValue {
    .object(SourceStates(evidence).states.map { ($0.source, .text($0.text)) })
  }

  /// Requests by kind, now and before; null where only samples of traces are known.
  private var totals: JSONValue {
    guard let totals = evidence.totals else { return JSONValue(.null) }
    let time = { (nanoseconds: Int64) in JSONValue.time(Timestamp(nanoseconds: nanoseconds)) }
    let rows = totals.rows.map { row -> JSONValue in
      .object([
        ("name", .optional(row.name)), ("calls", .int(row.now.calls)), ("calls_before", .int(row.before.calls)),
        ("per_minute", NumberText.json(RequestTotals.rate(row.now, totals.now))),
        ("per_minute_before", NumberText.json(RequestTotals.rate(row.before, totals.before))),
        ("errors", .int(row.now.errors)), ("errors_before", .int(row.before.errors)),
        ("p50_ms", NumberText.json(row.now.p50)), ("p50_before_ms", NumberText.json(row.before.p50)),
        ("p95_ms", NumberText.json(row.now.p95)), ("p95_before_ms", NumberText.json(row.before.p95)),
      ])
    }
    return .object([
      ("start", time(totals.now.lowerBound)), ("end", time(totals.now.upperBound)),
      ("before_start", time(totals.before.lowerBound)), ("before_end", time(totals.before.upperBound)),
      ("rows", .array(rows)), ("kinds_left_out", .int(totals.leftOut)),
    ])
  }

  private func edge(_ edge: ServiceEdge) -> JSONValue {
    .object([
      ("from", .text(edge.from)), ("to", .text(edge.to)), ("changed", JSONValue(.bool(edge.isChanged))),
      ("calls", .int(edge.now.calls)), ("calls_before", .int(edge.before.calls)), ("errors", .int(edge.now.errors)),
      ("errors_before", .int(edge.before.errors)), ("p50_ms", NumberText.json(edge.now.p50)),
      ("p50_before_ms", NumberText.json(edge.before.p50)), ("p95_ms", NumberText.json(edge.now.p95)),
      ("p95_before_ms", NumberText.json(edge.before.p95)),
    ])
  }

  private var incident: JSONValue {
    let incident = evidence.incident
    return .object([
      ("id", .optional(incident.id)), ("title", .optional(incident.title)), ("rule_key", .optional(incident.ruleKey)),
      ("kind", .optional(incident.kind)), ("severity", .optional(incident.severity)),
      ("service", .text(evidence.service)), ("operation", .optional(incident.operation)),
      ("instance", .optional(incident.instance)), ("first_fired_at", .optional(incident.firstFiredAt?.rfc3339)),
      ("value", NumberText.json(incident.value)), ("threshold", NumberText.json(incident.threshold)),
      ("expression", .optional(incident.expression)), ("labels", .strings(incident.labels)),
      ("annotations", .strings(incident.annotations)),
    ])
  }

  private var window: JSONValue {
    .object([
      ("start", .time(evidence.window.start)), ("end", .time(evidence.window.end)),
      ("baseline_start", .time(evidence.window.baselineStart)), ("baseline_end", .time(evidence.window.baselineEnd)),
    ])
  }

  private var metricPanel: JSONValue {
    .object([
      ("series", .array((evidence.metrics?.series ?? []).map(series))),
      ("exemplars", .array((evidence.metrics?.exemplars ?? []).map(exemplar))),
    ])
  }

  private func series(_ series: MetricSeries) -> JSONValue {
    let change: Double? =
      if let now = series.windowMean, let before = series.baselineMean, before != 0 { now / before } else { nil }
    return .object([
      ("name", .text(series.name)), ("unit", .text(series.unit)), ("labels", .strings(series.labels)),
      ("mean", NumberText.json(series.windowMean)), ("baseline_mean", NumberText.json(series.baselineMean)),
      ("change", NumberText.json(change)), ("max", NumberText.json(series.peak?.value)),
      ("max_at", .optional(series.peak?.time.rfc3339)), ("last", NumberText.json(series.window.last?.value)),
      ("points", .array(series.window.map(point))),
      ("baseline_points", .array(EvidenceDocument.pooled(series.baseline).map(point))),
    ])
  }

  /// The baseline's points by fours: it only shows what was usual.
  private static func pooled(_ samples: [PrometheusSample]) -> [PrometheusSample] {
    guard samples.count > 24 else { return samples }
    return stride(from: 0, to: samples.count, by: 4).map { start in
      let few = samples[start..<min(samples.count, start + 4)]
      let values = few.map(\.value).filter(\.isFinite)
      return PrometheusSample(time: samples[start].time, value: values.isEmpty ? .nan : Statistics.mean(values))
    }
  }

  private func point(_ sample: PrometheusSample) -> JSONValue {
    .array([.int(Int(sample.time.wholeSeconds)), NumberText.json(sample.value)])
  }

  private func exemplar(_ exemplar: PrometheusExemplars.Exemplar) -> JSONValue {
    .object([
      ("trace_id", .text(exemplar.traceID ?? "")), ("time", .time(exemplar.sample.time)),
      ("value", NumberText.json(exemplar.sample.value)),
    ])
  }

  private var logPanel: JSONValue {
    .object([
      ("lines", .array((evidence.logs?.lines ?? []).map(line))),
      ("levels", .array((evidence.logs?.levels ?? []).map(level))),
    ])
  }

  private func line(_ line: LogPanel.Line) -> JSONValue {
    .object([
      ("time", .time(line.time)), ("level", .text(line.level)), ("line", .text(line.text)),
      ("count", .int(line.count)), ("trace_id", .optional(line.traceID)), ("span_id", .optional(line.spanID)),
    ])
  }

  private func level(_ level: LogPanel.Level) -> JSONValue {
    .object([
      ("level", .text(level.level)), ("total", NumberText.json(level.total)),
      ("points", .array(level.samples.map(point))),
    ])
  }

  private var tracePanel: JSONValue {
    let panel = evidence.traces
    return .object([
      ("errors", .array((panel?.errors ?? []).prefix(TracePanel.shownRows).map(row))),
      ("slowest", .array((panel?.slowest ?? []).prefix(TracePanel.shownRows).map(row))),
      ("traces", .array((panel?.traces ?? []).map { FoldedTrace($0, evidence.usual).value })),
    ])
  }

  private func row(_ row: TracePanel.Row) -> JSONValue {
    .object([
      ("trace_id", .text(row.id)), ("root_service", .text(row.rootService)), ("root_name", .text(row.rootName)),
      ("start", .time(row.start)), ("duration_ms", NumberText.json(row.durationMilliseconds)),
      ("span", .optional(row.span)), ("message", .optional(row.message)),
    ])
  }

  static func kindName(_ kind: SpanKind) -> String {
    switch kind {
    case .unspecified: "unspecified"
    case .internal: "internal"
    case .server: "server"
    case .client: "client"
    case .producer: "producer"
    case .consumer: "consumer"
    }
  }

  private func suspect(_ suspect: Suspect) -> JSONValue {
    let share = { (share: Suspect.Share?) -> JSONValue in
      share.map { .object([("count", .int($0.count)), ("total", .int($0.total))]) } ?? JSONValue(.null)
    }
    return .object([
      ("kind", .text(suspect.kind.rawValue)), ("service", .text(suspect.service)),
      ("attribute", .optional(suspect.attribute)), ("value", .optional(suspect.value)),
      ("span", .optional(suspect.span)), ("dependency", .optional(suspect.dependency)), ("bad", share(suspect.bad)),
      ("rest", share(suspect.rest)), ("lift", NumberText.json(suspect.lift)),
      ("baseline_ms", NumberText.json(suspect.beforeMilliseconds)),
      ("now_ms", NumberText.json(suspect.nowMilliseconds)),
      ("also", .array(suspect.also.map { .text($0) })), ("confidence", NumberText.json(suspect.confidence)),
      ("findings", .array(suspect.findings.map(finding))), ("text", .text(suspect.text)),
    ])
  }

  private func finding(_ finding: PlaceFinding) -> JSONValue {
    let shown = FindingQuery(finding, evidence)
    var members: [(String, JSONValue)] = [
      ("kind", .text(finding.kind.rawValue)), ("service", .text(finding.service)),
      ("strength", NumberText.json(finding.strength)), ("before", NumberText.json(finding.before)),
      ("now", NumberText.json(finding.now)), ("text", .text(finding.text)), ("source", .text(shown.source)),
      ("query", .text(shown.query)),
    ]
    if let url = shown.url(evidence) { members.append(("url", .text(url))) }
    return .object(members)
  }

  /// What comparing the places came to: when it began, or why nobody is named.
  private var comparison: JSONValue {
    guard let verdict = evidence.verdict else { return JSONValue(.null) }
    let time = { (nanoseconds: Int64?) -> JSONValue in
      nanoseconds.map { .time(Timestamp(nanoseconds: $0)) } ?? JSONValue(.null)
    }
    let onset = verdict.onset
    return .object([
      ("traces", .int(verdict.tracesNow)), ("traces_before", .int(verdict.tracesBefore)),
      ("onset", time(onset?.time)), ("onset_earliest", time(onset?.earliest)), ("onset_latest", time(onset?.latest)),
      ("over_at", time(onset?.end)), ("reason", .optional(verdict.reason)),
    ])
  }

  private func link(_ link: TraceLink) -> JSONValue {
    .object([
      ("trace_id", .text(link.traceID)), ("log_lines", .array(link.logLines.map { .int($0) })),
      ("exemplars", .array(link.exemplars.map { .int($0) })), ("trace_lists", .array(link.lists.map { .text($0) })),
      ("span", .optional(link.span)),
    ])
  }

  private func event(_ event: TimelineEvent) -> JSONValue {
    .object([("time", .time(event.time)), ("kind", .text(event.kind.rawValue)), ("text", .text(event.text))])
  }

  private func query(_ query: SentQuery) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("source", .text(query.source)), ("name", .text(query.name)), ("path", .text(query.path)),
      ("query", .text(query.query)), ("start", .optional(query.start?.rfc3339)), ("end", .optional(query.end?.rfc3339)),
      ("step_s", query.step.map { NumberText.json(Nanoseconds.seconds($0)) } ?? JSONValue(.null)),
    ]
    if let url = FindingQuery.url(query, evidence) { members.append(("url", .text(url))) }
    return .object(members)
  }
}

extension JSONValue {
  static func object(_ members: [(String, JSONValue)]) -> JSONValue {
    JSONValue(.object(members.map { JSONMember($0.0, $0.1) }))
  }

  static func array(_ elements: [JSONValue]) -> JSONValue { JSONValue(.array(elements)) }

  static func text(_ text: String) -> JSONValue { JSONValue(.string(text)) }

  static func optional(_ text: String?) -> JSONValue { text.map { .text($0) } ?? JSONValue(.null) }

  static func int(_ number: Int) -> JSONValue { JSONValue(.number(String(number))) }

  static func time(_ time: Timestamp) -> JSONValue { .text(time.rfc3339) }

  /// Sorted by key, so that equal evidence gives equal documents.
  static func strings(_ values: [String: String]) -> JSONValue {
    .object(values.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) })
  }
}
