/// Log lines by the trace and the span that wrote them.
struct LogWitness: Sendable {
  /// A line as it counts.
  struct Line: Hashable, Sendable {
    var service: String
    var span: UInt64
    var template: Int32
  }

  /// Templates by number.
  var templates: [String] = []
  var lines: [SpanTable.TraceID: Set<Line>] = [:]
  /// Stretches of time whose lines are known as a whole, Unix nanoseconds.
  var covered: [Range<Int64>] = []

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

  /// A service as a whole, beside its operations.
  static func place(ofService service: Int32) -> Int32 { -1 - service }
}
