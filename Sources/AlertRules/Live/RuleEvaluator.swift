import Backends
import Platform

/// Evaluates rules now.
public struct RuleEvaluator {
  private let server: RuleServer
  private let compiler: RuleCompiler
  private let step: Duration

  /// Asks `server`; rules with `for` as if they were evaluated every `step`.
  public init(server: RuleServer, compiler: RuleCompiler, step: Duration) {
    self.server = server
    self.compiler = compiler
    self.step = max(step, .milliseconds(1))
  }

  /// Verdicts in the order of the rules.
  public func evaluate(_ set: RuleSet, at time: Timestamp) throws(BackendError) -> [RuleVerdict] {
    var verdicts: [RuleVerdict] = []
    for (index, entry) in set.entries.enumerated() {
      if let rule = entry.rule { verdicts.append(try evaluate(rule, index, at: time)) }
    }
    return verdicts
  }

  private func evaluate(_ rule: AlertRule, _ index: Int, at time: Timestamp) throws(BackendError) -> RuleVerdict {
    let hold = Duration.milliseconds(rule.holdFor?.milliseconds ?? 0)
    let series = try values(of: rule, hold: hold, at: time)
    // Of several series the worst counts; NaN is how a quantile or a ratio of nothing comes out.
    var worst: (state: RuleVerdict.State, value: Double?, since: Timestamp?)?
    for samples in series {
      guard let last = samples.last, last.time == time || hold == .zero else { continue }
      let since = activeSince(samples, rule)
      let state: RuleVerdict.State = since.map { time - $0 >= hold ? .firing : .pending } ?? .ok
      let value = last.value.isNaN ? nil : last.value
      if worst == nil || state == .firing || (state == .pending && worst?.state == .ok) {
        worst = (state, value, hold > .zero ? since : nil)
      }
    }
    if let worst, worst.value != nil {
      return RuleVerdict(entry: index, rule: rule, state: worst.state, value: worst.value, activeSince: worst.since)
    }
    return RuleVerdict(entry: index, rule: rule, state: try absence(rule, at: time), value: nil, activeSince: nil)
  }

  /// The samples of each series: at `time`, and every step before it as far as `for` looks back.
  private func values(
    of rule: AlertRule, hold: Duration, at time: Timestamp
  ) throws(BackendError) -> [[PrometheusSample]] {
    let expression = compiler.value(of: rule).text
    guard hold > .zero else { return try server.query(expression, at: time).map(\.samples) }
    let steps = hold.nanoseconds / step.nanoseconds + (hold.nanoseconds % step.nanoseconds == 0 ? 0 : 1)
    let start = Timestamp(
      nanoseconds: time.nanoseconds.subtractingSaturating(step.nanoseconds.multipliedSaturating(by: steps)))
    return try server.queryRange(expression, start: start, end: time, step: step.nanoseconds).map(\.samples)
  }

  /// Since when the condition has held without a gap; nil when it does not hold at the end.
  private func activeSince(_ samples: [PrometheusSample], _ rule: AlertRule) -> Timestamp? {
    var since: Timestamp?
    for sample in samples.reversed() {
      guard rule.comparison.holds(sample.value, rule.limit.value) else { break }
      if let later = since, later - sample.time > step + step / 2 { break }
      since = sample.time
    }
    return since
  }

  /// Why there is no value.
  private func absence(_ rule: AlertRule, at time: Timestamp) throws(BackendError) -> RuleVerdict.State {
    let calls = PromQLExpression.call("count", [compiler.calls(of: rule, failed: false, range: nil)])
    if !(try server.query(calls.text, at: time)).isEmpty {
      guard rule.kind == .errorRate, rule.minimumCalls == nil else { return .fewCalls }
      let failed = PromQLExpression.call("count", [compiler.calls(of: rule, failed: true, range: nil)])
      return try server.query(failed.text, at: time).isEmpty ? .noErrors : .fewCalls
    }
    let service = LabelMatcher(Label(compiler.profile.serviceLabel, rule.service))
    let any = PromQLExpression.selector(metric: compiler.profile.calls, labels: [service], range: nil)
    let counted = PromQLExpression.call("count", [any])
    return try server.query(counted.text, at: time).isEmpty ? .noSeries : .noOperation
  }
}
