import Backends
import Platform
import Transport

/// Asks Loki for the lines of all services in the traces, in stretches of the window and of the time before.
struct LogWitnessSource: Sendable {
  let url: HTTPURL
  let task: CorrelationTask
  let grid: TimeGrid
  /// Most spans first.
  let services: [String]

  /// As many as a Loki gives by default.
  private static let limit = 5000
  private static let maximumServices = 60
  private static let stretches = 10

  private var selector: String {
    let names = services.prefix(LogWitnessSource.maximumServices).map(LogWitnessSource.escaped).joined(separator: "|")
    return "{service_name=~\(QueryText.quoted(names))}"
  }

  /// A name as a regular expression.
  private static func escaped(_ name: String) -> String {
    String(name.flatMap { "\\.+*?()|[]{}^$".contains($0) ? ["\\", $0] : [$0] })
  }

  func ask() -> SourceOutcome<LogWitness> {
    let begin = monotonicNanoseconds()
    let ranges = self.ranges
    let query = selector
    let answers = Parallel.map(ranges.count, width: 10) { send(query, ranges[$0]) }
    var outcome = SourceOutcome(panel: LogWitness())
    var found: [Answer] = []
    for (range, answer) in zip(ranges, answers) {
      outcome.queries.append(
        SentQuery(
          source: "loki", name: "templates", path: "/loki/api/v1/query_range", query: query,
          start: Timestamp(nanoseconds: range.lowerBound), end: Timestamp(nanoseconds: range.upperBound)))
      switch answer {
      case .failure(let error): outcome.failures.append(("templates", error.description))
      case .success(let answer):
        outcome.answered = true
        found.append(answer)
      }
    }
    var builder = LogWitnessBuilder()
    for answer in found {
      if !answer.covered.isEmpty { builder.covered.append(answer.covered) }
      for line in answer.lines { builder.add(line) }
    }
    outcome.panel = builder.witness()
    outcome.elapsed = monotonicNanoseconds() - begin
    return outcome
  }

  /// Pieces of the time before the window and of the window, each asked for from its end backwards.
  private var ranges: [Range<Int64>] {
    let split = { (from: Int64, to: Int64) -> [Range<Int64>] in
      let length = to.subtractingSaturating(from)
      guard length >= Nanoseconds.perSecond else { return [] }
      let part = length / Int64(LogWitnessSource.stretches)
      return (0..<LogWitnessSource.stretches).map { index in
        let start = from + part * Int64(index)
        return start..<(index == LogWitnessSource.stretches - 1 ? to : start + part)
      }
    }
    return split(grid.start, grid.windowStart)
      + split(grid.windowStart, grid.end.addingSaturating(Nanoseconds.perSecond))
  }

  private struct Answer: Sendable {
    var lines: [LogWitnessBuilder.Line] = []
    var covered: Range<Int64>
  }

  private func send(_ query: String, _ range: Range<Int64>) -> Result<Answer, BackendError> {
    Result { () throws(BackendError) in
      let client = try LokiClient(url: url, options: task.configuration.lokiHTTP, retry: CorrelateConfiguration.retry)
      task.prepare(client.client)
      let answer = try client.queryRange(
        query, start: Timestamp(nanoseconds: range.lowerBound), end: Timestamp(nanoseconds: range.upperBound),
        limit: LogWitnessSource.limit)
      guard case .entries(let entries) = answer else { return Answer(covered: range.lowerBound..<range.lowerBound) }
      return read(entries, range)
    }
  }

  private func read(_ entries: [LokiEntry], _ range: Range<Int64>) -> Answer {
    var from = range.lowerBound
    if entries.count >= LogWitnessSource.limit, let oldest = entries.last {
      from = min(range.upperBound, max(from, oldest.time.nanoseconds))
    }
    // Requests near the end may write their lines after it.
    let margin = min(2 * Nanoseconds.perSecond, (range.upperBound - from) / 10)
    let isLast = range.upperBound >= grid.end
    var answer = Answer(covered: from..<(isLast ? range.upperBound : range.upperBound - margin))
    for entry in entries {
      guard let service = entry.labels["service_name"] else { continue }
      let line = LogSource.line(entry)
      answer.lines.append(
        .init(
          trace: line.traceID.flatMap(SpanTable.TraceID.init(hex:)), service: service,
          span: line.spanID.flatMap { UInt64($0, radix: 16) } ?? 0, time: entry.time.nanoseconds, text: entry.line))
    }
    return answer
  }
}

extension SpanTable.TraceID {
  /// From 32 hexadecimal digits.
  init?(hex: String) {
    guard hex.utf8.count == 32, let high = UInt64(hex.prefix(16), radix: 16),
      let low = UInt64(hex.suffix(16), radix: 16)
    else { return nil }
    self.high = high
    self.low = low
  }
}
