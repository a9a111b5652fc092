import Platform

/// What a backtest says about rules, as diagnostics.
public struct BacktestFindings {
  private let results: [BacktestResult]
  private let maxFirings: Int?

  /// - Parameter maxFirings: How often a rule may fire; nil for any number.
  public init(_ results: [BacktestResult], maxFirings: Int?) {
    self.results = results
    self.maxFirings = maxFirings
  }

  /// An error for each rule that fires too often; `asDiagnostics` adds a note for every other, for readers that see nothing
  /// but diagnostics.
  public func all(asDiagnostics: Bool) -> [Diagnostic] {
    results.compactMap { result in
      let firings = result.firings.count
      let isTooOften = maxFirings.map { firings > $0 } ?? false
      guard isTooOften || asDiagnostics else { return nil }
      let limit = isTooOften ? ", more than the \(maxFirings ?? 0) that are allowed" : ""
      let total = firings > 0 ? ", \(DurationText.format(result.totalFiring)) in all" : ""
      let length = DurationText.format(result.end.nanoseconds - result.start.nanoseconds)
      return Diagnostic(
        isTooOften ? .firesTooOften : .wouldFire,
        "\(result.rule.title) would have fired \(firings) \(firings == 1 ? "time" : "times") in \(length)\(total)\(limit)",
        source: result.rule.source, range: result.rule.places.threshold, entry: result.entry)
    }
  }
}
