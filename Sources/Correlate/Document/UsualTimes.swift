import Platform
import Traces

/// How long spans of each place take in traces without trouble.
struct UsualTimes: Sendable {
  private struct Place: Hashable {
    var service: String
    var name: String
  }

  private var medians: [Place: Int64] = [:]

  private static let minimum = 3

  init() {}

  /// Quiet times are the better comparison; without them, the traces beside the bad ones.
  init(_ sample: TraceSample) {
    let quiet = sample.baselineRest.count >= 5 ? sample.baselineRest : sample.rest
    var durations: [Place: [Int64]] = [:]
    for span in quiet.lazy.flatMap(\.spans) {
      durations[Place(service: span.service, name: span.name), default: []].append(span.duration)
    }
    medians = durations.filter { $0.value.count >= UsualTimes.minimum }.mapValues {
      Statistics.quantile($0.sorted(), 0.5)
    }
  }

  /// Nanoseconds; nil where too few are known.
  func median(of span: TraceSpan) -> Int64? { medians[Place(service: span.service, name: span.name)] }

  /// Whether a span took so much longer than usual that one would see it, or is of a place that nobody has seen.
  func isChanged(_ span: TraceSpan) -> Bool {
    guard let usual = median(of: span) else { return false }
    return span.duration > usual.multipliedSaturating(by: 3) / 2
      && span.duration.subtractingSaturating(usual) > Nanoseconds.perMillisecond
  }

  /// How much longer than usual the service took in a trace, nanoseconds.
  func excess(_ trace: Trace, of service: String) -> Int64 {
    guard let entry = trace.slowestEntry(of: service) else { return 0 }
    let span = trace.spans[entry]
    return span.duration.subtractingSaturating(median(of: span) ?? 0)
  }
}
