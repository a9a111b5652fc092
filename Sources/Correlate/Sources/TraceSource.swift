import Backends
import OTLP
import Platform
import Traces
import Transport

/// What the trace store knows of the service.
struct TracePanel: Sendable {
  /// A trace in a list.
  struct Row: Sendable {
    var id: String
    var rootService: String
    var rootName: String
    var start: Timestamp
    var durationMilliseconds: Double
    /// The failing or slowest span of the service, when it is known.
    var span: String?
    var message: String?
  }

  /// Traces in which the service failed, newest first.
  var errors: [Row] = []
  /// Longest first.
  var slowest: [Row] = []
  /// The worst few as a whole.
  var traces: [Trace] = []
  /// What the suspects are found in.
  var sample = TraceSample()
  /// All spans of the traces through the service, for comparing places; nil when they are not known.
  var compared: ComparedTraces?
  var verdict: PlaceVerdict?
  /// Traces that were not looked at for want of room.
  var leftOut = 0

  static let maximumRows = 20
  /// How many of them a document shows.
  static let shownRows = 6
  static let maximumTraces = 3
}

/// Asks Tempo: searches at once, then the traces they named at once.
struct TempoSource: Sendable {
  let url: HTTPURL
  let task: CorrelationTask

  private static let limit = 50
  /// How many whole traces of each group are fetched for comparing.
  private static let fetched = 16
  /// How many of them are under way at once: they wait, they do not work.
  private static let connections = 16
  /// Milliseconds above which traces are searched for; Tempo cannot sort by duration, so the slowest are found by
  /// asking for several bounds at once.
  private static let bounds = [200, 1000, 5000, 25_000]

  private enum Purpose: Sendable, Equatable {
    case errors, sample, baselineErrors, baselineSample, slow
  }

  private struct Plan: Sendable {
    var purpose: Purpose
    var name: String
    var query: String
    var inBaseline: Bool
    var limit: Int
  }

  func ask() -> SourceOutcome<TracePanel> {
    let begin = monotonicNanoseconds()
    let plans = self.plans
    let answers = Parallel.map(plans.count) { search(plans[$0]) }
    var outcome = SourceOutcome(panel: TracePanel())
    var found: [(plan: Plan, traces: [TraceSummary])] = []
    for (plan, answer) in zip(plans, answers) {
      outcome.queries.append(sent(plan))
      switch answer {
      case .failure(let error): outcome.failures.append((plan.name, error.description))
      case .success(let traces):
        outcome.answered = true
        found.append((plan, traces))
      }
    }
    if outcome.answered { fill(&outcome, from: found) }
    outcome.elapsed = monotonicNanoseconds() - begin
    return outcome
  }

  private var plans: [Plan] {
    var base = "resource.service.name = \(QueryText.quoted(task.service))"
    if let operation = task.incident.operation { base += " && name = \(QueryText.quoted(operation))" }
    var plans = [
      Plan(purpose: .errors, name: "errors", query: "{ \(base) && status = error }", inBaseline: false, limit: 50),
      Plan(purpose: .sample, name: "sample", query: "{ \(base) }", inBaseline: false, limit: 50),
      Plan(
        purpose: .baselineErrors, name: "baseline_errors", query: "{ \(base) && status = error }", inBaseline: true,
        limit: 50),
      Plan(purpose: .baselineSample, name: "baseline_sample", query: "{ \(base) }", inBaseline: true, limit: 50),
    ]
    var bounds = TempoSource.bounds
    if let threshold = task.incident.latencyThreshold { bounds.append(Int(threshold / 1_000_000)) }
    for bound in Set(bounds).sorted() {
      plans.append(
        Plan(
          purpose: .slow, name: "slow_\(bound)ms", query: "{ \(base) && duration > \(bound)ms }", inBaseline: false,
          limit: 20))
    }
    return plans
  }

  private func sent(_ plan: Plan) -> SentQuery {
    SentQuery(
      source: "tempo", name: plan.name, path: "/api/search", query: plan.query,
      start: plan.inBaseline ? task.window.baselineStart : task.window.start,
      end: plan.inBaseline ? task.window.baselineEnd : task.window.end)
  }

