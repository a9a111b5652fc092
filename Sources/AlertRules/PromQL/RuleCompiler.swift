/// The names that the generator of the metrics uses.
public struct MetricNames: Sendable {
  /// The label that holds the service's name: `service_name`, `service`.
  public var serviceLabel: String

  /// Names as Tempo and `ongrid spanmetrics` have them, but for the service.
  public init(serviceLabel: String = "service_name") {
    self.serviceLabel = serviceLabel
  }

  /// The histogram of latencies, in seconds.
  public static let latencyBucket = "traces_spanmetrics_latency_bucket"
  /// The counter of calls.
  public static let calls = "traces_spanmetrics_calls_total"
  /// The label that holds the operation.
  public static let operationLabel = "span_name"
  /// The label that holds the kind of span.
  public static let kindLabel = "span_kind"
  /// The label that tells whether a call failed, and its value when it did.
  public static let errorStatus = Label("status_code", "STATUS_CODE_ERROR")
}

/// Turns rules into PromQL.
public struct RuleCompiler: Sendable {
  /// What the metrics are called.
  public let names: MetricNames

  /// Compiles for metrics of these names.
  public init(names: MetricNames = MetricNames()) {
    self.names = names
  }

  /// The expression that has a result while the rule's condition holds.
  public func compile(_ rule: AlertRule) -> PromQLExpression {
    var value = plainValue(of: rule)
    // A rate of nothing is NaN, which is unequal to every threshold; comparing it with a number drops it.
    if rule.comparison == .notEqual { value = .parentheses(.binary(value, ">=", .number("0"))) }
    let condition = PromQLExpression.binary(value, rule.comparison.rawValue, .number(rule.limit.text))
    return guarded(condition, rule)
  }

  /// The expression of what the rule compares with its limit, milliseconds or percent, where there are calls enough.
  public func value(of rule: AlertRule) -> PromQLExpression {
    guarded(plainValue(of: rule), rule)
  }

  private func guarded(_ expression: PromQLExpression, _ rule: AlertRule) -> PromQLExpression {
    guard let minimum = rule.minimumCalls else { return expression }
    let count = PromQLExpression.sum(
      by: grouping(of: rule), .call("increase", [calls(of: rule, failed: false, range: rule.window.text)]))
    return .binary(expression, "and", .binary(count, ">=", .number(minimum.text)))
  }

  private func plainValue(of rule: AlertRule) -> PromQLExpression {
    switch rule.condition {
    case .latency(_, let quantile, isExact: false):
      let rate = PromQLExpression.call("rate", [latency(of: rule, range: rule.window.text)])
      let estimate = PromQLExpression.call("histogram_quantile", [.number(quantile.number), .sum(by: ["le"], rate)])
      return .binary(estimate, "*", .number("1000"))
    case .latency(_, _, isExact: true):
      let below = latency(of: rule, bound: BucketBound.values(milliseconds: rule.threshold), range: rule.window.text)
      let all = latency(of: rule, bound: ["+Inf"], range: rule.window.text)
      let share = PromQLExpression.binary(rateSum(below), "/", rateSum(all))
      return .binary(.number("100"), "*", .parentheses(.binary(.number("1"), "-", share)))
    case .errorRate:
      let failed = rateSum(calls(of: rule, failed: true, range: rule.window.text), by: [names.serviceLabel])
      let all = rateSum(calls(of: rule, failed: false, range: rule.window.text), by: [names.serviceLabel])
      return .binary(.number("100"), "*", .parentheses(.binary(failed, "/", all)))
    }
  }

  /// The labels that the value of a rule has.
  private func grouping(of rule: AlertRule) -> [String] {
    switch rule.condition {
    case .latency: []
    case .errorRate: [names.serviceLabel]
    }
  }

  /// The latency buckets that the rule reads, or those of one bound.
  func latency(of rule: AlertRule, bound: [String]? = nil, range: String?) -> PromQLExpression {
    var labels = labels(of: rule)
    if let bound { labels.append(LabelMatcher("le", oneOf: bound)) }
    return .selector(metric: MetricNames.latencyBucket, labels: labels, range: range)
  }

  /// The call counters that the rule reads: those that failed, or all.
  func calls(of rule: AlertRule, failed: Bool, range: String?) -> PromQLExpression {
    var labels = labels(of: rule)
    if failed { labels.append(LabelMatcher(MetricNames.errorStatus)) }
    return .selector(metric: MetricNames.calls, labels: labels, range: range)
  }

  private func rateSum(_ selector: PromQLExpression, by labels: [String] = []) -> PromQLExpression {
    .sum(by: labels, .call("rate", [selector]))
  }

  private func labels(of rule: AlertRule) -> [LabelMatcher] {
    var labels = [LabelMatcher(Label(names.serviceLabel, rule.service))]
    if case .latency(let operation?, _, _) = rule.condition {
      labels.append(LabelMatcher(Label(MetricNames.operationLabel, operation)))
    }
    if !rule.spanKinds.isEmpty {
      labels.append(LabelMatcher(MetricNames.kindLabel, oneOf: rule.spanKinds.map(\.labelValue)))
    }
    return labels + rule.scope.map(LabelMatcher.init)
  }
}
