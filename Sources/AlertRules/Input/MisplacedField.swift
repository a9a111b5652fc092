/// What is known about a field that stands where it has no meaning.
enum MisplacedField {
  /// A field of another kind's conditions; nil when it is none.
  static func hint(_ name: String, _ kind: RuleKind) -> String? {
    switch (kind, name) {
    case (.latency, "operator"), (.objective, "operator"): "\(kind.rawValue) always compares with >"
    case (.latency, "threshold_pct"): "trace_latency has \"threshold_ms\", in milliseconds"
    case (.errorRate, "operation"): "trace_error_rate is about the whole service"
    case (.errorRate, "threshold_ms"): "trace_error_rate has \"threshold_pct\", in percent"
    case (_, "quantile") where kind != .latency: "only trace_latency has a quantile"
    case (_, "exact") where kind != .latency: "only a trace_latency can be exact"
    case (.callRate, "threshold_ms"), (.callRate, "threshold_pct"):
      "trace_call_rate has \"threshold_per_second\", in calls a second"
    case (.callRate, "min_calls"): "the number of calls is what trace_call_rate compares"
    case (.objective, "window"): "the windows of a trace_slo follow from its \"period\""
    case (.objective, "threshold_pct"): "trace_slo has \"objective_pct\", the percentage of calls that are to be good"
    case (.traceQL, "span_kind"), (.traceQL, "operation"), (.traceQL, "min_calls"):
      "a traceql_metrics says in its \"query\" which spans count"
    default: nil
    }
  }

  /// A field that belongs into the conditions, at the top of a rule.
  static func outside(_ name: String) -> String? {
    let inside = RuleKind.allCases.contains { ConditionsDecoder.fields(of: $0).contains(name) }
    return inside ? "\(Quoting.text(name)) belongs into \"conditions_json\"" : nil
  }
}