  private func client() throws(BackendError) -> TempoClient {
    let client = try TempoClient(url: url, options: task.configuration.tempoHTTP, retry: CorrelateConfiguration.retry)
    task.prepare(client.client)
    return client
  }

  private func search(_ plan: Plan) -> Result<[TraceSummary], BackendError> {
    Result { () throws(BackendError) in
      let start = plan.inBaseline ? task.window.baselineStart : task.window.start
      let end = plan.inBaseline ? task.window.baselineEnd : task.window.end
      return try client().search(
        TraceSearchRequest(query: plan.query, start: start, end: end, limit: plan.limit, spansPerSet: 1))
    }
  }

  private func fill(_ outcome: inout SourceOutcome<TracePanel>, from found: [(plan: Plan, traces: [TraceSummary])]) {
    let of = { (purpose: Purpose) in found.filter { $0.plan.purpose == purpose }.flatMap(\.traces) }
    let errors = of(.errors).sorted { $0.start > $1.start }
    var seen: Set<String> = []
    let slowest = (of(.slow) + errors + of(.sample)).filter { seen.insert($0.id).inserted }
      .sorted { $0.durationMilliseconds > $1.durationMilliseconds }
    outcome.panel.errors = errors.prefix(TracePanel.maximumRows).map(TempoSource.row)
    outcome.panel.slowest = slowest.prefix(TracePanel.maximumRows).map(TempoSource.row)

    let threshold = slowThreshold(of(.baselineSample))
    let isSlow = { (trace: TraceSummary) in threshold.map { TempoSource.nanoseconds(trace) > $0 } ?? false }
    var isBad = Set(errors.map(\.id))
    isBad.formUnion(slowest.filter(isSlow).map(\.id))
    var wasBad = Set(of(.baselineErrors).map(\.id))
    wasBad.formUnion(of(.baselineSample).filter(isSlow).map(\.id))

    let worst = worstFirst(errors: errors, slowest: slowest, isSlow: isSlow)
    let rest = of(.sample).filter { !isBad.contains($0.id) }.prefix(TempoSource.fetched).map(\.id)
    let baseline = of(.baselineSample).filter { !wasBad.contains($0.id) }.prefix(TempoSource.fetched).map(\.id)
    let ids = Array(worst.prefix(TempoSource.fetched)) + rest + baseline
    // Each worker keeps its connection from one trace to the next.
    let traces = Parallel.map(
      ids.count, width: TempoSource.connections, worker: { TempoClient?.none }
    ) { (client: inout TempoClient?, index: Int) in fetch(ids[index], by: &client) }
    var byID: [String: Trace] = [:]
    for (id, answer) in zip(ids, traces) {
      switch answer {
      case .success(let trace?): byID[id] = trace
      case .success(nil): break
      case .failure(let error): outcome.failures.append(("trace", error.description))
      }
    }
    name(&outcome.panel.errors, from: byID)
    name(&outcome.panel.slowest, from: byID)
    outcome.panel.traces = worst.compactMap { byID[$0] }.prefix(TracePanel.maximumTraces).map { $0 }
    guard
      isAnomalous(
        errors: errors, baselineErrors: of(.baselineErrors), sample: of(.sample), baseline: of(.baselineSample), isSlow)
    else { return }
    outcome.panel.sample.bad = worst.filter { isBad.contains($0) }.compactMap { byID[$0] }
    outcome.panel.sample.rest = rest.compactMap { byID[$0] }
    outcome.panel.sample.baselineRest = baseline.compactMap { byID[$0] }
  }

  /// Adds to rows whose whole trace is known the span in which the trouble shows.
  private func name(_ rows: inout [TracePanel.Row], from traces: [String: Trace]) {
    for index in rows.indices {
      guard let trace = traces[rows[index].id], let span = trace.telling(of: task.service) else { continue }
      rows[index].span = "\(span.service) \(span.name)"
      if !span.message.isEmpty { rows[index].message = span.message }
    }
  }

