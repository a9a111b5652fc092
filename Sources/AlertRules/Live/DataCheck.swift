import Backends
import Platform

/// What the samples that a server has say about a rule whose series are there: whether they still come, how often, in which
/// buckets, and of which kinds of spans.
struct DataCheck {
  let server: RuleServer
  let compiler: RuleCompiler
  let now: Timestamp

  /// What is wrong, and what the server's own buckets make of a latency threshold.
  func check(_ rule: AlertRule) throws(BackendError) -> [Diagnostic] {
    if rule.kind == .traceQL { return [] }
    if let stopped = try stopped(rule) { return [stopped] }
    var found: [Diagnostic] = []
    if let sparse = try sparse(rule) { found.append(sparse) }
    if rule.readsLatencies, let buckets = try buckets(rule) { found.append(buckets) }
    if let few = try fewCalls(rule) { found.append(few) }
    if rule.kind == .errorRate, let mixed = try mixedRates(rule) { found.append(mixed) }
    return found
  }

  private func metric(of rule: AlertRule) -> PromQLExpression {
    rule.readsLatencies ? compiler.latency(of: rule, range: nil) : compiler.calls(of: rule, failed: false, range: nil)
  }

  /// Series that were seen within a day, but have no sample now.
  private func stopped(_ rule: AlertRule) throws(BackendError) -> Diagnostic? {
    let series = metric(of: rule).text
    guard try server.query("count(\(series))", at: now).isEmpty else { return nil }
    let last = try server.query("max(max_over_time(timestamp(\(series))[1d:5m]))", at: now).first?.samples.last?.value
    let since = last.map { ": the last sample is of \(Timestamp(seconds: $0).rfc3339)" } ?? ""
    return problem(.stoppedSeries, "the series of \(rule.service) have stopped\(since)", rule, rule.places.service)
  }

  /// `rate` needs two samples in its window.
  private func sparse(_ rule: AlertRule) throws(BackendError) -> Diagnostic? {
    guard let one = try server.query("topk(1, \(metric(of: rule).text))", at: now).first else { return nil }
    let labels = one.labels.filter { $0.key != "__name__" }.sorted { $0.key < $1.key }
    let name = rule.readsLatencies ? compiler.profile.latencySeries : compiler.profile.calls
    let selector = PromQLExpression.selector(
      metric: name, labels: labels.map { LabelMatcher(Label($0.key, $0.value)) }, range: "1h")
    let samples = try server.query(selector.text, at: now).first?.samples ?? []
    let gaps = zip(samples, samples.dropFirst()).map { $1.time - $0.time }.sorted()
    guard gaps.count >= 3 else { return nil }
    let interval = PromDuration(milliseconds: gaps[gaps.count / 2].milliseconds)
    guard interval.milliseconds > 0, rule.window.milliseconds < 2 * interval.milliseconds else { return nil }
    return problem(
      .sparseSamples,
      "a window of \(rule.window.text) holds fewer than two samples: the server has one every \(interval.text)", rule,
      rule.places.window, suggestion: "use at least \(PromDuration(milliseconds: 4 * interval.milliseconds).text)")
  }

  /// Windows that hold so few calls that one of them decides.
  private func fewCalls(_ rule: AlertRule) throws(BackendError) -> Diagnostic? {
    let least: Double
    switch rule.condition {
    case .latency(_, let quantile, _): least = max(DataCheck.fewestCalls, 100 / quantile.shareAbove.value)
    case .errorRate: least = DataCheck.fewestCalls
    case .callRate, .objective, .traceQL: return nil
    }
    guard rule.minimumCalls == nil else { return nil }
    let calls = compiler.calls(of: rule, failed: false, range: rule.window.text)
    let inWindow = PromQLExpression.sum(by: [], .call("increase", [calls])).text
    let usual = try server.query("quantile_over_time(0.5, (\(inWindow))[1d:1h])", at: now).first?.samples.last?.value
    guard let usual, usual < least else { return nil }
    let what = rule.kind == .latency ? "the quantile is the latency of one of them" : "one failure is a large share"
    return problem(
      .fewCalls,
      "a window of \(rule.window.text) usually holds \(FloatText.rounded(usual, decimals: 1)) calls: \(what)", rule,
      rule.places.window, suggestion: "\"min_calls\": \(Int(least)) keeps the rule quiet then")
  }

  /// Calls below which one more or less is a matter of chance.
  private static let fewestCalls = 20.0

  private func buckets(_ rule: AlertRule) throws(BackendError) -> Diagnostic? {
    guard !compiler.profile.isNative else { return nil }
    let selector = compiler.latency(of: rule, range: nil).text
    let bounds = try server.labelValues("le", matching: selector, now: now).compactMap { Double($0) }
      .filter(\.isFinite).map { $0 / compiler.profile.latencyUnit.perSecond }
    guard let last = bounds.max() else { return nil }
    let threshold = rule.threshold.value
    guard threshold >= last * 1000, rule.kind == .latency, rule.limit == rule.threshold else {
      return LatencyBuckets.check(rule, bounds.sorted())
    }
    return problem(
      .beyondRealBuckets,
      "the server's buckets end at \(LatencyBuckets.seconds(last)), so > \(rule.threshold.text) ms never fires", rule,
      rule.places.threshold)
  }

  /// Tells the rate of what the service served from the rate over every kind of span, where the two differ enough to matter.
  private func mixedRates(_ rule: AlertRule) throws(BackendError) -> Diagnostic? {
    guard rule.spanKinds.isEmpty else { return nil }
    let all = try rates(compiler.calls(of: rule, failed: false, range: rule.window.text))
    let failed = try rates(compiler.calls(of: rule, failed: true, range: rule.window.text))
    guard let served = all[compiler.profile.kindValue("server")], served > 0, all.count > 1 else { return nil }
    let mixed = 100 * failed.values.reduce(0, +) / all.values.reduce(0, +)
    let server = 100 * (failed[compiler.profile.kindValue("server")] ?? 0) / served
    let isOtherSide =
      rule.comparison.holds(mixed, rule.threshold.value) != rule.comparison.holds(server, rule.threshold.value)
    guard isOtherSide || (abs(mixed - server) >= 1 && abs(mixed - server) > max(mixed, server) / 5) else { return nil }
    let kinds = all.keys.sorted().map { $0.replacing(compiler.profile.kindPrefix, with: "").lowercased() }.joined(
      separator: ", ")
    return problem(
      .mixedRates,
      "spans of \(rule.service) are \(kinds): \(percent(server)) of what it served failed, the rule computes "
        + percent(mixed), rule, rule.places.service, suggestion: "\"span_kind\": \"server\" counts what it served")
  }

  /// Calls a second by kind of span.
  private func rates(_ calls: PromQLExpression) throws(BackendError) -> [String: Double] {
    let expression = PromQLExpression.sum(by: [compiler.profile.kindLabel], .call("rate", [calls]))
    var rates: [String: Double] = [:]
    for series in try server.query(expression.text, at: now) {
      if let kind = series.labels[compiler.profile.kindLabel], let value = series.samples.last?.value, value > 0 {
        rates[kind] = value
      }
    }
    return rates
  }

  private func percent(_ value: Double) -> String { FloatText.rounded(value, decimals: 1) + " %" }

  private func problem(
    _ code: DiagnosticCode, _ message: String, _ rule: AlertRule, _ range: Range<Int>, suggestion: String? = nil
  ) -> Diagnostic {
    Diagnostic(code, message, source: rule.source, range: range, suggestion: suggestion)
  }
}
