import Backends
import Platform

/// The questions that rules raise to a Prometheus. Answers about labels are kept: many rules ask the same.
///
/// Not thread-safe, like the client it asks.
public final class RuleServer {
  private let client: PrometheusClient
  /// How far back series count as seen, in nanoseconds.
  private static let seenWithin: Int64 = 86_400_000_000_000
  private var labelNames: [String: [String]] = [:]
  private var labelValues: [String: [String]] = [:]

  /// Asks through `client`, which it then owns.
  public init(_ client: PrometheusClient) {
    self.client = client
  }

  /// The label names of the series that `selector` matches, seen in the day before `now`.
  func labelNames(matching selector: String, now: Timestamp) throws(BackendError) -> [String] {
    if let known = labelNames[selector] { return known }
    let start = now.advanced(byNanoseconds: -RuleServer.seenWithin)
    let names = try client.labelNames(matching: [selector], start: start, end: now)
    labelNames[selector] = names
    return names
  }

  /// The values of a label of the series that `selector` matches, seen in the day before `now`.
  func labelValues(_ name: String, matching selector: String, now: Timestamp) throws(BackendError) -> [String] {
    let key = "\(name)\u{0}\(selector)"
    if let known = labelValues[key] { return known }
    let start = now.advanced(byNanoseconds: -RuleServer.seenWithin)
    let values = try client.labelValues(name, matching: [selector], start: start, end: now)
    labelValues[key] = values
    return values
  }

  /// The series of an instant query.
  func query(_ expression: String, at time: Timestamp) throws(BackendError) -> [PrometheusSeries] {
    try client.query(expression, at: time).series
  }

  /// The series of a range query, asked for in parts that the server can take.
  ///
  /// A server limits the samples one query may load and the time it may run. Where a part is over a limit it is halved,
  /// down to a single evaluation.
  func queryRange(
    _ expression: String, start: Timestamp, end: Timestamp, step: Int64
  ) throws(BackendError) -> [PrometheusSeries] {
    var merged: [[String: String]: [PrometheusSample]] = [:]
    var from = start
    var points: Int64 = 5_000
    while from <= end {
      let last = min(from.advanced(byNanoseconds: step * (points - 1)), end)
      let part: [PrometheusSeries]
      do throws(BackendError) {
        part = try client.queryRange(expression, start: from, end: last, step: step)
      } catch {
        guard RuleServer.isOverLimit(error), points > 1 else { throw error }
        points = max(points / 2, 1)
        continue
      }
      for series in part { merged[series.labels, default: []] += series.samples }
      // The next evaluation after the last one of this part, which lies on the grid that began at `start`.
      from = from.advanced(byNanoseconds: step * points)
    }
    return merged.map { PrometheusSeries(labels: $0.key, samples: $0.value) }
  }

  private static func isOverLimit(_ error: BackendError) -> Bool {
    let text = error.description
    return ["too many samples", "maximum resolution", "query timed out", "exceeded maximum"].contains {
      text.contains($0)
    }
  }
}
