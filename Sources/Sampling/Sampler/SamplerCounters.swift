import Relay

/// What a sampler has done.
final class SamplerCounters: Sendable {
  /// What was judged in one way.
  final class Tally: Sendable {
    let traces = Counter()
    let spans = Counter()
    let bytes = Counter()

    func add(traces: Int, spans: Int, bytes: Int) {
      self.traces.add(traces)
      self.spans.add(spans)
      self.bytes.add(bytes)
    }
  }

  let seen = Tally()
  let rules: [Tally]
  let sampled = Tally()
  /// Kept since no rule and no sample says otherwise.
  let others = Tally()
  /// Dropped since nothing keeps them.
  let rest = Tally()
  /// Traces judged before they had rested: since their verdict was certain, and since there was no room.
  let certain = Counter()
  let crowdedOut = Counter()
  /// Spans that came after the verdict on their trace.
  let lateKept = Counter()
  let lateSampled = Counter()
  let lateDropped = Counter()
  let droppedSpans = Counter()
  /// Spans and traces that a rule could not be put to.
  let failures = Counter()
  /// Spans that wait for a verdict.
  let openSpans = Counter()
  let openTraces = Counter()
  /// Bytes held for them, and for what they share.
  let held = Counter()

  private let policy: CompiledPolicy

  init(_ policy: CompiledPolicy) {
    self.policy = policy
    rules = policy.rules.map { _ in Tally() }
  }

  func tally(of verdict: Verdict) -> Tally {
    switch verdict {
    case .sampled: sampled
    case .kept(let rule): rule.flatMap { rules.indices.contains($0) ? rules[$0] : nil } ?? others
    case .dropped(let rule): rule.flatMap { rules.indices.contains($0) ? rules[$0] : nil } ?? rest
    }
  }

  /// The tallies with what they count: `kept`, `sampled` or `dropped`, and the rule's text.
  var tallies: [(decision: String, rule: String, tally: Tally)] {
    var all = zip(policy.rules, rules).map { rule, tally in
      (rule.source.action == .keep ? "kept" : "dropped", rule.source.text, tally)
    }
    if policy.policy.sample != nil { all.append(("sampled", "", sampled)) }
    all.append(policy.keeps.isEmpty && policy.policy.sample == nil ? ("kept", "", others) : ("dropped", "", rest))
    return all
  }

  private static let prefix = "ongrid_relay_sampling_"

  var metrics: [StageMetric] {
    func family(_ name: String, _ type: String, _ help: String, _ samples: [([(String, String)], Int)]) -> StageMetric {
      StageMetric(
        name: SamplerCounters.prefix + name, type: type, help: help,
        samples: samples.map { (labels: $0.0, value: $0.1) })
    }
    func counts(_ name: String, _ help: String, _ count: (Tally) -> Counter) -> StageMetric {
      family(
        name, "counter", help,
        tallies.map { decision, rule, tally in ([("decision", decision), ("rule", rule)], count(tally).value) })
    }
    return [
      family("seen_spans_total", "counter", "Spans that came.", [([], seen.spans.value)]),
      family("seen_bytes_total", "counter", "Bytes of the spans that came.", [([], seen.bytes.value)]),
      family("seen_traces_total", "counter", "Traces that were begun.", [([], seen.traces.value)]),
      counts("traces_total", "Traces judged, by decision and rule.", \.traces),
      counts("spans_total", "Spans judged, by decision and rule.", \.spans),
      counts("bytes_total", "Bytes of the spans judged, by decision and rule.", \.bytes),
      family(
        "judged_early_traces_total", "counter", "Traces judged before they had rested, by reason.",
        [([("reason", "certain")], certain.value), ([("reason", "memory")], crowdedOut.value)]),
      family(
        "late_spans_total", "counter", "Spans that came after the verdict on their trace, by that verdict.",
        [
          ([("decision", "kept")], lateKept.value), ([("decision", "sampled")], lateSampled.value),
          ([("decision", "dropped")], lateDropped.value),
        ]),
      family(
        "unreadable_total", "counter",
        "Spans, or batches of traces, that a rule could not be put to: it counts as no match.",
        [([], failures.value)]),
      family("open_traces", "gauge", "Traces that wait for a verdict.", [([], openTraces.value)]),
      family("open_spans", "gauge", "Spans that wait for a verdict.", [([], openSpans.value)]),
      family("held_bytes", "gauge", "Memory of what waits for a verdict.", [([], held.value)]),
    ]
  }
}
