import Backends
import OTLP
import Platform
import Traces
import Transport

/// A server that keeps traces.
struct TraceStore: Sendable {
  enum Kind: String, Sendable {
    case tempo, jaeger, zipkin
  }

  var kind: Kind
  var url: HTTPURL
  var options: HTTPOptions

  /// A client of its own for each thread.
  func backend(_ task: CorrelationTask) throws(BackendError) -> any TraceBackend {
    let retry = CorrelateConfiguration.retry
    let backend: any TraceBackend =
      switch kind {
      case .tempo: try TempoClient(url: url, options: options, retry: retry)
      case .jaeger: try JaegerClient(url: url, options: options, retry: retry)
      case .zipkin: try ZipkinClient(url: url, options: options, retry: retry)
      }
    task.prepare(backend.client)
    return backend
  }
}

/// Asks a store of traces: searches at once, then the traces they named at once.
///
/// The traces that are compared come from many short stretches of window and baseline alike, with no regard to how long
/// they took or whether they failed, so that they stand for all. Failing and long ones are searched for beside, to show
/// them.
struct StoreSource: Sendable {
  let store: TraceStore
  let task: CorrelationTask

  /// How many requests are under way at once: they wait, they do not work.
  private static let connections = 32
  /// Longer than this nobody waits for more traces to compare; a slow store's are then a smaller sample.
  private static let patience = 3 * Nanoseconds.perSecond

