import Platform

/// One search of a store of traces.
struct StorePlan: Sendable {
  enum Purpose: Sendable, Equatable {
    /// To show.
    case errors, slow
    /// To compare.
    case sample, baseline
  }

  var purpose: Purpose
  var name: String
  var query: String
  var start: Timestamp
  var end: Timestamp
  var limit: Int

  /// Milliseconds above which traces are searched for; stores cannot sort by duration, so the slowest are found by asking
  /// for several bounds at once.
  private static let bounds = [200, 1000, 5000, 25_000]
  /// How many traces of a stretch are compared.
  private static let perStretch = 40
  private static let stretches = (window: 16, baseline: 10)
  /// Shorter stretches are not worth a search.
  private static let shortest = 5 * Nanoseconds.perSecond

  static func all(_ task: CorrelationTask) -> [StorePlan] {
    var base = "resource.service.name = \(QueryText.quoted(task.service))"
    if let operation = task.incident.operation { base += " && name = \(QueryText.quoted(operation))" }
    let window = task.window
    var plans = [
      StorePlan(
        purpose: .errors, name: "errors", query: "{ \(base) && status = error }", start: window.start, end: window.end,
        limit: 50)
    ]
    var bounds = StorePlan.bounds
    if let threshold = task.incident.latencyThreshold { bounds.append(Int(threshold / Nanoseconds.perMillisecond)) }
    for bound in Set(bounds).sorted() {
      plans.append(
        StorePlan(
          purpose: .slow, name: "slow_\(bound)ms", query: "{ \(base) && duration > \(bound)ms }", start: window.start,
          end: window.end, limit: 20))
    }
    let sample = { (purpose: Purpose, name: String, start: Timestamp, end: Timestamp) in
      StorePlan(purpose: purpose, name: name, query: "{ \(base) }", start: start, end: end, limit: perStretch)
    }
    for part in parts(window.baselineStart, window.baselineEnd, stretches.baseline) {
      plans.append(sample(.baseline, "baseline_sample", part.start, part.end))
    }
    for part in parts(window.start, window.end, stretches.window) {
      plans.append(sample(.sample, "sample", part.start, part.end))
    }
    return plans
  }

  /// Parts of a time, on whole seconds.
  private static func parts(_ start: Timestamp, _ end: Timestamp, _ most: Int) -> [(start: Timestamp, end: Timestamp)] {
    let length = end.nanoseconds.subtractingSaturating(start.nanoseconds)
    let count = max(1, min(Int64(most), length / shortest))
    let bound = { (index: Int64) in
      let time = start.advanced(byNanoseconds: Int64(saturating: Double(length) * Double(index) / Double(count)))
      return index == 0 || index == count
        ? time : Timestamp(nanoseconds: time.wholeSeconds.multipliedSaturating(by: Nanoseconds.perSecond))
    }
    return (0..<count).map { (bound($0), bound($0 + 1)) }
  }
}
