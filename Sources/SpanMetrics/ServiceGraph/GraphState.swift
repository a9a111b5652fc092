import Platform

/// What the lock of a service graph protects.
struct GraphState: ~Copyable {
  private let configuration: SpanMetricsConfiguration
  private let graph: ServiceGraphConfiguration
  private let plan: EdgeLabelPlan
  var names: Interner
  var waiting: WaitingEnds
  /// Root servers that were counted, for when the same span comes again.
  var roots: WaitingEnds
  var edges: EdgeTable
  /// Ends given up because too many waited.
  var evicted = 0
  var unpaired = 0
  private let user: UInt32
  /// The current writing round.
  var round: UInt64 = 1

  init(_ configuration: SpanMetricsConfiguration, _ graph: ServiceGraphConfiguration) {
    self.configuration = configuration
    self.graph = graph
    plan = EdgeLabelPlan(graph, externalLabels: configuration.externalLabels)
    var names = Interner(hash: ByteHash(), maxBytes: configuration.maxLabelBytes)
    user = names.intern("user")
    self.names = names
    waiting = WaitingEnds(limit: graph.maxWaiting)
    roots = WaitingEnds(limit: graph.maxWaiting)
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
      if roots.find(end.key) != nil { return }
      _ = roots.add(end, at: time)
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
    while roots.removeOldest(arrivedBy: time) != nil {}
  }

  /// Counts all that wait as if they had expired: nothing more will come.
  mutating func giveUpAll() {
    while let end = waiting.removeOldest() { giveUp(end) }
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

  mutating func forgetEdges() { edges = EdgeTable(configuration, graph) }

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
