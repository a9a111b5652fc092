import Backends

/// What rules would have done with other values of one of their parts.
public struct Sweep: Sendable {
  /// A rule with what it would have done for each value.
  public struct Row: Sendable {
    public let rule: AlertRule
    /// In the order of the values; empty when the rule has no such part.
    public let tries: [(value: String, result: BacktestResult)]
  }

  public let variation: RuleVariation
  /// In the order of the rules.
  public let rows: [Row]

  /// Replays every rule of a set with every value.
  public init(_ backtest: Backtest, _ set: RuleSet, _ variation: RuleVariation) throws(BackendError) {
    self.variation = variation
    var rows: [Row] = []
    for (index, entry) in set.entries.enumerated() {
      guard let rule = entry.rule else { continue }
      var tries: [(value: String, result: BacktestResult)] = []
      for value in variation.values {
        guard let varied = variation.rule(rule, with: value) else { continue }
        tries.append((value, try backtest.run(varied, index)))
      }
      rows.append(Row(rule: rule, tries: tries))
    }
    self.rows = rows
  }
}
