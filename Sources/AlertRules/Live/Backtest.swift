import Backends
import Platform

/// What a rule would have done in the past.
public struct BacktestResult: Sendable {
  /// A time during which the alert would have been firing.
  public struct Firing: Sendable, Equatable {
    /// The evaluation at which `for` was over.
    public let start: Timestamp
    /// The first evaluation at which the condition no longer held; the end of the backtest if it still did.
    public let end: Timestamp
    /// Whether it still fired at the end of the backtest.
    public let isOpen: Bool
    /// The rule's value at `start`.
    public let value: Double

    /// How long it lasted.
    public var nanoseconds: Int64 { end.nanoseconds - start.nanoseconds }
  }

  /// Index in `RuleSet.entries`.
  public let entry: Int
  /// The rule that was replayed.
  public let rule: AlertRule
  /// The first evaluation.
  public let start: Timestamp
  /// The last evaluation.
  public let end: Timestamp
  /// Nanoseconds between evaluations.
  public let step: Int64
  /// How often the rule would have been evaluated.
  public let evaluations: Int
  /// In the order of time.
  public internal(set) var firings: [Firing] = []
  /// Evaluations that had a value, in order of time.
  public internal(set) var samples: [PrometheusSample] = []

  /// Nanoseconds of all firings together.
  public var totalFiring: Int64 { firings.reduce(0) { $0 + $1.nanoseconds } }
  /// Nanoseconds of the longest firing.
  public var longestFiring: Int64 { firings.map(\.nanoseconds).max() ?? 0 }

  /// Minimum, median and maximum of the values; nil when there were none.
  public var distribution: (minimum: Double, median: Double, maximum: Double)? {
    let sorted = samples.map(\.value).sorted()
    guard let first = sorted.first, let last = sorted.last else { return nil }
    let middle = sorted.count / 2
    let median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    return (first, median, last)
  }
}

/// Replays rules over the past.
public struct Backtest {
  private let samples: any RuleSamples
  private let start: Timestamp
  private let end: Timestamp
  private let step: Int64

  /// - Parameters:
  ///   - samples: Who knows what the rules' values were.
  ///   - range: How far to go back from `end`.
  ///   - end: The last evaluation is the last multiple of `step` that is not after it.
  ///   - step: Time between evaluations, at least a millisecond.
  public init(samples: any RuleSamples, range: Duration, end: Timestamp, step: Duration) {
    self.samples = samples
    self.step = max(step, .milliseconds(1)).nanoseconds
    self.end = Backtest.floor(end, self.step)
    self.start = self.end.advanced(byNanoseconds: -(range.nanoseconds / self.step) * self.step)
  }

  /// Replays rules over a recording, from the evaluation after its first span to the one after its last.
  public init(samples: any RuleSamples, first: Timestamp, last: Timestamp, step: Duration) {
    self.samples = samples
    self.step = max(step, .milliseconds(1)).nanoseconds
    self.start = Backtest.floor(first, self.step).advanced(byNanoseconds: self.step)
    self.end = max(self.start, Backtest.floor(last.advanced(byNanoseconds: self.step - 1), self.step))
  }

  private static func floor(_ time: Timestamp, _ step: Int64) -> Timestamp {
    Timestamp(nanoseconds: time.nanoseconds / step * step)
  }

  /// How many evaluations of a rule there are.
  public var evaluations: Int { Int((end.nanoseconds - start.nanoseconds) / step) + 1 }

  /// Results in the order of the rules.
  public func run(_ set: RuleSet) throws(BackendError) -> [BacktestResult] {
    var results: [BacktestResult] = []
    for (index, entry) in set.entries.enumerated() {
      if let rule = entry.rule { results.append(try run(rule, index)) }
    }
    return results
  }

  /// What one rule would have done; `index` is its place in `RuleSet.entries`.
  public func run(_ rule: AlertRule, _ index: Int) throws(BackendError) -> BacktestResult {
    // A query over traces has a value every window.
    guard rule.kind == .traceQL else { return try run(rule, index, start, end, step) }
    let window = rule.window.nanoseconds
    let first = Backtest.floor(start, window).advanced(byNanoseconds: start.nanoseconds % window == 0 ? 0 : window)
    return try run(rule, index, first, max(first, Backtest.floor(end, window)), window)
  }

  private func run(
    _ rule: AlertRule, _ index: Int, _ start: Timestamp, _ end: Timestamp, _ step: Int64
  ) throws(BackendError) -> BacktestResult {
    let hold = Duration.milliseconds(rule.holdFor?.milliseconds ?? 0).nanoseconds
    // An alert may have been pending when the backtest begins, so evaluation begins that much earlier.
    let lead = hold / step + (hold % step == 0 ? 0 : 1)
    let from = start.advanced(byNanoseconds: -lead * step)
    let series = try samples.series(of: rule, start: from, end: end, step: step)
    let evaluations = Int((end.nanoseconds - start.nanoseconds) / step) + 1
    var result = BacktestResult(
      entry: index, rule: rule, start: start, end: end, step: step, evaluations: evaluations)
    for one in series {
      result.firings += firings(one, of: result, hold)
      result.samples += one.samples.filter { $0.time >= start && !$0.value.isNaN }
    }
    result.firings.sort { $0.start < $1.start }
    if series.count > 1 { result.samples.sort { $0.time < $1.time } }
    return result
  }

  /// The firings of one series, as Prometheus's alert state machine has them: pending at the first evaluation that
  /// holds, firing at the first one that is `hold` later, over at the first that does not hold or has no value.
  private func firings(_ series: JudgedSeries, of result: BacktestResult, _ hold: Int64) -> [BacktestResult.Firing] {
    let (start, end, step) = (result.start, result.end, result.step)
    var firings: [BacktestResult.Firing] = []
    var activeSince: Timestamp?
    var fired: PrometheusSample?
    var previous: Timestamp?
    func close(_ at: Timestamp, open: Bool) {
      if let begun = fired, at > start || (open && at >= start) {
        firings.append(
          BacktestResult.Firing(start: max(begun.time, start), end: at, isOpen: open, value: begun.value))
      }
      fired = nil
      activeSince = nil
    }
    for sample in series.samples {
      // An evaluation without a value lies between the two.
      if let before = previous, sample.time.nanoseconds - before.nanoseconds > step + step / 2 {
        close(before.advanced(byNanoseconds: step), open: false)
      }
      previous = sample.time
      guard series.holds(sample, result.rule) else {
        close(sample.time, open: false)
        continue
      }
      let since = activeSince ?? sample.time
      activeSince = since
      if fired == nil, sample.time.nanoseconds - since.nanoseconds >= hold { fired = sample }
      // The value shown is that of the first evaluation inside the backtest.
      if let begun = fired, begun.time < start { fired = PrometheusSample(time: sample.time, value: sample.value) }
    }
    guard let last = previous else { return firings }
    if last >= end { close(end, open: true) } else { close(last.advanced(byNanoseconds: step), open: false) }
    return firings
  }
}
