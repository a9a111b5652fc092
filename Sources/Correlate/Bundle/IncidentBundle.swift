import Backends
import JSON
import Platform

/// All signals around an incident in the shape that ongridio/ongrid's tool `correlate_incident` answers with.
///
/// Members that are empty are left out, as that tool leaves them out; what was not asked, or failed, is named in `skipped`.
struct IncidentBundle: Sendable {
  struct LogLine: Sendable {
    var time: Timestamp
    var line: String
    var labels: [String: String]
  }

  struct TraceRow: Sendable {
    var id: String
    var service: String
    var rootName: String
    var durationMilliseconds: Int64
    var start: Timestamp
  }

  /// The host of the incident and how it is doing now.
  struct Edge: Sendable {
    var id: UInt64
    var processorPercent: Double?
    var memoryPercent: Double?
    var up: Double?
    var recentIncidents = 0
  }

  var incident: Incident
  var number: UInt64
  var start: Timestamp
  var end: Timestamp
  /// Those of the largest values, at most three.
  var metrics: [PrometheusSeries] = []
  /// Newest first, at most fifty.
  var logs: [LogLine] = []
  /// At most twenty.
  var traces: [TraceRow] = []
  var edge: Edge?
  var skipped: [String: String] = [:]
  /// Whether a source that was asked did not answer.
  var hasFailed = false

  static let maximumSeries = 3
  static let maximumLines = 50
  static let maximumLine = 200
  static let maximumTraces = 20

  /// The bundle as JSON of at most `maximumBytes` bytes. What is cut is counted in `truncated`: logs first, then traces,
  /// then the values of the series.
  func value(maximumBytes: Int) -> JSONValue {
    var bundle = self
    var truncated: [String: Int] = [:]
    var values = true
    func current() -> JSONValue { bundle.value(truncated, values: values) }
    func isTooLarge() -> Bool {
      var writer = JSONWriter()
      writer.value(current())
      return writer.bytes.count > maximumBytes
    }
    func shorten(to limit: Int) {
      bundle.incident.title = bundle.incident.title.map { String($0.prefix(limit)) }
      bundle.incident.ruleKey = bundle.incident.ruleKey.map { String($0.prefix(limit)) }
      bundle.incident.stored.ruleName = bundle.incident.stored.ruleName.map { String($0.prefix(limit)) }
      bundle.skipped = bundle.skipped.mapValues { String($0.prefix(limit)) }
    }
    // As long as the tool's own store has them.
    if isTooLarge() { shorten(to: 256) }
    // The tool's own steps, then the same further down, for it stops there.
    for (lines, rows) in [(10, 20), (10, 5), (0, 5), (0, 0)] where isTooLarge() {
      if bundle.logs.count > lines {
        truncated["log_panel"] = logs.count
        bundle.logs = Array(bundle.logs.prefix(lines))
      }
      if bundle.traces.count > rows {
        truncated["trace_panel"] = traces.count
        bundle.traces = Array(bundle.traces.prefix(rows))
      }
      if rows == 5, lines == 10, isTooLarge(), !bundle.metrics.isEmpty {
        truncated["metric_panel_values"] = 1
        values = false
      }
    }
    if isTooLarge() {
      let labels = bundle.incident.labels.count + bundle.incident.annotations.count
      if labels > 0 { truncated["labels"] = labels }
      bundle.incident.labels = [:]
      bundle.incident.annotations = [:]
      if !bundle.metrics.isEmpty { truncated["metric_panel"] = bundle.metrics.count }
      bundle.metrics = []
    }
    var limit = 128
    while isTooLarge(), limit > 2 {
      shorten(to: limit)
      limit /= 2
    }
    return current()
  }

