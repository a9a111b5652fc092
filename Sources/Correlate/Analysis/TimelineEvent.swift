import Backends
import Platform

/// Something that happened at a time.
struct TimelineEvent: Sendable {
  enum Kind: String, Sendable, CaseIterable {
    case incident, metric, log, trace
  }

  var time: Timestamp
  var kind: Kind
  var text: String

  /// Events in order of time.
  static func find(_ evidence: Evidence) -> [TimelineEvent] {
    var events: [TimelineEvent] = []
    if let fired = evidence.incident.firstFiredAt {
      events.append(.init(time: fired, kind: .incident, text: evidence.incident.title ?? "the incident fired"))
    }
    for series in evidence.metrics?.series ?? [] where series.name != "call_rate" {
      events += onset(of: series)
    }
    if let calls = evidence.metrics?.series.first(where: { $0.name == "call_rate" }) { events += drop(of: calls) }
    events += logEvents(evidence.logs)
    if let traces = evidence.traces {
      if let first = traces.errors.min(by: { $0.start < $1.start }) {
        events.append(
          .init(
            time: first.start, kind: .trace,
            text: "earliest failing trace listed: \(first.rootService) \(first.rootName)"))
      }
      if let slowest = traces.slowest.first {
        events.append(
          .init(
            time: slowest.start, kind: .trace,
            text: "slowest trace: \(slowest.rootName), \(Milliseconds.text(slowest.durationMilliseconds))"))
      }
    }
    return events.sorted { $0.time < $1.time }
  }

  /// The first of two samples in a row well above the baseline, and the peak.
  private static func onset(of series: MetricSeries) -> [TimelineEvent] {
    guard series.name != "rule" else {
      guard let first = series.window.first(where: { $0.value.isFinite }) else { return [] }
      return [.init(time: first.time, kind: .metric, text: "the rule's expression has a value: \(number(first.value))")]
    }
    guard let usual = series.baselineMean else {
      // Where nothing was measured before, it cannot have risen.
      guard let first = series.window.first(where: { $0.value.isFinite }) else { return [] }
      return [
        .init(
          time: first.time, kind: .metric,
          text: "\(series.name) is \(number(first.value)) \(series.unit), and there is no data before")
      ]
    }
    let deviation = spread(series.baseline, usual)
    let bound = max(usual * 1.5, usual + 4 * deviation, series.unit == "%" ? 0.5 : 1)
    let values = series.window
    guard values.count > 1 else { return [] }
    for index in 0..<(values.count - 1) where values[index].value > bound && values[index + 1].value > bound {
      let peak = series.peak.map { ", peak \(number($0.value))\(series.unit)" } ?? ""
      return [
        .init(
          time: values[index].time, kind: .metric,
          text: "\(series.name) rises from \(number(usual)) to \(number(values[index].value)) \(series.unit)\(peak)")
      ]
    }
    return []
  }

  private static func drop(of series: MetricSeries) -> [TimelineEvent] {
    guard let usual = series.baselineMean, usual > 0 else { return [] }
    guard let low = series.window.first(where: { $0.value < usual / 2 }) else { return [] }
    return [
      .init(
        time: low.time, kind: .metric, text: "call_rate falls from \(number(usual)) to \(number(low.value)) calls/s")
    ]
  }

  private static func logEvents(_ panel: LogPanel?) -> [TimelineEvent] {
    guard let panel else { return [] }
    var events: [TimelineEvent] = []
    if let first = panel.lines.last {
      events.append(
        .init(time: first.time, kind: .log, text: "earliest error-like line listed: \(first.text.prefix(120))"))
    }
    let errors = panel.levels.filter { ["error", "critical", "fatal"].contains($0.level) }.flatMap(\.samples)
    if let peak = errors.max(by: { $0.value < $1.value }) {
      events.append(.init(time: peak.time, kind: .log, text: "most error lines in an interval: \(number(peak.value))"))
    }
    return events
  }

  private static func spread(_ samples: [PrometheusSample], _ mean: Double) -> Double {
    let values = samples.map(\.value).filter(\.isFinite)
    guard values.count > 1 else { return 0 }
    return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
  }

  private static func number(_ value: Double) -> String { NumberText.short(value) }
}