  func ask() -> SourceOutcome<TracePanel> {
    let begin = monotonicNanoseconds()
    let plans = StorePlan.all(task)
    let answers = Parallel.map(
      plans.count, width: StoreSource.connections, worker: { (any TraceBackend)?.none }
    ) { (backend: inout (any TraceBackend)?, index: Int) in search(plans[index], by: &backend) }
    var outcome = SourceOutcome(panel: TracePanel())
    var found: [(plan: StorePlan, traces: [TraceSummary])] = []
    var named: Set<String> = []
    for (plan, answer) in zip(plans, answers) {
      if named.insert(plan.name).inserted { outcome.queries.append(sent(plan)) }
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

  private func sent(_ plan: StorePlan) -> SentQuery {
    SentQuery(
      source: store.kind.rawValue, name: plan.name, path: store.kind == .zipkin ? "/api/v2/traces" : "/api/search",
      query: plan.query, start: plan.purpose == .baseline ? task.window.baselineStart : task.window.start,
      end: plan.purpose == .baseline ? task.window.baselineEnd : task.window.end)
  }

  private func search(_ plan: StorePlan, by kept: inout (any TraceBackend)?) -> Result<[TraceSummary], BackendError> {
    Result { () throws(BackendError) in
      if kept == nil { kept = try store.backend(task) }
      guard let backend = kept else { return [] }
      return try backend.search(
        TraceSearchRequest(query: plan.query, start: plan.start, end: plan.end, limit: plan.limit, spansPerSet: 1))
    }
  }

  // MARK: Panel

  private func fill(_ outcome: inout SourceOutcome<TracePanel>, from found: [(plan: StorePlan, traces: [TraceSummary])])
  {
    let of = { (purpose: StorePlan.Purpose) in found.filter { $0.plan.purpose == purpose }.map(\.traces) }
    let errors = of(.errors).flatMap { $0 }.sorted { $0.start > $1.start }
    var seen: Set<String> = []
    let slowest = (of(.slow) + of(.sample)).flatMap { $0 }.filter { seen.insert($0.id).inserted }
      .sorted { ($1.durationMilliseconds, $0.id) < ($0.durationMilliseconds, $1.id) }
    outcome.panel.errors = errors.prefix(TracePanel.maximumRows).map(StoreSource.row)
    outcome.panel.slowest = slowest.prefix(TracePanel.maximumRows).map(StoreSource.row)

    let worst = Array(worstFirst(errors: errors, slowest: slowest).prefix(2 * TracePanel.maximumTraces))
    let compared = StoreSource.inTurn(of(.baseline) + of(.sample))
    let isCompared = Set(compared)
    let ids = worst + compared.filter { !worst.contains($0) }
    var byID: [String: [UInt8]] = [:]
    for (id, answer) in zip(ids, fetch(ids)) {
      switch answer {
      case .success(let trace?): byID[id] = trace
      case .success(nil): break
      case .failure(let error): outcome.failures.append(("trace", error.description))
      }
    }
    let copies = worst.compactMap { id in
      byID[id].flatMap { try? SpanReader.traces($0) }?.max { $0.spans.count < $1.spans.count }
    }
    let copiesByID = Dictionary(copies.map { ($0.id, $0) }) { first, _ in first }
    name(&outcome.panel.errors, from: copiesByID)
    name(&outcome.panel.slowest, from: copiesByID)
    outcome.panel.traces = Array(copies.prefix(TracePanel.maximumTraces))
    outcome.panel.leftOut = compared.filter { byID[$0] == nil }.count
    judge(ids.filter { isCompared.contains($0) }.compactMap { byID[$0] }, &outcome)
  }

  /// Compares the places of the traces that stand for all.
  private func judge(_ traces: [[UInt8]], _ outcome: inout SourceOutcome<TracePanel>) {
    do throws(SpanFeedError) {
      let judged = try JudgedTraces.read(FetchedFeed(traces: traces), task)
      outcome.panel.sample = judged.sample
      outcome.panel.compared = judged.compared
      outcome.panel.verdict = judged.verdict
    } catch {
      outcome.failures.append(("traces", error.description))
    }
  }

  /// One of each stretch, then the next of each, so that however many can be had, every stretch has its part.
  private static func inTurn(_ stretches: [[TraceSummary]]) -> [String] {
    var result: [String] = []
    var seen: Set<String> = []
    for index in 0..<(stretches.map(\.count).max() ?? 0) {
      for stretch in stretches where index < stretch.count {
        if seen.insert(stretch[index].id).inserted { result.append(stretch[index].id) }
      }
    }
    return result
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
  private func worstFirst(errors: [TraceSummary], slowest: [TraceSummary]) -> [String] {
    let failed = errors.sorted { $0.durationMilliseconds > $1.durationMilliseconds }
    var result: [String] = []
    for index in 0..<max(failed.count, slowest.count) {
      for list in [failed, slowest] where index < list.count {
        if !result.contains(list[index].id) { result.append(list[index].id) }
      }
    }
    return result
  }

  private static func row(_ summary: TraceSummary) -> TracePanel.Row {
    TracePanel.Row(
      id: summary.id, rootService: summary.rootService, rootName: summary.rootName, start: summary.start,
      durationMilliseconds: Double(summary.durationMilliseconds))
  }

  // MARK: Traces

  /// All that is fetched is in memory at once.
  private static let maximumBytes = 96 << 20

  /// The traces, nil for what is missing or what there was neither time nor room for.
  private func fetch(_ ids: [String]) -> [Result<[UInt8]?, BackendError>] {
    let now = monotonicNanoseconds()
    // What comes after has to be done in the rest of the time.
    let latest = now &+ min(StoreSource.patience, max(0, task.deadline &- now) / 2)
    let room = Room(StoreSource.maximumBytes)
    let (start, end) = (task.window.baselineStart, task.window.end)
    return Parallel.map(
      ids.count, width: StoreSource.connections, worker: { (any TraceBackend)?.none }
    ) { (kept: inout (any TraceBackend)?, index: Int) -> Result<[UInt8]?, BackendError> in
      guard monotonicNanoseconds() < latest, room.isLeft else { return .success(nil) }
      return Result { () throws(BackendError) in
        if kept == nil { kept = try store.backend(task) }
        guard let backend = kept else { return nil }
        let trace = try backend.trace(ids[index], start: start, end: end)
        room.take(trace?.count ?? 0)
        return trace
      }
    }
  }
}
