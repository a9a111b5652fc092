import Platform
import Traces

/// Calls from one service to another, now and before.
struct ServiceEdge: Sendable {
  /// Empty for requests from outside.
  var from: String
  var to: String
  var now: RequestTotals.Side
  var before: RequestTotals.Side
  /// Whether it speaks with the suspects: a place on it changed.
  var isChanged = false

  private static let maximum = 40

  private struct Ends: Hashable {
    var from: Int32
    var to: Int32
  }

  private struct Durations {
    var now: [Int64] = []
    var nowErrors = 0
    var before: [Int64] = []
    var beforeErrors = 0
  }

  /// The edges of the traces through the service, those with changes and then those with most calls first.
  ///
  /// - Parameter changed: the services that changed.
  static func all(_ compared: ComparedTraces, _ totals: RequestTotals, changed: Set<String>) -> [ServiceEdge] {
    let table = compared.table
    var found: [Ends: Durations] = [:]
    func count(_ span: SpanTable.Entry, _ ends: Ends) {
      let isError = span.outcome == .failed ? 1 : 0
      if totals.now.contains(span.start) {
        found[ends, default: Durations()].now.append(span.duration)
        found[ends]?.nowErrors += isError
      } else if totals.before.contains(span.start) {
        found[ends, default: Durations()].before.append(span.duration)
        found[ends]?.beforeErrors += isError
      }
    }
    for trace in compared.traces {
      var services: [UInt64: Int32] = [:]
      for span in trace { services[span.id] = table.service(of: span.place) }
      var answered = Set<UInt64>()
      for span in trace {
        let service = table.service(of: span.place)
        let caller = span.parent == 0 ? nil : services[span.parent]
        if caller == service { continue }
        answered.insert(span.parent)
        count(span, Ends(from: caller ?? -1, to: service))
      }
      // A call of something without spans of its own ends at what it names.
      for span in trace where span.peer >= 0 && !answered.contains(span.id) {
        count(span, Ends(from: table.service(of: span.place), to: span.peer))
      }
    }
    let edges = found.map { ends, durations in
      var edge = ServiceEdge(
        from: table.names[ends.from], to: table.names[ends.to],
        now: .init(durations.now, errors: durations.nowErrors),
        before: .init(durations.before, errors: durations.beforeErrors))
      edge.isChanged = edge.hasChanged && (changed.contains(edge.to) || changed.contains(edge.from))
      return edge
    }
    let sorted = edges.sorted { first, second in
      if first.isChanged != second.isChanged { return first.isChanged }
      let calls = (first.now.calls + first.before.calls, second.now.calls + second.before.calls)
      return calls.0 == calls.1 ? (first.from, first.to) < (second.from, second.to) : calls.0 > calls.1
    }
    return Array(sorted.prefix(maximum))
  }

  /// Whether its durations or failures differ by what one would look at; whether that is chance, the suspects tell.
  private var hasChanged: Bool {
    if now.calls == 0 || before.calls == 0 { return now.calls != before.calls }
    let (failing, failed) = (Double(now.errors) / Double(now.calls), Double(before.errors) / Double(before.calls))
    if failing > 2 * failed + 0.01 { return true }
    guard let p95 = now.p95, let was = before.p95, let p50 = now.p50, let half = before.p50 else { return false }
    return p95 > 1.3 * was + 1 || p50 > 1.3 * half + 1
  }
}
