import Platform
public import Traces

/// The traces an analysis works on, sorted into those with trouble and those without.
public struct TraceSample: Sendable {
  /// Traces in which the service failed or was slow, in the window.
  public var bad: [Trace] = []
  /// Other traces of the window.
  public var rest: [Trace] = []
  /// The same for the baseline.
  public var baselineBad: [Trace] = []
  public var baselineRest: [Trace] = []

  /// How many traces there were, of which the above may be a part.
  public var windowCounts = Counts()
  public var baselineCounts = Counts()
  /// Whether the counts are those of all traces; otherwise they are those of the sample, and say nothing about rates.
  public var hasRates = false

  public struct Counts: Sendable, Equatable {
    public var bad = 0
    public var all = 0
  }

  public init() {}
}

/// When a span of the service counts as slow.
struct Slowness: Sendable {
  /// Nanoseconds by operation, from the baseline.
  var byOperation: [String: Int64] = [:]
  /// For operations the baseline does not know enough of; nil: never slow.
  var otherwise: Int64?

  /// Operations seen less often have no threshold of their own.
  private static let minimumSamples = 20

  /// Takes the durations seen in quiet times: slow is what is a quarter above the 95th percentile, unless the rule that
  /// fired says what slow is.
  init(baseline: [String: [Int64]], ruleThreshold: Int64?) {
    if let ruleThreshold {
      otherwise = ruleThreshold
      return
    }
    var all: [Int64] = []
    for (operation, durations) in baseline {
      all += durations
      if durations.count >= Slowness.minimumSamples {
        byOperation[operation] = Slowness.threshold(durations)
      }
    }
    if all.count >= Slowness.minimumSamples { otherwise = Slowness.threshold(all) }
  }

  func isSlow(_ operation: String, _ duration: Int64) -> Bool {
    guard let threshold = byOperation[operation] ?? otherwise else { return false }
    return duration > threshold
  }

  private static func threshold(_ durations: [Int64]) -> Int64 {
    let usual = Statistics.quantile(durations.sorted(), 0.95)
    return usual.addingSaturating(usual / 4)
  }
}

extension Trace {
  /// Whether the service failed or was slow in this trace.
  func isBad(service: String, operation: String?, slowness: Slowness) -> Bool {
    spans.contains { span in
      guard span.service == service, operation == nil || span.name == operation else { return false }
      return span.isError || slowness.isSlow(span.name, span.duration)
    }
  }
}
