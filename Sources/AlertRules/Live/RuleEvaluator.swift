import Backends
import Platform

/// Evaluates rules at one moment.
public struct RuleEvaluator {
  private let samples: any RuleSamples
  private let server: RuleServer?
  private let compiler: RuleCompiler
  private let step: Duration

  /// Asks `samples` for values, and `server` why there is none; rules with `for` as if they were evaluated every `step`.
  public init(samples: any RuleSamples, server: RuleServer?, compiler: RuleCompiler, step: Duration) {
    self.samples = samples
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
    var time = time
    var step = step.nanoseconds
    if rule.kind == .traceQL, hold > .zero {
      // Windows that follow each other end at multiples of their length.
      step = rule.window.nanoseconds
      time = Timestamp(nanoseconds: time.nanoseconds / step * step)
    }
    let steps = hold.nanoseconds / step + (hold.nanoseconds % step == 0 ? 0 : 1)
    let start = Timestamp(nanoseconds: time.nanoseconds.subtractingSaturating(step.multipliedSaturating(by: steps)))
    let series = try samples.series(of: rule, start: start, end: time, step: step)
    // Of several series the worst counts; NaN is how a quantile or a ratio of nothing comes out.
    var worst: (state: RuleVerdict.State, value: Double?, since: Timestamp?)?
    for one in series {
      guard let last = one.samples.last, last.time == time || hold == .zero else { continue }
      let since = activeSince(one, rule, step)
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

  /// Since when the condition has held without a gap; nil when it does not hold at the end.
  private func activeSince(_ series: JudgedSeries, _ rule: AlertRule, _ step: Int64) -> Timestamp? {
    var since: Timestamp?
    for sample in series.samples.reversed() {
      guard series.holds(sample, rule) else { break }
      if let later = since, later.nanoseconds - sample.time.nanoseconds > step + step / 2 { break }
      since = sample.time
    }
    return since
  }

  /// Why there is no value.
  private func absence(_ rule: AlertRule, at time: Timestamp) throws(BackendError) -> RuleVerdict.State {
    guard let server, rule.kind != .traceQL else { return .noSeries }
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
