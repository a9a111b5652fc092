import Platform

/// An objective for a share of good calls over a period, and one of the two alerts on how fast its error budget burns: a few
/// windows of different length, as in the SRE workbook, "Alerting on SLOs", method 6.
public struct ServiceObjective: Sendable, Equatable {
  /// Who is told of a burn.
  public enum Level: String, Sendable, CaseIterable {
    /// It must be looked at now.
    case page
    /// It must be looked at within days.
    case ticket
  }

  /// Two windows that both must burn too fast: the long one says that it matters, the short one that it goes on.
  public struct WindowPair: Sendable, Equatable {
    public let long: PromDuration
    public let short: PromDuration
    /// Percent of the period's budget that is gone when the long window burns at the limit.
    let budgetShare: Double

    fileprivate init(_ long: Int64, _ short: Int64, _ budgetShare: Double) {
      self.long = PromDuration(milliseconds: long * 60_000)
      self.short = PromDuration(milliseconds: short * 60_000)
      self.budgetShare = budgetShare
    }
  }

  /// The operation that it is about; nil for all of the service's.
  public let operation: String?
  /// Percent of calls that are to be good.
  public let objective: Threshold
  /// A call is good up to this latency in milliseconds, a bucket's bound; without one, when it does not fail.
  public let latencyBound: Threshold?
  /// Over which the objective holds.
  public let period: PromDuration
  /// The severity of the second alert.
  let ticketSeverity: String
  /// Which of the two alerts this is.
  public internal(set) var level: Level

  /// The periods that the windows are made for, in milliseconds.
  static let periods: ClosedRange<Int64> = 28 * 86_400_000...366 * 86_400_000

  /// The pairs of an alert; it fires when one of them does.
  public var pairs: [WindowPair] { ServiceObjective.pairs(level) }

  static func pairs(_ level: Level) -> [WindowPair] {
    switch level {
    case .page: [WindowPair(60, 5, 2), WindowPair(360, 30, 5)]
    case .ticket: [WindowPair(1440, 120, 10), WindowPair(4320, 360, 10)]
    }
  }

  /// Every window of both alerts, the shortest first.
  static let windows: [PromDuration] = {
    var windows: [PromDuration] = []
    let all = Level.allCases.flatMap { pairs($0) }.flatMap { [$0.short, $0.long] }
    for window in all.sorted(by: { $0.milliseconds < $1.milliseconds }) where !windows.contains(window) {
      windows.append(window)
    }
    return windows
  }()

  /// How many times faster than the budget allows a pair's windows must burn.
  public func factor(of pair: WindowPair) -> Threshold {
    let times = Double(period.milliseconds) / Double(pair.long.milliseconds)
    return ServiceObjective.number(pair.budgetShare / 100 * times, decimals: 4)
  }

  /// The same with another objective, in percent.
  func with(_ objective: Threshold) -> ServiceObjective {
    ServiceObjective(
      operation: operation, objective: objective, latencyBound: latencyBound, period: period,
      ticketSeverity: ticketSeverity, level: level)
  }

  /// The share of calls that may be bad.
  public var budget: Threshold { ServiceObjective.number((100 - objective.value) / 100, decimals: 12) }

  /// The share of calls that are to be good.
  var ratio: Threshold { ServiceObjective.number(objective.value / 100, decimals: 12) }

  /// Without the digits that come of computing in binary.
  private static func number(_ value: Double, decimals: Int) -> Threshold {
    let rounded = Double(FloatText.rounded(value, decimals: decimals)) ?? value
    return Threshold(text: FloatText.general(rounded), value: rounded)
  }
}

extension AlertRule {
  /// The second alert of an objective; nil for other rules.
  var secondAlert: AlertRule? {
    guard case .objective(var objective) = condition, objective.level == .page else { return nil }
    objective.level = .ticket
    var rule = self
    rule.condition = .objective(objective)
    rule.severity = objective.ticketSeverity
    return rule
  }

  /// What an objective is called in the label `slo`; nil for other rules.
  var objectiveName: String? {
    guard case .objective(let objective) = condition else { return nil }
    if let name = key ?? name { return name }
    let subject = ([service, objective.operation].compactMap(\.self) + spanKinds.map(\.rawValue)).joined(separator: " ")
    let bound = objective.latencyBound.map { " below \($0.text) ms" } ?? ""
    return "\(subject) \(objective.objective.text) %\(bound)"
  }
}
