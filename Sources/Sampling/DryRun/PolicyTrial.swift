import OTLP
public import Platform
public import TraceFormats
public import TraceQL

/// A policy tried on recordings: what it would keep of them, and what would be lost.
public struct PolicyTrial: Sendable {
  /// What one rule does, or what happens to the traces that no rule speaks of.
  public struct Line: Sendable {
    /// `kept`, `sampled` or `dropped`.
    public let decision: String
    /// The rule's query; empty where it is no rule's.
    public let rule: String
    public let traces: Int
    public let spans: Int
    public let bytes: Int
  }

  public let lines: [Line]
  public let traces: Int
  public let spans: Int
  public let bytes: Int
  /// Traces with an error: all, and those that are not kept.
  public let errors: (all: Int, lost: Int)
  /// The slowest of a hundred traces: all, those that are not kept, and the least duration of them.
  public let slow: (all: Int, lost: Int, from: Duration)
  /// Traces judged before the end of the recordings, since they did not fit into memory.
  public let judgedEarly: Int
  /// Records that could not be read and were passed over.
  public let skipped: Int

  public var keptBytes: Int { lines.reduce(0) { $1.decision == "dropped" ? $0 : $0 + $1.bytes } }
  public var keptTraces: Int { lines.reduce(0) { $1.decision == "dropped" ? $0 : $0 + $1.traces } }

  /// Reads all of `input`.
  public init(
    _ policy: Policy, _ input: TraceInput, skipsBad: Bool, memory: Int, log: Log
  ) throws(PolicyTrialError) {
    let facts = Monitor(Facts())
    let sampler: TraceSampler
    var settings = TraceSampler.Settings()
    settings.isRecording = true
    settings.memory = memory
    do throws(EngineError) {
      sampler = try TraceSampler(policy, settings, log: log) { trace, verdict in
        let fact = Fact(trace, verdict)
        facts.withLock { $0.all.append(fact) }
      }
    } catch { throw .policy(error) }
    var decoder = TraceDecoder(skipsBad: skipsBad)
    do throws(InputError) {
      while let chunk = try input.next() {
        try decoder.forEachRequest(in: chunk) { (request) throws(WireError) in
          _ = try RequestWalk(request.bytes)
          _ = sampler.take(request.bytes, row: nil, now: 0)
        }
      }
    } catch { throw .input(error) }
    _ = sampler.judge(now: 0, all: true)
    skipped = decoder.skipped
    let counters = sampler.counters
    lines = counters.tallies.map { decision, rule, tally in
      Line(
        decision: decision, rule: rule, traces: tally.traces.value, spans: tally.spans.value, bytes: tally.bytes.value)
    }
    spans = counters.seen.spans.value
    bytes = counters.seen.bytes.value
    judgedEarly = counters.crowdedOut.value
    let all = facts.withLock { $0.all }
    traces = all.count
    let wrong = all.filter(\.hasError)
    errors = (wrong.count, wrong.count { !$0.isKept })
    let slowest = all.sorted { $0.duration > $1.duration }.prefix((all.count + 99) / 100)
    slow = (slowest.count, slowest.count { !$0.isKept }, .nanoseconds(slowest.last?.duration ?? 0))
  }

  private struct Facts { var all: [Fact] = [] }

  private struct Fact {
    let hasError: Bool
    let isKept: Bool
    /// ns.
    let duration: Int64

    init(_ trace: OpenTrace, _ verdict: Verdict) {
      var start = UInt64.max
      var end: UInt64 = 0
      var hasError = false
      trace.forEachSpan { span, _ in
        guard let span = try? SpanView(span) else { return }
        start = min(start, span.startTimeUnixNano)
        end = max(end, span.endTimeUnixNano)
        if span.statusCode == 2 { hasError = true }
      }
      self.hasError = hasError
      duration = end > start ? Int64(clamping: end - start) : 0
      isKept = if case .dropped = verdict { false } else { true }
    }
  }
}

/// Why a policy could not be tried.
public enum PolicyTrialError: Error, Sendable {
  case policy(EngineError)
  case input(InputError)
}
