import Platform

/// How many requests of each kind entered the service, how many failed and how long they took, now and before.
struct RequestTotals: Sendable {
  /// One side of the comparison. Without calls there is no duration: nothing is not zero.
  struct Side: Sendable, Equatable {
    var calls = 0
    var errors = 0
    /// Milliseconds.
    var p50: Double?
    var p95: Double?

    init(_ durations: [Int64], errors: Int) {
      calls = durations.count
      self.errors = errors
      guard !durations.isEmpty else { return }
      let sorted = durations.sorted()
      p50 = Nanoseconds.milliseconds(Statistics.quantile(sorted, 0.5))
      p95 = Nanoseconds.milliseconds(Statistics.quantile(sorted, 0.95))
    }
  }

  struct Row: Sendable {
    /// The span's name; nil for all kinds together.
    var name: String?
    var now: Side
    var before: Side
  }

  /// All kinds together first, then each, most calls first.
  var rows: [Row] = []
  /// Kinds for which there was no room.
  var leftOut = 0
  /// What counts as now and as before.
  var now: Range<Int64>
  var before: Range<Int64>

  private static let maximum = 10

  private struct Durations {
    var now: [Int64] = []
    var nowErrors = 0
    var before: [Int64] = []
    var beforeErrors = 0

    func row(_ name: String?) -> Row {
      Row(name: name, now: .init(now, errors: nowErrors), before: .init(before, errors: beforeErrors))
    }
  }

  /// - Parameter onset: since when it counts as now; nil for the whole window.
  init(
    _ compared: ComparedTraces, service: String, operation: String?, window: CorrelationWindow, onset: Int64?,
    over: Int64?
  ) {
    let start = max(window.start.nanoseconds, onset ?? window.start.nanoseconds)
    let end = min(window.end.nanoseconds, over ?? window.end.nanoseconds)
    now = start..<max(start, end)
    before = window.baselineStart.nanoseconds..<max(window.baselineStart.nanoseconds, start)
    let table = compared.table
    var byName: [Int32: Durations] = [:]
    var all = Durations()
    for trace in compared.traces {
      // A request enters where the span above is another service's, or not there.
      var services: [UInt64: Int32] = [:]
      for span in trace { services[span.id] = table.service(of: span.place) }
      for span in trace {
        let place = table.places[Int(span.place)]
        guard table.names[place.service] == service, operation == nil || table.names[place.name] == operation,
          span.parent == 0 || services[span.parent] != place.service
        else { continue }
        let isError = span.outcome == .failed ? 1 : 0
        if now.contains(span.start) {
          all.now.append(span.duration)
          all.nowErrors += isError
          byName[place.name, default: Durations()].now.append(span.duration)
          byName[place.name]?.nowErrors += isError
        } else if before.contains(span.start) {
          all.before.append(span.duration)
          all.beforeErrors += isError
          byName[place.name, default: Durations()].before.append(span.duration)
          byName[place.name]?.beforeErrors += isError
        }
      }
    }
    let kinds = byName.map { (name: table.names[$0.key], durations: $0.value) }.sorted {
      ($1.durations.now.count + $1.durations.before.count, $0.name)
        < ($0.durations.now.count + $0.durations.before.count, $1.name)
    }
    rows = [all.row(nil)]
    // One kind is the same as all.
    rows += kinds.prefix(RequestTotals.maximum).map { $0.durations.row($0.name) }
    if kinds.count == 1 { rows.removeFirst() }
    if kinds.isEmpty { rows = [] }
    leftOut = max(0, kinds.count - RequestTotals.maximum)
  }

  /// Calls a minute.
  static func rate(_ side: Side, _ time: Range<Int64>) -> Double? {
    let minutes = Nanoseconds.seconds(time.upperBound - time.lowerBound) / 60
    return minutes > 0 ? Double(side.calls) / minutes : nil
  }
}
