import Backends
import JSON
public import Platform
public import Traces
public import Transport

/// What came of one incident.
public struct Correlation: Sendable {
  /// How much of what was asked arrived.
  public enum Completeness: Sendable {
    case whole
    /// A source is missing, wholly or in part.
    case partial
    /// No source answered.
    case nothing
  }

  public var completeness: Completeness
  /// Why sources are missing, by source.
  public var skipped: [String: String]
  let evidence: Evidence

  /// The document as compact JSON of at most `maximumBytes` bytes, a final line feed included.
  ///
  /// - Parameter isTimed: whether it says how long each source took, which differs from call to call.
  public func json(maximumBytes: Int, isTimed: Bool = true) -> [UInt8] {
    var evidence = evidence
    if !isTimed { evidence.timing = [] }
    return DocumentTrimmer(maximumBytes: maximumBytes).bytes(EvidenceDocument(evidence).value)
  }

  /// The document for a person, of at most `maximumBytes` bytes.
  ///
  /// - Parameter waterfall: draws a trace as lines of text.
  public func markdown(maximumBytes: Int, waterfall: @escaping (Trace) -> [String] = { _ in [] }) -> [UInt8] {
    MarkdownDocument(evidence, waterfall: waterfall).bytes(maximumBytes: maximumBytes)
  }

  /// The document as one page for a browser that needs nothing beside it, of at most `maximumBytes` bytes.
  public func html(maximumBytes: Int) -> [UInt8] {
    HTMLDocument(evidence).bytes(maximumBytes: maximumBytes)
  }
}

/// All that was found around an incident.
struct Evidence: Sendable {
  var incident: Incident
  var service: String
  var window: CorrelationWindow
  var metrics: MetricPanel?
  var logs: LogPanel?
  var traces: TracePanel?
  /// Requests that entered the service, now and before; nil where only samples of traces are known.
  var totals: RequestTotals?
  var edges: [ServiceEdge] = []
  var usual = UsualTimes()
  var explore: ExploreLink?
  var suspects: [Suspect] = []
  var verdict: PlaceVerdict?
  var links: [TraceLink] = []
  var timeline: [TimelineEvent] = []
  var skipped: [String: String] = [:]
  var queries: [SentQuery] = []
  /// Nanoseconds by source.
  var timing: [(source: String, nanoseconds: Int64)] = []
  /// Parts that were left out before the document was made, by panel.
  var leftOut: [String: Int] = [:]
}

/// Asks all sources about incidents, at once.
public struct Correlator: Sendable {
  private let configuration: CorrelateConfiguration

  public init(_ configuration: CorrelateConfiguration) {
    self.configuration = configuration
  }

  /// One result for each incident, in order. An incident must name its service.
  ///
  /// - Parameters:
  ///   - now: No window reaches beyond it.
  ///   - moment: When it happened; nil for each incident's own time, or now.
  public func run(
    _ incidents: [Incident], at moment: Timestamp? = nil, now: Timestamp = .now, cancellation: HTTPCancellation? = nil
  ) -> [Correlation] {
    Parallel.map(incidents.count, width: configuration.maximumConcurrency) { index in
      let incident = incidents[index]
      let time = moment ?? incident.firstFiredAt ?? now
      var window = CorrelationWindow(around: time, length: configuration.windowLength, now: now)
      window.baselineLength = configuration.baselineLength
      let task = CorrelationTask(
        configuration: configuration, incident: incident, service: incident.service ?? "", window: window,
        deadline: monotonicNanoseconds() &+ configuration.timeout, cancellation: cancellation)
      return correlate(task)
    }
  }

  private enum Outcome: Sendable {
    case metrics(SourceOutcome<MetricPanel>)
    case logs(SourceOutcome<LogPanel>)
    case traces(String, SourceOutcome<TracePanel>, Witnesses)
  }

