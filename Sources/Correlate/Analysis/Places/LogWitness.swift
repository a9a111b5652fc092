/// Log lines by the trace and the span that wrote them.
struct LogWitness: Sendable {
  /// A message without what varies from line to line.
  struct Template: Sendable {
    var text: String
    /// Whether it says that something went wrong.
    var tellsOfTrouble: Bool
  }

  /// A line as it counts.
  private struct Line: Hashable, Sendable {
    var service: String
    var span: UInt64
    var template: Int32
  }

  /// A message of a service that names no trace.
  private struct Loose: Hashable, Sendable {
    var service: String
    var template: Int32
  }

  /// Templates by number.
  var templates: [Template] = []
  private var lines: [SpanTable.TraceID: Set<Line>] = [:]
  /// When messages without a trace came, Unix nanoseconds.
  private var loose: [Loose: [Int64]] = [:]
  /// Stretches of time whose lines are known as a whole, Unix nanoseconds.
  var covered: [Range<Int64>] = []

  mutating func add(_ line: LogWitnessBuilder.Line, template: Int32) {
    if let trace = line.trace {
      lines[trace, default: []].insert(.init(service: line.service, span: line.span, template: template))
    } else {
      loose[.init(service: line.service, template: template), default: []].append(line.time)
    }
  }

  /// Counts the lines of a trace: by operation where the span is known, and by service.
  func note(
    _ spans: ArraySlice<SpanTable.Entry>, _ table: SpanTable, slot: Int, in observations: inout Observations
  ) {
    guard let first = spans.first, covered.contains(where: { $0.contains(first.start) }) else { return }
    var bySpan: [UInt64: Int32] = [:]
    var services: Set<Int32> = []
    for span in spans {
      services.insert(table.service(of: span.place))
      bySpan[span.id] = span.place
      observations.logCase(at: span.place, slot: slot)
    }
    for service in services { observations.logCase(at: LogWitness.place(ofService: service), slot: slot) }
    var seen: Set<[Int32]> = []
    for line in lines[table.traces[Int(first.trace)]] ?? [] {
      guard let service = table.names.known(line.service), services.contains(service) else { continue }
      let whole = LogWitness.place(ofService: service)
      if seen.insert([whole, line.template]).inserted {
        observations.event(.logs(place: whole, template: line.template), slot: slot)
      }
      if let place = bySpan[line.span] { observations.event(.logs(place: place, template: line.template), slot: slot) }
    }
  }

  /// Counts the lines that name no trace, against the requests to their service.
  func noteLoose(_ table: SpanTable, in observations: inout Observations) {
    for (line, times) in loose {
      guard let service = table.names.known(line.service) else { continue }
      let place = LogWitness.place(ofService: service)
      for time in times where covered.contains(where: { $0.contains(time) }) {
        guard let slot = observations.grid.slot(of: time) else { continue }
        observations.logLine(.logs(place: place, template: line.template), slot: slot)
      }
    }
  }

  /// A service as a whole, beside its operations.
  static func place(ofService service: Int32) -> Int32 { -1 - service }
}
