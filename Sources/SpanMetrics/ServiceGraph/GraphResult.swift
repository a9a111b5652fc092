import Platform

/// A service graph's edges, copied out so that they can be written while spans go on coming.
public struct GraphResult: Sendable {
  /// The calls from one service to another.
  public struct Edge: Sendable {
    /// Nil for the overflow edge.
    public let client: String?
    public let server: String?
    public let type: ConnectionType
    /// The labels besides those of the names and the type.
    let further: [(name: String, value: String)]
    public let requests: Double
    public let failed: Double
    /// Seconds, as the server and the client saw it.
    public let serverLatency: HistogramValue
    public let clientLatency: HistogramValue
    /// Seconds between the two; nil unless measured.
    public let messagingLatency: HistogramValue?

    /// The writing rounds in which it appeared and in which it moved last.
    let rounds: ClosedRange<UInt64>

    fileprivate var order: (String, String, String) { (client ?? "", server ?? "", type.rawValue) }

    /// The labels that are there, sorted by name.
    public var labels: [(name: String, value: String)] {
      guard let client, let server else { return [("metric_overflow", "true")] }
      let kind = type == .direct ? [] : [("connection_type", type.rawValue)]
      let labels = ([("client", client)] + kind + [("server", server)]).filter { !$0.1.isEmpty }
      return further.isEmpty ? labels : (labels + further).sorted { $0.name < $1.name }
    }
  }

  /// Sorted by client, server and type.
  public let edges: [Edge]
  /// Upper bounds of the buckets, seconds.
  public let bounds: [Double]
  /// Whether `traces_service_graph_connection_info` is wanted.
  public let includesConnectionInfo: Bool
  /// Which of its metrics are written.
  public let parts: GraphParts
  /// Spans given up because too many waited for their counterpart.
  public let evicted: Int
  /// Spans whose counterpart did not come and which name no peer.
  public let unpaired: Int

  init(
    _ table: borrowing EdgeTable, names: borrowing Interner, _ configuration: ServiceGraphConfiguration,
    _ plan: EdgeLabelPlan, evicted: Int, unpaired: Int
  ) {
    bounds = configuration.latencyBuckets
    includesConnectionInfo = configuration.includesConnectionInfo
    parts = configuration.parts
    self.evicted = evicted
    self.unpaired = unpaired
    let layout = table.layout
    var edges: [Edge] = []
    for (position, key) in table.keys.enumerated() {
      let cells = table.cells(position)
      func read(_ histogram: HistogramCells, _ index: Int) -> HistogramValue {
        var value = histogram.read(cells, scale: Double(Nanoseconds.perSecond))
        value.native = table.natives[index][position]
        return value
      }
      let server = read(layout.server, 0)
      if server.count == 0 { continue }
      var further: [(name: String, value: String)] = []
      if plan.labelsVirtualNodes, key.virtual != .none { further.append((EdgeLabelPlan.virtualNode, "\(key.virtual)")) }
      for (column, number) in zip(plan.columns, key.labels) where number != 0 {
        further.append((column.name, String(names[number])))
      }
      let messaging = read(layout.messaging, 2)
      edges.append(
        Edge(
          client: position == 0 ? nil : String(names[key.client]),
          server: position == 0 ? nil : String(names[key.server]), type: key.type, further: further,
          requests: server.count,
          failed: Double(cells.wide(at: EdgeLayout.failed)) * Weight.unit, serverLatency: server,
          clientLatency: read(layout.client, 1),
          messagingLatency: messaging.count > 0 ? messaging : nil,
          rounds: cells[EdgeLayout.firstRound]...max(cells[EdgeLayout.firstRound], cells[EdgeLayout.lastRound])))
    }
    self.edges = edges.sorted { left, right in
      let (a, b) = (left.order, right.order)
      return a == b ? left.further.lexicographicallyPrecedes(right.further, by: <) : a < b
    }
  }
}
