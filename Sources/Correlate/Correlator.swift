import Backends
import JSON
public import Platform
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
  public func json(maximumBytes: Int) -> [UInt8] {
    DocumentTrimmer(maximumBytes: maximumBytes).bytes(EvidenceDocument(evidence).value)
  }

  /// The document for a person, of at most `maximumBytes` bytes.
  public func markdown(maximumBytes: Int) -> [UInt8] {
    MarkdownDocument(evidence).bytes(maximumBytes: maximumBytes)
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
  var suspects: [Suspect] = []
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
      let task = CorrelationTask(
        configuration: configuration, incident: incident, service: incident.service ?? "",
        window: CorrelationWindow(around: time, length: configuration.windowLength, now: now),
        deadline: monotonicNanoseconds() &+ configuration.timeout, cancellation: cancellation)
      return correlate(task)
    }
  }

  private enum Outcome: Sendable {
    case metrics(SourceOutcome<MetricPanel>)
    case logs(SourceOutcome<LogPanel>)
    case traces(String, SourceOutcome<TracePanel>)
  }

  private func correlate(_ task: CorrelationTask) -> Correlation {
    let begin = monotonicNanoseconds()
    var sources: [@Sendable () -> Outcome] = []
    if let url = configuration.prometheus {
      sources.append { .metrics(MetricSource(url: url, task: task).ask()) }
    }
    if let url = configuration.loki { sources.append { .logs(LogSource(url: url, task: task).ask()) } }
    if !configuration.files.isEmpty {
      sources.append { .traces("files", FileSource(task: task).ask()) }
    } else if let url = configuration.tempo {
      sources.append { .traces("tempo", TempoSource(url: url, task: task).ask()) }
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
      case .traces(let source, let outcome):
        note(source, outcome, &evidence, &answered)
        if outcome.answered { evidence.traces = outcome.panel }
      }
    }
    if let traces = evidence.traces {
      evidence.suspects = SuspectAnalysis(service: task.service, sample: traces.sample).suspects()
      if traces.leftOut > 0 { evidence.leftOut["trace_panel"] = traces.leftOut }
    }
    evidence.links = TraceLink.find(evidence)
    evidence.timeline = TimelineEvent.find(evidence)
    evidence.timing.append(("total", monotonicNanoseconds() - begin))
    let completeness: Correlation.Completeness =
      !answered ? .nothing : evidence.skipped.isEmpty ? .whole : .partial
    return Correlation(completeness: completeness, skipped: evidence.skipped, evidence: evidence)
  }

  private func note<Panel>(
    _ source: String, _ outcome: SourceOutcome<Panel>, _ evidence: inout Evidence, _ answered: inout Bool
  ) {
    evidence.queries += outcome.queries
    evidence.timing.append((source, outcome.elapsed))
    if let reason = outcome.skipReason { evidence.skipped[source] = reason }
    answered = answered || outcome.answered
  }
}
