import Platform
import Traces

/// Reads the traces of files.
struct FileSource: Sendable {
  let task: CorrelationTask

  func ask() -> SourceOutcome<TracePanel> {
    let begin = monotonicNanoseconds()
    var outcome = SourceOutcome(panel: TracePanel())
    var query = "{ resource.service.name = \(QueryText.quoted(task.service))"
    if let operation = task.incident.operation { query += " && name = \(QueryText.quoted(operation))" }
    outcome.queries.append(
      SentQuery(
        source: "files", name: "traces", path: task.configuration.files.joined(separator: " "), query: query + " }",
        start: task.window.baselineStart, end: task.window.end))
    do throws(SpanFeedError) {
      let feed = FileFeed(
        paths: task.configuration.files, options: task.configuration.fileOptions,
        skipsBad: task.configuration.skipsBadRecords, deadline: task.deadline)
      let found = try JudgedTraces.read(feed, task)
      outcome.answered = true
      outcome.panel = panel(found)
    } catch {
      outcome.failures.append(("traces", error.description))
    }
    outcome.elapsed = monotonicNanoseconds() - begin
    return outcome
  }

  private func panel(_ found: JudgedTraces) -> TracePanel {
    var panel = TracePanel()
    panel.sample = found.sample
    panel.leftOut = found.leftOut
    panel.compared = found.compared
    panel.verdict = found.verdict
    let bad = found.sample.bad
    let failed = bad.filter { $0.failureOrigin(of: task.service) != nil }
    panel.errors = failed.sorted { $0.start > $1.start }.prefix(TracePanel.maximumRows).map(row)
    let slowest = (bad + found.sample.rest).sorted { time($0) > time($1) }
    panel.slowest = slowest.prefix(TracePanel.maximumRows).map(row)
    panel.traces = Array(bad.sorted { time($0) > time($1) }.prefix(TracePanel.maximumTraces))
    return panel
  }

  /// How long the service itself took.
  private func time(_ trace: Trace) -> Int64 {
    trace.slowestEntry(of: task.service).map { trace.spans[$0].duration } ?? 0
  }

  private func row(_ trace: Trace) -> TracePanel.Row {
    let span = trace.telling(of: task.service)
    return TracePanel.Row(
      id: trace.id, rootService: trace.root?.service ?? "", rootName: trace.root?.name ?? "",
      start: Timestamp(nanoseconds: trace.start), durationMilliseconds: Double(trace.duration) / 1e6,
      span: span.map { "\($0.service) \($0.name)" }, message: span.flatMap { $0.message.isEmpty ? nil : $0.message })
  }
}
