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
    .binary(value(of: rule), rule.comparison.rawValue, .number(rule.threshold.text))
  }

  /// The expression of what the rule compares with its threshold: milliseconds or percent.
  public func value(of rule: AlertRule) -> PromQLExpression {
    switch rule.condition {
    case .latency(_, let quantile):
      let rate = PromQLExpression.call("rate", [latency(of: rule, range: rule.window.text)])
      let estimate = PromQLExpression.call("histogram_quantile", [.number(quantile.number), .sum(by: ["le"], rate)])
      return .binary(estimate, "*", .number("1000"))
    case .errorRate:
      let failed = sumOfRates(calls(of: rule, failed: true, range: rule.window.text))
      let all = sumOfRates(calls(of: rule, failed: false, range: rule.window.text))
      return .binary(.number("100"), "*", .parentheses(.binary(failed, "/", all)))
    }
  }

  /// The latency buckets that the rule reads.
  func latency(of rule: AlertRule, range: String?) -> PromQLExpression {
    .selector(metric: MetricNames.latencyBucket, labels: labels(of: rule), range: range)
  }

  /// The call counters that the rule reads: those that failed, or all.
  func calls(of rule: AlertRule, failed: Bool, range: String?) -> PromQLExpression {
    var labels = labels(of: rule)
    if failed { labels.append(MetricNames.errorStatus) }
    return .selector(metric: MetricNames.calls, labels: labels, range: range)
  }

  private func sumOfRates(_ selector: PromQLExpression) -> PromQLExpression {
    .sum(by: [names.serviceLabel], .call("rate", [selector]))
  }

  private func labels(of rule: AlertRule) -> [Label] {
    var labels = [Label(names.serviceLabel, rule.service)]
    if case .latency(let operation?, _) = rule.condition {
      labels.append(Label(MetricNames.operationLabel, operation))
    }
    return labels + rule.scope
  }
}
