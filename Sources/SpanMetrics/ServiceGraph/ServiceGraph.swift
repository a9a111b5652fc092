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
      let stale = kept == 0 ? [] : state.result(isFinal: false).edges.filter { $0.rounds.upperBound < UInt64(kept) }
      state.forgetEdges(notMovedSince: UInt64(kept))
      let result = state.result(isFinal: isFinal)
      state.round = UInt64(next)
      return (result, stale)
    }
  }

  /// The graph so far. At the end of the input, `isFinal`, what still waits is counted as if it had expired.
  func result(isFinal: Bool) -> GraphResult { state.withLock { $0.result(isFinal: isFinal) } }
}

/// What the lock of a service graph protects.
struct GraphState: ~Copyable {
  private let configuration: SpanMetricsConfiguration
  private let graph: ServiceGraphConfiguration
  private let plan: EdgeLabelPlan
  private var names: Interner
  private var waiting: WaitingEnds
  private var edges: EdgeTable
  /// Ends given up because too many waited.
  private var evicted = 0
  private var unpaired = 0
  private let user: UInt32
  /// The current writing round.
  var round: UInt64 = 1

  init(_ configuration: SpanMetricsConfiguration, _ graph: ServiceGraphConfiguration) {
    self.configuration = configuration
    self.graph = graph
    plan = EdgeLabelPlan(graph, externalLabels: configuration.externalLabels)
    var names = Interner(hash: ByteHash())
    user = names.intern("user")
    self.names = names
    waiting = WaitingEnds(limit: graph.maxWaiting)
    edges = EdgeTable(configuration, graph)
  }

  /// The graph's number for a name; `noRoom` when there is none for more names.
  mutating func number(_ name: ByteView) -> UInt32 {
    names.isFull || names.count > 2 * configuration.maxSeries + 2
      ? names.lookUp(name) ?? CallEnd.noRoom : names.intern(name)
  }

  mutating func add(_ end: CallEnd, at time: Int64) {
    // Nothing will pair with these two: a server's span without a parent was called from outside, and a database sends
    // no spans.
    if end.flags.contains(.root) {
      if let call = lonely(end) { edges.add(call, round: round) }
      return
    }
    if end.database != 0 {
      if let other = waiting.find(end.key) { waiting.remove(other.position) }
      return edges.add(
        FinishedCall(
          client: end.service, server: end.database, type: .database,
          labels: plan.values(client: end.dimensions, server: []), failed: end.flags.contains(.failed),
          clientLatency: end.latency, serverLatency: end.latency, weight: end.weight), round: round)
    }
    guard let other = waiting.find(end.key) else {
      if let evictee = waiting.add(end, at: time) {
        evicted += 1
        giveUp(evictee)
      }
      return
    }
    if other.end.flags.contains(.client) == end.flags.contains(.client) {
      var end = end
      end.inherit(other.end)
      return waiting.replace(other.position, end)
    }
    waiting.remove(other.position)
    if end.flags.union(other.end.flags).contains(.dropped) { return }
    edges.add(end.flags.contains(.client) ? pair(end, other.end) : pair(other.end, end), round: round)
  }

  mutating func expire(arrivedBy time: Int64) {
    while let end = waiting.removeOldest(arrivedBy: time) { giveUp(end) }
  }

  mutating func forgetEdges(notMovedSince kept: UInt64) {
    let isStale = edges.keys.indices.contains { position in
      let last = edges.cells(position)[EdgeLayout.lastRound]
      return last > 0 && last < kept
    }
    if !isStale { return }
    var rest = EdgeTable(configuration, graph)
    rest.add(edges, movedSince: kept)
    edges = rest
  }

  func result(isFinal: Bool) -> GraphResult {
    var all = EdgeTable(configuration, graph)
    all.add(edges)
    var lost = unpaired
    if isFinal {
      waiting.forEach { end in
        if end.flags.contains(.dropped) { return }
        if let call = lonely(end) { all.add(call, round: round) } else { lost += 1 }
      }
    }
    return GraphResult(all, names: names, graph, plan, evicted: evicted, unpaired: lost)
  }

  private mutating func giveUp(_ end: CallEnd) {
    if end.flags.contains(.dropped) { return }
    if let call = lonely(end) { edges.add(call, round: round) } else { unpaired += 1 }
  }

  private func pair(_ client: CallEnd, _ server: CallEnd) -> FinishedCall {
    let flags = client.flags.union(server.flags)
    let gap = server.time > client.time ? server.time - client.time : 0
    return FinishedCall(
      client: client.service, server: server.service,
      type: flags.contains(.messaging) ? .messagingSystem : .direct,
      labels: plan.values(client: client.dimensions, server: server.dimensions), failed: flags.contains(.failed),
      clientLatency: client.latency, serverLatency: server.latency,
      messagingLatency: graph.measuresMessaging && flags.contains(.messaging) && gap > 0 ? gap : nil,
      weight: client.weight)
  }

  /// The call of an end whose counterpart does not exist: a user's or a named peer's to a server, or a client's to the
  /// peer it names. Nil when nothing tells who that would be.
  private func lonely(_ end: CallEnd) -> FinishedCall? {
    let isClient = end.flags.contains(.client)
    if isClient ? end.peer == 0 : !end.flags.contains(.root) { return nil }
    return FinishedCall(
      client: isClient ? end.service : end.peer != 0 ? end.peer : user, server: isClient ? end.peer : end.service,
      type: .virtualNode, virtual: isClient ? .server : .client,
      labels: isClient
        ? plan.values(client: end.dimensions, server: []) : plan.values(client: [], server: end.dimensions),
      failed: end.flags.contains(.failed), clientLatency: isClient ? end.latency : 0,
      serverLatency: isClient && !end.flags.contains(.namelessDatabase) ? 0 : end.latency, weight: end.weight)
  }
}
