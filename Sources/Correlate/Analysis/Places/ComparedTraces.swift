import Platform

/// The traces through a service, in window and baseline, as far as comparing their places takes.
struct ComparedTraces: Sendable {
  let table: SpanTable
  /// The spans of each trace, in order of start; traces in order of their first span.
  let traces: [ArraySlice<SpanTable.Entry>]
  let grid: TimeGrid
  /// When it happened, Unix nanoseconds.
  private let moment: Int64?
  var leftOut: Int { table.leftOut }

  init(_ table: consuming SpanTable, service: String, operation: String?, window: CorrelationWindow) {
    // Sorted in place: two copies of all spans would be the largest thing in memory.
    var spans = table.takeSpans()
    self.table = table
    spans.sort { ($0.trace, $0.start, $1.duration) < ($1.trace, $1.start, $0.duration) }
    let wanted = table.names.known(service)
    let places = table.places.map { place in
      place.service == wanted && (operation == nil || table.names[place.name] == operation)
    }
    var traces: [ArraySlice<SpanTable.Entry>] = []
    var from = 0
    while from < spans.count {
      var to = from + 1
      while to < spans.count, spans[to].trace == spans[from].trace { to += 1 }
      let time = spans[from].start
      if window.contains(time) || window.baselineContains(time),
        spans[from..<to].contains(where: { places[Int($0.place)] })
      {
        traces.append(spans[from..<to])
      }
      from = to
    }
    traces.sort { ($0.first?.start ?? 0, $0.first?.trace ?? 0) < ($1.first?.start ?? 0, $1.first?.trace ?? 0) }
    self.traces = traces
    moment = window.moment?.nanoseconds
    let first = traces.first?.first?.start ?? window.start.nanoseconds
    let last = traces.last?.first?.start ?? window.end.nanoseconds
    grid = TimeGrid(
      start: max(first, window.baselineStart.nanoseconds), windowStart: window.start.nanoseconds,
      end: min(window.end.nanoseconds, last.addingSaturating(1)))
  }

  /// Names of the services in the traces, most spans first.
  var services: [String] {
    var counts: [Int32: Int] = [:]
    for trace in traces {
      for span in trace { counts[table.service(of: span.place), default: 0] += 1 }
    }
    return counts.filter { !table.names[$0.key].isEmpty }
      .sorted { ($1.value, table.names[$0.key]) < ($0.value, table.names[$1.key]) }.map { table.names[$0.key] }
  }

  func verdict(logs: LogWitness? = nil, resources: [PlaceFinding] = []) -> PlaceVerdict {
    let observations = TraceWalk.observe(table, traces, grid: grid, logs: logs)
    return PlaceAnalysis(table: table, observations: observations, moment: moment).verdict(resources: resources)
  }
}
