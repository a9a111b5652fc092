/// What a rule watches.
public enum RuleKind: String, Sendable, CaseIterable {
  /// A latency quantile of a service, or of one of its operations.
  case latency = "trace_latency"
  /// The share of a service's calls that fail, in percent.
  case errorRate = "trace_error_rate"
  /// How many calls a second there are, of a service or of one of its operations.
  case callRate = "trace_call_rate"
  /// An objective over a period, and how fast its error budget burns.
  case objective = "trace_slo"
  /// A TraceQL metrics query.
  case traceQL = "traceql_metrics"

  /// Their names, as a list in a sentence.
  static var list: String {
    let names = allCases.map(\.rawValue)
    return names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
  }

  /// Kinds of rules that the wider system evaluates itself: they watch metrics or logs, not traces.
  static let foreign: [String] = [
    "metric_threshold", "metric_raw", "metric_anomaly", "metric_forecast", "metric_burn_rate", "log_match",
    "log_search", "log_volume",
  ]

  /// What kinds were called before they got their present names, all of them about metrics.
  static let legacy = [
    "edge_offline", "edge_absence", "prom_query", "ingest_health", "health_ingest", "event_internal",
  ]

  /// Whether a kind is one of those, or would be by its name.
  static func isForeign(_ text: String) -> Bool {
    foreign.contains(text) || legacy.contains(text) || text.hasPrefix("metric_") || text.hasPrefix("log_")
  }

  /// The kind that a name of another system speaks of.
  static func meant(by text: String) -> RuleKind? {
    let lowered = text.lowercased()
    if lowered.contains("latency") || lowered.contains("duration") || lowered.hasPrefix("trace_p") { return .latency }
    if lowered.contains("error") { return .errorRate }
    if lowered.contains("slo") || lowered.contains("burn") || lowered.contains("budget") { return .objective }
    if lowered.contains("call") || lowered.contains("request") || lowered.contains("traffic") { return .callRate }
    return lowered.contains("traceql") ? .traceQL : nil
  }
}

/// The quantiles that a latency rule can watch.
public enum Quantile: String, Sendable, CaseIterable {
  case p50, p95, p99

  /// The number as PromQL takes it.
  public var number: String {
    switch self {
    case .p50: "0.5"
    case .p95: "0.95"
    case .p99: "0.99"
    }
  }

  /// The share of calls that lie above it, in percent.
  var shareAbove: Threshold {
    switch self {
    case .p50: Threshold(text: "50", value: 50)
    case .p95: Threshold(text: "5", value: 5)
    case .p99: Threshold(text: "1", value: 1)
    }
  }
}

/// How a value is compared with its threshold.
public enum ComparisonOperator: String, Sendable, CaseIterable {
  case greater = ">"
  case greaterOrEqual = ">="
  case less = "<"
  case lessOrEqual = "<="
  case equal = "=="
  case notEqual = "!="

  /// Whether `value` compared with `threshold` fires.
  public func holds(_ value: Double, _ threshold: Double) -> Bool {
    switch self {
    case .greater: value > threshold
    case .greaterOrEqual: value >= threshold
    case .less: value < threshold
    case .lessOrEqual: value <= threshold
    case .equal: value == threshold
    // A rate of nothing is not a number, which differs from every threshold without saying anything.
    case .notEqual: value != threshold && !value.isNaN
    }
  }

  /// Whether it waits for a value that is low, so that nothing at all is one.
  var holdsBelow: Bool { self == .less || self == .lessOrEqual || self == .equal }
}
