import JSON
import Platform

/// A number that keeps the digits it was written with.
public struct Threshold: Sendable, Equatable {
  /// As the rule has it: `1.0` stays `1.0`.
  public let text: String
  /// The nearest double.
  public let value: Double

  /// The same number in its shortest writing.
  var canonical: Threshold { Threshold(text: FloatText.general(value), value: value) }
}

/// A label and its value.
public struct Label: Sendable, Equatable, Hashable {
  /// The name, valid for Prometheus where it comes from a rule.
  public let name: String
  /// Any text.
  public let value: String

  /// A label as it is; nothing is checked.
  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// What a rule compares.
public enum RuleCondition: Sendable, Equatable {
  /// The quantile of the latency, in milliseconds, above the threshold. Without an operation: over all of them. An exact
  /// one compares the share of calls above a bucket's bound instead of an estimate.
  case latency(operation: String?, quantile: Quantile, isExact: Bool)
  /// The percentage of calls with an error, compared with the threshold.
  case errorRate(ComparisonOperator)
  /// Calls a second, compared with the threshold; of a service that is not there, none. Without an operation: all of them.
  case callRate(operation: String?, ComparisonOperator)
  /// How fast the error budget of an objective is used up; the threshold is the objective in percent.
  case objective(ServiceObjective)
  /// What a TraceQL metrics query gives, compared with the threshold.
  case traceQL(query: String, ComparisonOperator)
}

/// A rule that was read without error.
public struct AlertRule: Sendable {
  /// What it watches.
  public var kind: RuleKind {
    switch condition {
    case .latency: .latency
    case .errorRate: .errorRate
    case .callRate: .callRate
    case .objective: .objective
    case .traceQL: .traceQL
    }
  }

  /// What it compares.
  public internal(set) var condition: RuleCondition
  /// The service; empty only where a TraceQL query names none.
  public internal(set) var service: String
  /// The kinds of spans that count; all of them when empty.
  public internal(set) var spanKinds: [WatchedKind]
  /// How many calls in the window it takes before the rule says anything.
  public internal(set) var minimumCalls: Threshold?
  /// The range that rates are taken over.
  public internal(set) var window: PromDuration
  /// Milliseconds for latency, percent for error rates and objectives, calls a second.
  public internal(set) var threshold: Threshold
  /// Labels that every series must have; empty when the scope is global.
  public internal(set) var scope: [Label]
  /// `global` when the rule has none.
  public internal(set) var scopeType: String

  /// The rule's identity in the system it comes from.
  public internal(set) var key: String?
  /// What people call it.
  public internal(set) var name: String?
  /// How bad it is, in the words of the system it comes from.
  public internal(set) var severity: String?
  /// Labels for its alerts.
  public internal(set) var labels: [Label]
  /// Annotations for its alerts, which may hold Prometheus's templates.
  public internal(set) var annotations: [Label]
  /// Where to read what to do.
  public internal(set) var runbookURL: String?
  /// How long the condition must hold before the alert fires.
  public internal(set) var holdFor: PromDuration?
  /// How long the alert keeps firing once the condition no longer holds.
  public internal(set) var keepFiringFor: PromDuration?
  /// How often it is evaluated, where it has a wish.
  public internal(set) var interval: PromDuration?
  /// Warnings that the rule silences.
  public internal(set) var ignored: Set<DiagnosticCode>

  /// Index of the text it was read from, in `RuleSet.sources`.
  public internal(set) var source: Int
  /// Where its parts stand in that text.
  public internal(set) var places: RulePlaces

  /// How the rule compares.
  public var comparison: ComparisonOperator {
    switch condition {
    case .latency, .objective: .greater
    case .errorRate(let comparison), .callRate(_, let comparison), .traceQL(_, let comparison): comparison
    }
  }

  /// The operation that the rule is about; nil for all of the service's.
  public var operation: String? {
    switch condition {
    case .latency(let operation, _, _), .callRate(let operation, _): operation
    case .objective(let objective): objective.operation
    case .errorRate, .traceQL: nil
    }
  }

  /// The unit of the value as people write it behind a number; empty when it has none.
  public var unit: String {
    switch condition {
    case .latency(_, _, isExact: false): "ms"
    case .latency(_, _, isExact: true), .errorRate: "%"
    case .callRate: "/s"
    case .objective: "x"
    case .traceQL: ""
    }
  }

  /// The unit of the threshold as the rule has it; empty when it has none.
  public var thresholdUnit: String {
    switch condition {
    case .latency: "ms"
    case .objective: "%"
    case .errorRate, .callRate, .traceQL: unit
    }
  }

  /// What the value is compared with, in `unit`: the threshold, but for an exact latency the share of calls above it, and
  /// for an objective how many times too fast its budget burns.
  public var limit: Threshold {
    switch condition {
    case .latency(_, let quantile, isExact: true): quantile.shareAbove
    case .objective(let objective): objective.factor(of: objective.pairs[0])
    default: threshold
    }
  }

  /// Whether it reads the histogram of latencies rather than the counter of calls.
  public var readsLatencies: Bool {
    switch condition {
    case .latency: true
    case .objective(let objective): objective.latencyBound != nil
    case .errorRate, .callRate, .traceQL: false
    }
  }

  /// Whether it is the second alert of an objective, of which all has been said at the first.
  public var isSecondAlert: Bool {
    if case .objective(let objective) = condition { objective.level == .ticket } else { false }
  }

  /// The limit with its unit: `800 ms`.
  public var limitText: String { unit.isEmpty ? limit.text : "\(limit.text) \(unit)" }

  /// What to call the rule in a message: its key, its name, or its kind and service.
  public var title: String {
    key ?? name ?? (service.isEmpty ? kind.rawValue : "\(kind.rawValue) of \(service)")
  }
}

/// Byte ranges of a rule's parts. Parts that the rule does not have point to what holds them.
public struct RulePlaces: Sendable {
  /// The whole rule.
  public internal(set) var rule: Range<Int>
  var conditions: ConditionPlaces
  var positions: PositionMap
  var scope: Range<Int>?
  var key: Range<Int>?
  var labels: Range<Int>?
  var annotations: Range<Int>?
  var severity: Range<Int>?
  var hold: Range<Int>?
  var runbook: Range<Int>?

  /// Ranges in the text that holds the conditions, which may be the value of a string.
  struct ConditionPlaces: Sendable {
    var threshold: Range<Int>
    var window: Range<Int>
    var comparison: Range<Int>
    var service: Range<Int>
    var operation: Range<Int>
    var spanKind: Range<Int>
    var exact: Range<Int>
    var latencyBound: Range<Int>
  }

  /// The brace that opens the rule, for what concerns all of it.
  var rulePoint: Range<Int> { rule.lowerBound..<min(rule.lowerBound + 1, rule.upperBound) }
  /// The service.
  var service: Range<Int> { positions.outer(conditions.service) }
  /// The operation.
  var operation: Range<Int> { positions.outer(conditions.operation) }

  /// The kinds of spans.
  var spanKind: Range<Int> { positions.outer(conditions.spanKind) }
  /// The latency in milliseconds that a call is compared with: a latency's threshold, or an objective's bound.
  var latencyBound: Range<Int> { positions.outer(conditions.latencyBound) }
  /// Whether the latency is exact.
  var exact: Range<Int> { positions.outer(conditions.exact) }

  /// The threshold's digits.
  public var threshold: Range<Int> { positions.outer(conditions.threshold) }
  /// The window.
  public var window: Range<Int> { positions.outer(conditions.window) }
  /// The operator.
  public var comparison: Range<Int> { positions.outer(conditions.comparison) }
}