  private func value(_ truncated: [String: Int], values: Bool) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("incident", summary), ("window", .object([("start", .time(start)), ("end", .time(end))])),
    ]
    func add(_ name: String, _ elements: [JSONValue]) {
      if !elements.isEmpty { members.append((name, .array(elements))) }
    }
    add("metric_panel", metrics.map { IncidentBundle.series($0, values: values) })
    add("log_panel", logs.map(IncidentBundle.line))
    add("trace_panel", traces.map(IncidentBundle.row))
    if let edge { members.append(("edge", IncidentBundle.value(edge))) }
    if !skipped.isEmpty { members.append(("skipped", .strings(skipped))) }
    if !truncated.isEmpty {
      members.append(("truncated", .object(truncated.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) })))
    }
    return .object(members)
  }

  /// What Go writes for a time that is not known.
  private static let noTime = "0001-01-01T00:00:00Z"

  private var summary: JSONValue {
    let stored = incident.stored
    let time = { (time: Timestamp?) in JSONValue.text(time?.rfc3339 ?? IncidentBundle.noTime) }
    var members: [(String, JSONValue)] = [
      ("id", JSONValue(.number(String(number)))), ("title", .text(incident.title ?? "")),
      ("rule_key", .text(incident.ruleKey ?? "")), ("rule_name", .text(stored.ruleName ?? "")),
      ("severity", .text(incident.severity ?? "")), ("status", .text(stored.status ?? "")),
      ("scope_type", .text(stored.scopeType ?? "")),
    ]
    if let device = stored.deviceID { members.append(("device_id", JSONValue(.number(String(device))))) }
    members += [
      ("first_fired_at", time(incident.firstFiredAt)),
      ("last_fired_at", time(stored.lastFiredAt ?? incident.firstFiredAt)),
      ("event_count", JSONValue(.number(String(stored.eventCount ?? 0)))),
    ]
    if let value = incident.value, value.isFinite { members.append(("value", NumberText.json(value))) }
    if let threshold = incident.threshold, threshold.isFinite {
      members.append(("threshold", NumberText.json(threshold)))
    }
    if !incident.labels.isEmpty { members.append(("labels", .strings(incident.labels))) }
    if !incident.annotations.isEmpty { members.append(("annotations", .strings(incident.annotations))) }
    return .object(members)
  }

  private static func series(_ series: PrometheusSeries, values: Bool) -> JSONValue {
    let samples = series.samples.map { sample -> JSONValue in
      .array([JSONValue(.number(seconds(sample.time))), .text(FloatText.general(sample.value))])
    }
    return .object([("labels", .strings(series.labels)), ("values", values ? .array(samples) : JSONValue(.null))])
  }

  private static func seconds(_ time: Timestamp) -> String {
    let milliseconds = time.subsecondNanoseconds / Nanoseconds.perMillisecond
    guard milliseconds > 0 else { return String(time.wholeSeconds) }
    return "\(time.wholeSeconds)." + String(String(milliseconds + 1000).dropFirst())
  }

  private static func line(_ line: LogLine) -> JSONValue {
    var members: [(String, JSONValue)] = [("ts", .time(line.time)), ("line", .text(line.line))]
    if !line.labels.isEmpty { members.append(("labels", .strings(line.labels))) }
    return .object(members)
  }

  private static func row(_ row: TraceRow) -> JSONValue {
    var members: [(String, JSONValue)] = [("trace_id", .text(row.id))]
    if !row.service.isEmpty { members.append(("service", .text(row.service))) }
    if !row.rootName.isEmpty { members.append(("root_name", .text(row.rootName))) }
    if row.durationMilliseconds != 0 {
      members.append(("duration_ms", JSONValue(.number(String(row.durationMilliseconds)))))
    }
    members.append(("start_time", .text(String(row.start.nanoseconds))))
    return .object(members)
  }

  private static func value(_ edge: Edge) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("id", JSONValue(.number(String(edge.id)))), ("name", .text("")),
      // Known is only what `up` says.
      ("status", .text(edge.up.map { $0 > 0 ? "online" : "offline" } ?? "")),
    ]
    let load = [("cpu_pct", edge.processorPercent), ("mem_pct", edge.memoryPercent), ("up", edge.up)].compactMap {
      (name, value) in value.flatMap { $0.isFinite ? (name, NumberText.json($0)) : nil }
    }
    if !load.isEmpty { members.append(("current_load", .object(load))) }
    members.append(("recent_incidents_24h", .int(edge.recentIncidents)))
    return .object(members)
  }
}