  /// Failing traces and slow ones in turn, so that both kinds are among the first.
  private func worstFirst(
    errors: [TraceSummary], slowest: [TraceSummary], isSlow: (TraceSummary) -> Bool
  ) -> [String] {
    let failed = errors.sorted { $0.durationMilliseconds > $1.durationMilliseconds }
    let slow = slowest.filter(isSlow)
    let long = slow.isEmpty ? Array(slowest.prefix(2)) : slow
    var result: [String] = []
    for index in 0..<max(failed.count, long.count) {
      for list in [failed, long] where index < list.count {
        if !result.contains(list[index].id) { result.append(list[index].id) }
      }
    }
    return result
  }

  /// A quarter above the 95th percentile of the baseline, or what the rule says; nanoseconds.
  private func slowThreshold(_ baseline: [TraceSummary]) -> Int64? {
    let durations = baseline.map(TempoSource.nanoseconds)
    let slowness = Slowness(baseline: ["": durations], ruleThreshold: task.incident.latencyThreshold)
    return slowness.otherwise
  }

  /// A duration as a server told it.
  private static func nanoseconds(_ trace: TraceSummary) -> Int64 {
    trace.durationMilliseconds.multipliedSaturating(by: Nanoseconds.perMillisecond)
  }

  /// Whether failures or slow traces have become more frequent. A search is cut at its limit, so failures are compared
  /// by how close together they are.
  private func isAnomalous(
    errors: [TraceSummary], baselineErrors: [TraceSummary], sample: [TraceSummary], baseline: [TraceSummary],
    _ isSlow: (TraceSummary) -> Bool
  ) -> Bool {
    let now = density(errors, until: task.window.end, over: task.window.length)
    let before = density(baselineErrors, until: task.window.baselineEnd, over: task.window.baselineLength)
    // The same counts as chance would have them in two windows of one length.
    let count = Double(errors.count)
    let excess = Statistics.excess(count, over: count * before / now)
    if errors.count >= 3, now > 2 * before, excess > 10.8 { return true }
    let slowNow = Double(sample.filter(isSlow).count)
    let slowBefore = Double(baseline.filter(isSlow).count)
    return Statistics.gStatistic(slowNow, of: Double(sample.count), slowBefore, of: Double(baseline.count)) > 10.8
      && slowNow * Double(baseline.count) > slowBefore * Double(sample.count)
  }

  /// Traces a second.
  private func density(_ traces: [TraceSummary], until end: Timestamp, over whole: Int64) -> Double {
    var length = Double(whole)
    if traces.count >= TempoSource.limit, let first = traces.map(\.start).min() {
      length = min(length, Double(max(Nanoseconds.perSecond, end.nanoseconds.subtractingSaturating(first.nanoseconds))))
    }
    return (Double(traces.count) + 0.5) / Nanoseconds.seconds(Int64(saturating: length))
  }

  private func fetch(_ id: String, by kept: inout TempoClient?) -> Result<Trace?, BackendError> {
    Result { () throws(BackendError) in
      if kept == nil { kept = try client() }
      guard let client = kept else { return nil }
      guard let otlp = try client.trace(id) else { return nil }
      do throws(WireError) {
        return try SpanReader.traces(otlp).max { $0.spans.count < $1.spans.count }
      } catch {
        throw client.client.unexpected(error.description)
      }
    }
  }

  private static func row(_ summary: TraceSummary) -> TracePanel.Row {
    TracePanel.Row(
      id: summary.id, rootService: summary.rootService, rootName: summary.rootName, start: summary.start,
      durationMilliseconds: Double(summary.durationMilliseconds))
  }
}

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
    do throws(LocalTracesError) {
      let local = LocalTraces(
        paths: task.configuration.files, options: task.configuration.fileOptions,
        skipsBad: task.configuration.skipsBadRecords, service: task.service, operation: task.incident.operation,
        window: task.window, ruleThreshold: task.incident.latencyThreshold, deadline: task.deadline)
      let found = try local.read()
      outcome.answered = true
      outcome.panel = panel(found)
    } catch {
      outcome.failures.append(("traces", error.description))
    }
    outcome.elapsed = monotonicNanoseconds() - begin
    return outcome
  }

  private func panel(_ found: LocalTraces.Outcome) -> TracePanel {
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
