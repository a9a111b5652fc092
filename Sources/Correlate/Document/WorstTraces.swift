import Traces

/// Chooses the traces that are shown whole: those furthest from what is usual, not the longest.
enum WorstTraces {
  /// The trace in which the service took longest beyond its usual time, and the same of those in which it failed, where
  /// that is another.
  static func choose(_ candidates: [Trace], _ usual: UsualTimes, service: String) -> [Trace] {
    let sorted = candidates.map { (trace: $0, excess: usual.excess($0, of: service)) }
      .sorted { ($1.excess, $0.trace.id) < ($0.excess, $1.trace.id) }.map(\.trace)
    let failing = sorted.first { $0.failureOrigin(of: service) != nil }
    let slow = sorted.first { $0.failureOrigin(of: service) == nil }
    guard let failing else { return [slow].compactMap(\.self) }
    guard let slow else { return [failing] }
    return usual.excess(slow, of: service) > usual.excess(failing, of: service) ? [slow, failing] : [failing, slow]
  }
}
