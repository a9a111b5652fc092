import OTLP
import Platform

/// The calls between services, put together from both ends of each.
///
/// All aggregators of a run share one: the two ends of a call may be read by different threads. They hand over the ends
/// found in a request at once, so that the lock is taken once a request, not once a span.
public final class ServiceGraph: Sendable {
  private let state: Monitor<GraphState>

  /// Nil when the configuration wants no service graph.
  public init?(_ configuration: SpanMetricsConfiguration) {
    guard let graph = configuration.serviceGraph else { return nil }
    state = Monitor(GraphState(configuration, graph))
  }

  /// Takes over the ends in `pending` and empties it.
  func add(_ pending: inout PendingEdges, names: borrowing Interner) {
    guard !pending.ends.isEmpty else { return }
    let now = Timestamp.now.nanoseconds
    // The graph's numbers for the names of this request's ends; few, so that looking each up once is enough.
    var numbers = [CallEnd.noRoom: CallEnd.noRoom]
    state.withLock { state in
      for end in pending.ends {
        var end = end
        for name in [end.service, end.peer, end.database] + end.dimensions where name != 0 && numbers[name] == nil {
          numbers[name] = state.number(names[name])
        }
        end.service = numbers[end.service] ?? 0
        end.peer = numbers[end.peer] ?? 0
        end.database = numbers[end.database] ?? 0
        end.dimensions = end.dimensions.map { numbers[$0] ?? 0 }
        state.add(end, at: now)
      }
    }
    pending.removeAll()
  }

  /// Says in which writing round what comes now is.
  func begin(round: UInt32) { state.withLock { $0.round = UInt64(round) } }

  /// Gives up the ends that came before `time` (ns since 1970): their counterparts will not come.
  public func expire(before time: Int64) {
    state.withLock { $0.expire(arrivedBy: time) }
  }

  /// The graph so far; what comes after it belongs to the writing round `next`. Edges that did not move in round `kept`
  /// or later are left out and forgotten; `stale` are these.
  func finishRound(
    next: UInt32, keepingEdgesSince kept: UInt32, isFinal: Bool
  ) -> (result: GraphResult, stale: [GraphResult.Edge]) {
    state.withLock { state in
      if isFinal { state.giveUpAll() }
      let stale = kept == 0 ? [] : state.result(isFinal: false).edges.filter { $0.rounds.upperBound < UInt64(kept) }
      state.forgetEdges(notMovedSince: UInt64(kept))
      let result = state.result(isFinal: isFinal)
      state.round = UInt64(next)
      return (result, stale)
    }
  }

  /// What came since the last round, which is forgotten; what comes after it belongs to the writing round `next`.
  func takeRound(next: UInt32, isFinal: Bool) -> GraphResult {
    state.withLock { state in
      if isFinal { state.giveUpAll() }
      let result = state.result(isFinal: isFinal)
      state.forgetEdges()
      state.round = UInt64(next)
      return result
    }
  }

  /// Writes everything there is to a state that is saved.
  func save(into buffer: inout ByteBuffer, withWaiting: Bool) {
    let saved = state.withLock { state in
      var saved = ByteBuffer(capacity: 4096)
      state.save(into: &saved, withWaiting: withWaiting)
      return saved
    }
    buffer.append(saved.view)
  }

  /// Goes on where a saved state stopped. Those that wait have come now.
  func restore(_ message: ByteView) throws(WireError) {
    try state.withLock { (state) throws(WireError) in try state.restore(message, at: Timestamp.now.nanoseconds) }
  }

  /// The graph so far. At the end of the input, `isFinal`, what still waits is counted as if it had expired.
  func result(isFinal: Bool) -> GraphResult { state.withLock { $0.result(isFinal: isFinal) } }
}
