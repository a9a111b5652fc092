/// A series that Prometheus computes and keeps.
public struct RecordingRule: Sendable {
  /// The name of the series.
  public let name: String
  /// What it is.
  public let expression: PromQLExpression
  /// Labels that every sample gets.
  public let labels: [Label]
  /// Whether it is over the whole period of an objective, which needs not be computed often.
  public let isOverPeriod: Bool
}

/// The series that the samples of a `traceql_metrics` are recorded as.
public enum RecordedQuery {
  /// Its name.
  public static let metric = "ongrid_traceql_value"
  /// The label that holds the rule's key, or its name.
  public static let ruleLabel = "rule"

  static func selector(of rule: AlertRule) -> PromQLExpression {
    let label = LabelMatcher(Label(ruleLabel, rule.title))
    return .selector(metric: metric, labels: [label], range: nil)
  }
}
