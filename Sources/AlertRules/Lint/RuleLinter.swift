/// Finds rules that compile but will not do what they were written for.
public struct RuleLinter: Sendable {
  /// What is known about the metrics.
  public let options: LintOptions
  /// What rules become.
  public let compiler: RuleCompiler

  /// A linter for metrics made in this way.
  public init(options: LintOptions, compiler: RuleCompiler) {
    self.options = options
    self.compiler = compiler
  }

  /// Everything there is to say about the rules of a set, each alone and among each other.
  public func lint(_ set: RuleSet) -> [Diagnostic] {
    var found: [Diagnostic] = []
    for (index, entry) in set.entries.enumerated() {
      guard let rule = entry.rule, !rule.isSecondAlert else { continue }
      for var diagnostic in lint(rule) {
        diagnostic.entry = index
        found.append(diagnostic)
      }
    }
    return found + RepeatedRules.find(in: set.entries, compiler)
  }

  private func lint(_ rule: AlertRule) -> [Diagnostic] {
    var found: [Diagnostic] = []
    // A native histogram has no bounds to be near to.
    if rule.readsLatencies, !compiler.profile.isNative, let problem = LatencyBuckets.check(rule, options.buckets) {
      found.append(problem)
    }
    switch rule.condition {
    case .latency: break
    case .errorRate(let comparison): found += errorRate(rule, comparison) + mixedKinds(rule, "the rate is")
    case .callRate(_, let comparison):
      found += CallRateLint.check(rule, comparison) + mixedKinds(rule, "calls are counted")
    case .objective(let objective):
      found += ObjectiveLint.check(rule, objective) + mixedKinds(rule, "the share of bad calls is")
    case .traceQL(_, let comparison):
      if comparison == .equal || comparison == .notEqual {
        found.append(RuleLinter.equality(rule, comparison, "a number that is computed"))
      }
    }
    if let problem = window(rule) { found.append(problem) }
    found += TextLint(profile: compiler.profile, interval: options.intervalMilliseconds).check(rule)
    found += ProjectLint(rules: options.project, profile: compiler.profile).check(rule)
    if rule.scopeType == "global", let place = rule.places.scope {
      found.append(
        Diagnostic(
          .unusedScope, "the labels of \"scope\" are not used because the scope type is \"global\"",
          source: rule.source,
          range: place, suggestion: "remove \"scope\" or give another \"scope_type\""))
    }
    return found
  }

  private func errorRate(_ rule: AlertRule, _ comparison: ComparisonOperator) -> [Diagnostic] {
    var found: [Diagnostic] = []
    let threshold = rule.threshold
    let places = rule.places
    if let always = constantVerdict(comparison, threshold.value) {
      let shown = "\(comparison.rawValue) \(threshold.text) %"
      found.append(
        always
          ? Diagnostic(
            .alwaysFires, "an error rate is always \(shown), so the rule always fires", source: rule.source,
            range: places.threshold, suggestion: "error rates go from 0 to 100")
          : Diagnostic(
            .neverFires, "an error rate is never \(shown), so the rule never fires", source: rule.source,
            range: places.threshold, suggestion: "error rates go from 0 to 100"))
    }
    switch comparison {
    case .equal, .notEqual: found.append(RuleLinter.equality(rule, comparison, "an error rate, a fraction,"))
    case .less, .lessOrEqual:
      if constantVerdict(comparison, threshold.value) == nil {
        found.append(
          Diagnostic(
            .silentWhenGone,
            "the rule also goes quiet when \(Quoting.text(rule.service)) stops reporting or has had no error",
            source: rule.source, range: places.comparison,
            suggestion: "a rate of nothing is no result; watch absent() of the calls as well"))
      }
    case .greater, .greaterOrEqual: break
    }
    return found
  }

  /// The kinds of spans that a rule counts without having been told.
  private func mixedKinds(_ rule: AlertRule, _ what: String) -> [Diagnostic] {
    guard rule.spanKinds.isEmpty else { return [] }
    return [
      Diagnostic(
        .mixedKinds, "\(what) over spans of every kind: calls to others and inner steps count as calls served",
        source: rule.source, range: rule.places.service,
        suggestion: "\"span_kind\": \"server\" counts what the service served")
    ]
  }

  /// A computed number that is compared for equality.
  static func equality(_ rule: AlertRule, _ comparison: ComparisonOperator, _ what: String) -> Diagnostic {
    let better: ComparisonOperator = comparison == .equal ? .greaterOrEqual : .greater
    return Diagnostic(
      .floatEquality, "\(comparison.rawValue) compares \(what) for equality", source: rule.source,
      range: rule.places.comparison, suggestion: "did you mean \(Quoting.text(better.rawValue))?",
      replacement: Quoting.text(better.rawValue))
  }

  /// What a comparison says of every number from 0 to 100, if it says the same of all.
  private func constantVerdict(_ comparison: ComparisonOperator, _ threshold: Double) -> Bool? {
    switch comparison {
    case .greater: threshold >= 100 ? false : nil
    case .greaterOrEqual, .equal: threshold > 100 ? false : nil
    case .lessOrEqual: threshold >= 100 ? true : nil
    case .less, .notEqual: threshold > 100 ? true : nil
    }
  }

  private func window(_ rule: AlertRule) -> Diagnostic? {
    let interval = options.intervalMilliseconds
    guard rule.kind != .traceQL, interval > 0, interval <= Int64.max / 4, rule.window.milliseconds < 4 * interval else {
      return nil
    }
    let every = PromDuration(milliseconds: interval).text
    let isEmpty = rule.window.milliseconds < 2 * interval
    let message =
      isEmpty
      ? "a window of \(rule.window.text) holds fewer than two samples at one every \(every), so rate() has no result"
      : "a window of \(rule.window.text) loses its rate with a single missed sample at one every \(every)"
    let suggestion = "use at least \(PromDuration(milliseconds: 4 * interval).text)"
    return Diagnostic(
      isEmpty ? .emptyWindow : .tightWindow, message, source: rule.source, range: rule.places.window,
      suggestion: suggestion)
  }
}
