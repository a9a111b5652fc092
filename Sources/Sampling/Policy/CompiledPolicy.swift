import OTLP
import Platform
import TraceQL

/// What became of a trace.
enum Verdict: Equatable {
  /// `rule` is `nil` for what nothing keeps.
  case dropped(rule: Int?)
  /// `rule` is `nil` where everything else is kept.
  case kept(rule: Int?)
  /// Kept by chance; spans say so with this threshold.
  case sampled(threshold: UInt64)
}

/// A policy in the form in which traces are judged by it.
final class CompiledPolicy: Sendable {
  /// How a rule is decided.
  enum Decision: Sendable {
    /// By the filters that its spans match: once true, true for ever.
    case filters(Int)
    /// By the whole trace.
    case search(TraceSearch)
  }

  struct Rule: Sendable {
    let source: Policy.Rule
    let decision: Decision
    let limit: RateLimit?
  }

  let policy: Policy
  let rules: [Rule]
  /// The filters of all rules that are decided by them; `nil` when no rule is.
  let filters: SpanFilters?
  /// The numbers of rules of each kind, in order.
  let spanDrops: [Int]
  let traceDrops: [Int]
  let keeps: [Int]
  /// Rules that need whole traces.
  let searches: [Int]
  private let moving: MovingThreshold?
  private let fixed: UInt64?

  init(_ policy: Policy) throws(EngineError) {
    self.policy = policy
    let byFilters = policy.rules.filter { SpanFilters.decides($0.query) }
    filters = byFilters.isEmpty ? nil : try SpanFilters(byFilters.map(\.query))
    var rules: [Rule] = []
    var filter = 0
    for rule in policy.rules {
      let decision: Decision
      if SpanFilters.decides(rule.query) {
        decision = .filters(filter)
        filter += 1
      } else {
        decision = .search(try TraceSearch(rule.query))
      }
      rules.append(Rule(source: rule, decision: decision, limit: rule.rate.map { RateLimit($0) }))
    }
    self.rules = rules
    spanDrops = rules.indices.filter { rules[$0].source.dropsSpans }
    traceDrops = rules.indices.filter { rules[$0].source.action == .drop && !rules[$0].source.dropsSpans }
    keeps = rules.indices.filter { rules[$0].source.action == .keep }
    searches = rules.indices.filter { if case .search = rules[$0].decision { true } else { false } }
    switch policy.sample {
    case .share(let share):
      fixed = SamplingState.threshold(probability: share)
      moving = nil
    case .perSecond(let rate):
      fixed = nil
      moving = MovingThreshold(rate)
    case nil:
      fixed = nil
      moving = nil
    }
  }

  /// Whether each span can be judged by itself: nothing asks for more of a trace than its id.
  var judgesSpans: Bool { keeps.isEmpty && traceDrops.isEmpty && moving == nil }

  /// Whether anything counts by the second.
  var hasRates: Bool { moving != nil || rules.contains { $0.limit != nil } }

  /// The threshold that is the same for all traces, if any.
  var fixedThreshold: UInt64? { fixed }

  /// The first rule that drops a span with this mask.
  func drops(span mask: UInt64) -> Int? { spanDrops.first { holds($0, mask) } }

  private func holds(_ rule: Int, _ mask: UInt64) -> Bool {
    guard case .filters(let index) = rules[rule].decision, let filters else { return false }
    return filters.holds(index, mask)
  }

  /// The verdict on a trace that no further span can change; `nil` while there is none.
  ///
  /// - Parameters:
  ///   - mask: of the filters that its spans have matched.
  ///   - now: ns of the clock that rates count by.
  func certain(_ mask: UInt64, now: Int64) -> Verdict? {
    if mask == 0 { return nil }
    if let rule = traceDrops.first(where: { holds($0, mask) }) { return .dropped(rule: rule) }
    // A drop rule may still come to match.
    if !traceDrops.isEmpty { return nil }
    return keeps.first { holds($0, mask) && hasRoom($0, now) }.map { .kept(rule: $0) }
  }

  private func hasRoom(_ rule: Int, _ now: Int64) -> Bool { rules[rule].limit?.take(now: now) ?? true }

  /// The verdict on a trace of which no more is expected.
  ///
  /// - Parameters:
  ///   - found: whether a rule that needs whole traces matches.
  ///   - chance: the random value of the trace and the greatest threshold of its spans, read when it is needed.
  func judge(
    _ mask: UInt64, now: Int64, found: (Int) -> Bool, chance: () -> (randomness: UInt64, threshold: UInt64)
  ) -> Verdict {
    func matches(_ rule: Int) -> Bool {
      if case .search = rules[rule].decision { return found(rule) }
      return holds(rule, mask)
    }
    if let rule = traceDrops.first(where: matches) { return .dropped(rule: rule) }
    if let rule = keeps.first(where: { matches($0) && hasRoom($0, now) }) { return .kept(rule: rule) }
    guard let own = fixed ?? moving?.next(now: now) else {
      return keeps.isEmpty ? .kept(rule: nil) : .dropped(rule: nil)
    }
    let (randomness, threshold) = chance()
    return randomness >= max(own, threshold) ? .sampled(threshold: own) : .dropped(rule: nil)
  }
}
