import Backends
import Platform
import Transport

/// What Loki knows of the service.
struct LogPanel: Sendable {
  struct Line: Sendable {
    var time: Timestamp
    var level: String
    var text: String
    /// 32 and 16 digits.
    var traceID: String?
    var spanID: String?
    /// How many lines are alike, this one among them.
    var count = 1
    /// Traces of the others.
    var otherTraceIDs: [String] = []
  }

  struct Level: Sendable {
    var level: String
    var samples: [PrometheusSample]

    var total: Double { samples.map(\.value).filter(\.isFinite).reduce(0, +) }
  }

  /// Error-like lines, the newest of each kind, newest first.
  var lines: [Line] = []
  /// Counts over time, most lines first.
  var levels: [Level] = []
}

extension LogPanel {
  private static let maximumOthers = 50

  /// One line for all that differ only in numbers and ids: the newest that names a trace, or else the newest.
  static func folded(_ lines: [Line]) -> [Line] {
    var kinds: [String: Int] = [:]
    var folded: [Line] = []
    for line in lines {
      guard let place = kinds[line.level + " " + LogTemplate.words(line.text).joined(separator: " ")] else {
        kinds[line.level + " " + LogTemplate.words(line.text).joined(separator: " ")] = folded.count
        folded.append(line)
        continue
      }
      folded[place].count += 1
      guard let id = line.traceID, id != folded[place].traceID, folded[place].otherTraceIDs.count < maximumOthers else {
        continue
      }
      if folded[place].traceID == nil {
        let count = folded[place].count
        folded[place] = line
        folded[place].count = count
      } else {
        folded[place].otherTraceIDs.append(id)
      }
    }
    return folded.sorted { $0.time > $1.time }
  }
}

/// Asks Loki.
struct LogSource: Sendable {
  let url: HTTPURL
  let task: CorrelationTask

  private static let maximumLines = 200
  /// Longer lines are cut, in characters.
  private static let maximumLine = 2000

  func ask() -> SourceOutcome<LogPanel> {
    let begin = monotonicNanoseconds()
    let queries = self.queries
    let answers = Parallel.map(queries.count) { index in send(queries[index]) }
    var outcome = SourceOutcome(panel: LogPanel(), queries: queries)
    for (query, answer) in zip(queries, answers) {
      switch answer {
      case .failure(let error): outcome.failures.append((query.name, error.description))
      case .success(.entries(let entries)):
        outcome.answered = true
        outcome.panel.lines = LogPanel.folded(entries.map(LogSource.line))
      case .success(.matrix(let series)):
        outcome.answered = true
        outcome.panel.levels = LogSource.levels(series)
      }
    }
    outcome.elapsed = monotonicNanoseconds() - begin
    return outcome
  }

  private var step: Int64 { max(10_000_000_000, task.window.length / 30) }

  private var queries: [SentQuery] {
    let selector = task.configuration.logSelector ?? "{service_name=\(QueryText.quoted(task.service))}"
    let seconds = step / 1_000_000_000
    return [
      SentQuery(
        source: "loki", name: "lines", path: "/loki/api/v1/query_range",
        query: selector + " |~ `(?i)(error|exception|fatal|panic|fail|timeout|refused|critical)`",
        start: task.window.start, end: task.window.end),
      SentQuery(
        source: "loki", name: "levels", path: "/loki/api/v1/query_range",
        query: "sum by (level, detected_level) (count_over_time(\(selector)[\(seconds)s]))",
        start: task.window.start, end: task.window.end, step: step),
    ]
  }

  private func send(_ query: SentQuery) -> Result<LokiClient.Answer, BackendError> {
    Result { () throws(BackendError) in
      let client = try LokiClient(url: url, options: task.configuration.lokiHTTP, retry: CorrelateConfiguration.retry)
      task.prepare(client.client)
      return try client.queryRange(
        query.query, start: task.window.start, end: task.window.end, limit: LogSource.maximumLines, step: query.step)
    }
  }

  static func line(_ entry: LokiEntry) -> LogPanel.Line {
    let text = entry.line.count > maximumLine ? entry.line.prefix(maximumLine) + "…" : entry.line
    let trace = ["trace_id", "traceID", "traceid", "traceId"].lazy.compactMap { entry.labels[$0] }.first
    let span = ["span_id", "spanID", "spanid", "spanId"].lazy.compactMap { entry.labels[$0] }.first
    return LogPanel.Line(
      time: entry.time, level: entry.labels["level"] ?? entry.labels["detected_level"] ?? "", text: String(text),
      traceID: (trace ?? LogFields.value(["trace_id", "traceID", "traceId", "trace.id"], in: entry.line))
        .flatMap { TraceIDText.padded($0) },
      spanID: (span ?? LogFields.value(["span_id", "spanID", "spanId", "span.id"], in: entry.line))
        .flatMap { TraceIDText.paddedSpan($0) })
  }

  private static func levels(_ series: [PrometheusSeries]) -> [LogPanel.Level] {
    var levels: [String: [PrometheusSample]] = [:]
    for one in series {
      let level = one.labels["level"] ?? one.labels["detected_level"] ?? "unknown"
      levels[level, default: []] += one.samples
    }
    return levels.map { LogPanel.Level(level: $0.key, samples: merged($0.value)) }
      .sorted { ($1.total, $0.level) < ($0.total, $1.level) }
  }

  /// One sample for each time, in order.
  private static func merged(_ samples: [PrometheusSample]) -> [PrometheusSample] {
    var sums: [Timestamp: Double] = [:]
    for sample in samples { sums[sample.time, default: 0] += sample.value }
    return sums.map { PrometheusSample(time: $0.key, value: $0.value) }.sorted { $0.time < $1.time }
  }
}

/// Finds fields in log lines: `key=value` and `"key":"value"`.
enum LogFields {
  static func value(_ keys: [String], in line: String) -> String? {
    let bytes = Array(line.utf8.prefix(8192))
    for key in keys {
      let name = Array(key.utf8)
      var from = 0
      while let start = find(name, in: bytes, from: from) {
        from = start + name.count
        var index = from
        if index < bytes.count, bytes[index] == UInt8(ascii: "\"") { index += 1 }
        guard index < bytes.count, bytes[index] == UInt8(ascii: "=") || bytes[index] == UInt8(ascii: ":") else {
          continue
        }
        index += 1
        while index < bytes.count, bytes[index] == UInt8(ascii: "\"") || bytes[index] == UInt8(ascii: " ") {
          index += 1
        }
        let value = bytes[index...].prefix { isHex($0) }
        if value.count >= 8 { return String(decoding: value, as: UTF8.self) }
      }
    }
    return nil
  }

  private static func find(_ needle: [UInt8], in bytes: [UInt8], from: Int) -> Int? {
    guard let first = needle.first, bytes.count >= needle.count else { return nil }
    var index = from
    while index <= bytes.count - needle.count {
      if bytes[index] == first, bytes[index..<index + needle.count].elementsEqual(needle) { return index }
      index += 1
    }
    return nil
  }

  private static func isHex(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}
