import Platform

/// What a rule says at one moment.
public struct RuleVerdict: Sendable {
  /// How things stand.
  public enum State: String, Sendable {
    /// The condition has held for as long as the rule wants.
    case firing
    /// The condition holds, but not yet for as long.
    case pending
    /// The condition does not hold.
    case ok
    /// There are calls, and none of them has ever failed.
    case noErrors = "no errors"
    /// There are series, but no calls in the window, or fewer than the rule needs.
    case fewCalls = "few calls"
    /// The service has series, but none of this operation, kind or scope.
    case noOperation = "no such operation"
    /// The service has no series.
    case noSeries = "no series"

    /// Whether the series that the rule reads are there.
    public var hasSeries: Bool { self != .noOperation && self != .noSeries }
  }

  /// Index in `RuleSet.entries`.
  public let entry: Int
  /// The rule that was evaluated.
  public let rule: AlertRule
  /// How things stand.
  public let state: State
  /// Milliseconds or percent; nil when there is nothing to compute it from.
  public let value: Double?
  /// Since when the condition holds, as far as `for` makes that worth knowing.
  public let activeSince: Timestamp?

  /// Whether the alert would be firing.
  public var isFiring: Bool { state == .firing }
}