  private func correlate(_ task: CorrelationTask) -> Correlation {
    let begin = monotonicNanoseconds()
    var sources: [@Sendable () -> Outcome] = []
    if let url = configuration.prometheus {
      sources.append { .metrics(MetricSource(url: url, task: task).ask()) }
    }
    if let url = configuration.loki { sources.append { .logs(LogSource(url: url, task: task).ask()) } }
    if !configuration.files.isEmpty {
      sources.append { compare(FileSource(task: task).ask(), of: "files", task) }
    } else if let store = configuration.traceStore {
      sources.append { compare(StoreSource(store: store, task: task).ask(), of: store.kind.rawValue, task) }
    }
    let asked = sources
    let outcomes = Parallel.map(asked.count) { asked[$0]() }

    var evidence = Evidence(incident: task.incident, service: task.service, window: task.window)
    var answered = false
    for outcome in outcomes {
      switch outcome {
      case .metrics(let outcome):
        note("prometheus", outcome, &evidence, &answered)
        if outcome.answered { evidence.metrics = outcome.panel }
      case .logs(let outcome):
        note("loki", outcome, &evidence, &answered)
        if outcome.answered { evidence.logs = outcome.panel }
      case .traces(let source, let outcome, let witnesses):
        note(source, outcome, &evidence, &answered)
        if outcome.answered { evidence.traces = outcome.panel }
        if let logs = witnesses.logs { note("loki", logs, &evidence, &answered) }
        if let resources = witnesses.resources { note("prometheus", resources, &evidence, &answered) }
        if witnesses.elapsed > 0 { evidence.timing.append(("witnesses", witnesses.elapsed)) }
      }
    }
    if let traces = evidence.traces {
      let shared = SuspectAnalysis(service: task.service, sample: traces.sample).suspects()
      evidence.verdict = traces.verdict
      evidence.suspects = SuspectOrder.suspects(traces.verdict, shared: shared)
      if traces.leftOut > 0 { evidence.leftOut["trace_panel"] = traces.leftOut }
    }
    sumUp(task, &evidence)
    evidence.links = TraceLink.find(evidence)
    evidence.timeline = TimelineEvent.find(evidence)
    evidence.timing.append(("total", monotonicNanoseconds() - begin))
    let completeness: Correlation.Completeness =
      !answered ? .nothing : evidence.skipped.isEmpty ? .whole : .partial
    return Correlation(completeness: completeness, skipped: evidence.skipped, evidence: evidence)
  }

  /// What the other sources say about the services in the traces.
  private struct Witnesses: Sendable {
    var logs: SourceOutcome<LogWitness>?
    var resources: SourceOutcome<[PlaceFinding]>?
    /// Nanoseconds from when the traces were known to the last answer.
    var elapsed: Int64 = 0
  }

  /// What can be counted once it is known when it began and who is suspected.
  private func sumUp(_ task: CorrelationTask, _ evidence: inout Evidence) {
    evidence.explore = configuration.grafana.map { ExploreLink($0) }
    guard let traces = evidence.traces else { return }
    evidence.usual = UsualTimes(traces.sample)
    evidence.traces?.traces = WorstTraces.choose(
      traces.sample.bad.isEmpty ? traces.traces : traces.sample.bad, evidence.usual, service: task.service)
    guard let compared = traces.compared else { return }
    let onset = evidence.suspects.isEmpty ? nil : evidence.verdict?.onset
    let totals = RequestTotals(
      compared, service: task.service, operation: task.incident.operation, window: task.window, onset: onset?.time,
      over: onset?.end)
    evidence.totals = totals
    let changed = Set(evidence.suspects.flatMap { [$0.service, $0.dependency].compactMap(\.self) })
    evidence.edges = ServiceEdge.all(compared, totals, changed: changed)
  }

  private enum Witness: Sendable {
    case logs(SourceOutcome<LogWitness>)
    case resources(SourceOutcome<[PlaceFinding]>)
  }

  /// Asks the other sources about the services in the traces as soon as these are known, whatever else is still under
  /// way, and judges by all of it.
  private func compare(_ traces: SourceOutcome<TracePanel>, of source: String, _ task: CorrelationTask) -> Outcome {
    var traces = traces
    var witnesses = Witnesses()
    guard let compared = traces.panel.compared, let verdict = traces.panel.verdict else {
      return .traces(source, traces, witnesses)
    }
    let services = compared.services
    var sources: [@Sendable () -> Witness] = []
    if let url = configuration.loki, configuration.logSelector == nil, !services.isEmpty {
      sources.append {
        .logs(LogWitnessSource(url: url, task: task, grid: compared.grid, services: services).ask())
      }
    }
    if let url = configuration.prometheus, !services.isEmpty {
      let boundary = verdict.onset?.time ?? compared.grid.windowStart
      sources.append {
        .resources(ResourceSource(url: url, task: task, services: Set(services), boundary: boundary).ask())
      }
    }
    let asked = sources
    guard !asked.isEmpty else { return .traces(source, traces, witnesses) }
    let begin = monotonicNanoseconds()
    for witness in Parallel.map(asked.count, { asked[$0]() }) {
      switch witness {
      case .logs(let outcome): witnesses.logs = outcome
      case .resources(let outcome): witnesses.resources = outcome
      }
    }
    witnesses.elapsed = monotonicNanoseconds() - begin
    let logs = witnesses.logs.flatMap { $0.answered ? $0.panel : nil }
    traces.panel.verdict = compared.verdict(logs: logs, resources: witnesses.resources?.panel ?? [])
    return .traces(source, traces, witnesses)
  }

  private func note<Panel>(
    _ source: String, _ outcome: SourceOutcome<Panel>, _ evidence: inout Evidence, _ answered: inout Bool
  ) {
    evidence.queries += outcome.queries
    if let index = evidence.timing.firstIndex(where: { $0.source == source }) {
      evidence.timing[index].nanoseconds += outcome.elapsed
    } else {
      evidence.timing.append((source, outcome.elapsed))
    }
    // A source that is away is away for every question.
    if let reason = outcome.skipReason, evidence.skipped[source] == nil { evidence.skipped[source] = reason }
    answered = answered || outcome.answered
  }
}
