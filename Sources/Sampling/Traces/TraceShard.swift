import Platform

/// A part of the traces that are not judged, with the verdicts on those that were.
///
/// `@unchecked Sendable`: everything is used under `lock` only.
final class TraceShard: @unchecked Sendable {
  let lock = Monitor<Void>(())
  private var traces: [TraceKey: OpenTrace] = [:]
  var memory: VerdictMemory
  /// Those that have rested for longest come first.
  private unowned(unsafe) var first: OpenTrace?
  private unowned(unsafe) var last: OpenTrace?

  /// - Parameter buckets: of verdicts, four each.
  init(buckets: Int) { memory = VerdictMemory(buckets: buckets) }

  func trace(_ key: TraceKey) -> OpenTrace? { traces[key] }

  func open(_ trace: OpenTrace) {
    traces[trace.key] = trace
    link(trace)
  }

  /// New spans of it have come.
  func touch(_ trace: OpenTrace, now: Int64) {
    trace.lastArrival = now
    if trace === last { return }
    unlink(trace)
    link(trace)
  }

  func remove(_ trace: OpenTrace) {
    traces[trace.key] = nil
    unlink(trace)
  }

  private func link(_ trace: OpenTrace) {
    trace.previous = last
    last?.next = trace
    last = trace
    if first == nil { first = trace }
  }

  private func unlink(_ trace: OpenTrace) {
    let next = trace.next
    trace.previous?.next = next
    next?.previous = trace.previous
    if trace === first { first = next }
    if trace === last { last = trace.previous }
    trace.next = nil
    trace.previous = nil
  }

  /// Takes out up to `count` traces that have rested since before `limit`.
  func takeRested(before limit: Int64, count: Int) -> [OpenTrace] {
    var taken: [OpenTrace] = []
    while taken.count < count, let trace = first, trace.lastArrival <= limit {
      remove(trace)
      taken.append(trace)
    }
    return taken
  }
}
