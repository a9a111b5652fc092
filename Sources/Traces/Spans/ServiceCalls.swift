/// Which service calls which in some traces: how often, with how many errors and how long.
public struct ServiceCalls: Sendable {
  /// All calls from one service to another.
  public struct Call: Sendable {
    /// Nil for requests from outside.
    public let caller: String?
    public let callee: String
    public fileprivate(set) var count = 0
    public fileprivate(set) var errors = 0
    fileprivate var durations: [Int64] = []

    /// Nanoseconds that 95 of 100 calls do not exceed.
    public var percentile95: Int64 {
      let sorted = durations.sorted()
      return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, (sorted.count * 95 + 99) / 100 - 1)]
    }
  }

  /// Those from outside first, then by caller and callee.
  public let calls: [Call]

  private struct Pair: Hashable {
    var caller: String?
    var callee: String
  }

  public init(_ traces: some Sequence<Trace>) {
    var calls: [Pair: Call] = [:]
    for trace in traces {
      for (index, span) in trace.spans.enumerated() {
        let caller = trace.parent(of: index).map { trace.spans[$0].service }
        if caller == span.service { continue }
        let pair = Pair(caller: caller, callee: span.service)
        var call = calls[pair] ?? Call(caller: caller, callee: span.service)
        call.count += 1
        call.errors += span.isError ? 1 : 0
        call.durations.append(span.duration)
        calls[pair] = call
      }
    }
    self.calls = calls.values.sorted { ($0.caller ?? "", $0.callee) < ($1.caller ?? "", $1.callee) }
  }
}
