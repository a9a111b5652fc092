import Backends
import Platform

/// What a rule says at one moment.
public struct RuleVerdict: Sendable {
  /// Index in `RuleSet.entries`.
  public let entry: Int
  /// The rule that was evaluated.
  public let rule: AlertRule
  /// Milliseconds or percent; nil when there is nothing to compute it from.
  public let value: Double?
  /// Whether the condition holds. `for` is not applied: that takes a history.
  public let isFiring: Bool
}

/// Evaluates rules now.
public struct RuleEvaluator {
  private let server: RuleServer
  private let compiler: RuleCompiler

  /// Asks `server`.
  public init(server: RuleServer, compiler: RuleCompiler) {
    self.server = server
    self.compiler = compiler
  }

  /// Verdicts in the order of the rules.
  public func evaluate(_ set: RuleSet, at time: Timestamp) throws(BackendError) -> [RuleVerdict] {
    var verdicts: [RuleVerdict] = []
    for (index, entry) in set.entries.enumerated() {
      guard let rule = entry.rule else { continue }
      let values = try server.query(compiler.value(of: rule).text, at: time).compactMap { $0.samples.last?.value }
      let firing = values.first { rule.comparison.holds($0, rule.limit.value) }
      // NaN is how a quantile or a ratio of nothing comes out.
      let value = firing ?? values.first
      verdicts.append(
        RuleVerdict(entry: index, rule: rule, value: value.flatMap { $0.isNaN ? nil : $0 }, isFiring: firing != nil))
    }
    return verdicts
  }
}
