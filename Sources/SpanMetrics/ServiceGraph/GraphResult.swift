/// A service graph's edges, copied out so that they can be written while spans go on coming.
public struct GraphResult: Sendable {
  /// The calls from one service to another.
  public struct Edge: Sendable {
    /// Nil for the overflow edge.
    public let client: String?
    public let server: String?
    public let type: ConnectionType
    public let requests: Double
    public let failed: Double
    /// Seconds, as the server and the client saw it.
    public let serverLatency: HistogramValue
    public let clientLatency: HistogramValue
    /// Seconds between the two; nil unless measured.
    public let messagingLatency: HistogramValue?

    /// The writing rounds in which it appeared and in which it moved last.
    let rounds: ClosedRange<UInt64>

    /// The labels that are there, sorted by name.
    public var labels: [(name: String, value: String)] {
      guard let client, let server else { return [("metric_overflow", "true")] }
      let kind = type == .direct ? [] : [("connection_type", type.rawValue)]
      return [("client", client)] + kind + [("server", server)]
    }
  }

  /// Sorted by client, server and type.
  public let edges: [Edge]
  /// Upper bounds of the buckets, seconds.
  public let bounds: [Double]
  /// Spans given up because too many waited for their counterpart.
  public let evicted: Int
  /// Spans whose counterpart did not come and which name no peer.
  public let unpaired: Int

  init(_ table: borrowing EdgeTable, names: borrowing Interner, bounds: [Double], evicted: Int, unpaired: Int) {
    self.bounds = bounds
    self.evicted = evicted
    self.unpaired = unpaired
    let layout = table.layout
    var edges: [Edge] = []
    for (position, key) in table.keys.enumerated() {
      let cells = table.cells(position)
      let server = layout.server.read(cells, scale: 1e9)
      if server.count == 0 { continue }
      let messaging = layout.messaging.read(cells, scale: 1e9)
      edges.append(
        Edge(
          client: position == 0 ? nil : String(names[key.client]),
          server: position == 0 ? nil : String(names[key.server]), type: key.type, requests: server.count,
          failed: Double(cells.wide(at: EdgeLayout.failed)) * Weight.unit, serverLatency: server,
          clientLatency: layout.client.read(cells, scale: 1e9),
          messagingLatency: messaging.count > 0 ? messaging : nil,
          rounds: cells[EdgeLayout.firstRound]...cells[EdgeLayout.lastRound]))
    }
    self.edges = edges.sorted {
      ($0.client ?? "", $0.server ?? "", $0.type.rawValue) < ($1.client ?? "", $1.server ?? "", $1.type.rawValue)
    }
  }
}
