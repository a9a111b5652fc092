/// What kind of call an edge stands for; the value of the label `connection_type`.
public enum ConnectionType: String, Sendable, CaseIterable {
  case direct = ""
  case messagingSystem = "messaging_system"
  case database
  case virtualNode = "virtual_node"
}

/// One finished call.
struct FinishedCall {
  /// Which end sends no spans.
  enum VirtualNode: UInt8 {
    case none, client, server
  }

  var client: UInt32
  var server: UInt32
  var type: ConnectionType
  var virtual = VirtualNode.none
  /// The numbers of the further labels' values.
  var labels: [UInt32] = []
  var failed: Bool
  /// ns.
  var clientLatency: UInt64
  var serverLatency: UInt64
  /// From the producer's end to the consumer's start, ns; nil when it is not measured.
  var messagingLatency: UInt64?
  var weight: Weight
}

/// Counters of every pair of services.
struct EdgeTable: ~Copyable {
  struct Key: Hashable {
    var client: UInt32
    var server: UInt32
    var type: ConnectionType
    var virtual = FinishedCall.VirtualNode.none
    var labels: [UInt32] = []

    /// Whether a name is missing for which there was no room.
    var isOverflow: Bool {
      client == CallEnd.noRoom || server == CallEnd.noRoom || labels.contains(CallEnd.noRoom)
    }
  }

  let layout: EdgeLayout
  private let bounds: BucketBounds
  /// Native histograms of the server's, the client's and the messaging system's latency.
  private(set) var natives: [NativeTable]
  private var positions: [Key: Int] = [:]
  private(set) var keys: [Key] = []
  private var cells: [UnsafeMutablePointer<UInt64>] = []
  private var blocks: CellBlocks
  private let limit: Int

  /// Entry 0 takes the calls of pairs for which there is no room.
  init(_ configuration: SpanMetricsConfiguration, _ graph: ServiceGraphConfiguration) {
    layout = EdgeLayout(graph, isWeighted: configuration.isWeighted)
    bounds = BucketBounds(graph.latencyBuckets, scale: 1e9)
    blocks = CellBlocks(stride: layout.stride)
    limit = configuration.maxSeries
    natives = Array(repeating: NativeTable(configuration), count: 3)
    keys = [Key(client: CallEnd.noRoom, server: CallEnd.noRoom, type: .direct)]
    cells = [blocks.allocate()]
  }

  func cells(_ position: Int) -> UnsafeMutablePointer<UInt64> { cells[position] }

  /// Adds the counters of `other` that moved in `round` or later.
  mutating func add(_ other: borrowing EdgeTable, movedSince round: UInt64 = 0) {
    for position in other.keys.indices where other.cells[position][EdgeLayout.lastRound] >= round {
      let target = position == 0 ? 0 : self.position(other.keys[position])
      layout.merge(other.cells[position], into: cells[target])
      for index in natives.indices { natives[index].merge(other.natives[index][position], at: target) }
    }
  }

  mutating func add(_ call: FinishedCall, round: UInt64) {
    let key = Key(
      client: call.client, server: call.server, type: call.type, virtual: call.virtual, labels: call.labels)
    let position = key.isOverflow ? 0 : position(key)
    let cells = cells[position]
    if natives[0].isEnabled {
      natives[0].add(call.serverLatency, weight: call.weight, at: position)
      natives[1].add(call.clientLatency, weight: call.weight, at: position)
      if let latency = call.messagingLatency { natives[2].add(latency, weight: call.weight, at: position) }
    }
    if cells[EdgeLayout.firstRound] == 0 { cells[EdgeLayout.firstRound] = round }
    cells[EdgeLayout.lastRound] = round
    layout.server.add(call.serverLatency, bucket: bounds.bucket(of: call.serverLatency), weight: call.weight, to: cells)
    layout.client.add(call.clientLatency, bucket: bounds.bucket(of: call.clientLatency), weight: call.weight, to: cells)
    if call.failed { cells.add(call.weight.fixed, at: EdgeLayout.failed) }
    if let latency = call.messagingLatency {
      layout.messaging.add(latency, bucket: bounds.bucket(of: latency), weight: call.weight, to: cells)
    }
  }

  /// Adds the cells of a saved edge.
  mutating func restore(_ key: Key, _ saved: [UInt64], _ histograms: [NativeHistogram]) {
    let position = key.isOverflow ? 0 : position(key)
    let target = cells[position]
    for (index, histogram) in histograms.enumerated() { natives[index].merge(histogram, at: position) }
    saved.withUnsafeBufferPointer { if let base = $0.baseAddress { layout.merge(base, into: target) } }
  }

  private mutating func position(_ key: Key) -> Int {
    if let known = positions[key] { return known }
    if keys.count > limit { return 0 }
    positions[key] = keys.count
    keys.append(key)
    cells.append(blocks.allocate())
    return keys.count - 1
  }
}

/// What stands where among the cells of an edge.
struct EdgeLayout: Sendable {
  /// Failed calls, in units of `Weight`.
  static let failed = 0
  /// The writing rounds in which the edge appeared and in which it moved last.
  static let firstRound = 2
  static let lastRound = 3
  let server: HistogramCells
  let client: HistogramCells
  let messaging: HistogramCells
  let stride: Int

  init(_ graph: ServiceGraphConfiguration, isWeighted: Bool) {
    let buckets = graph.latencyBuckets.count + 1
    server = HistogramCells(start: 4, buckets: buckets, isWeighted: isWeighted)
    client = HistogramCells(start: server.end, buckets: buckets, isWeighted: isWeighted)
    messaging = HistogramCells(start: client.end, buckets: buckets, isWeighted: isWeighted)
    stride = messaging.end
  }

  func merge(_ other: UnsafePointer<UInt64>, into cells: UnsafeMutablePointer<UInt64>) {
    cells.add(other.wide(at: Self.failed), at: Self.failed)
    let first = other[Self.firstRound]
    if first != 0, cells[Self.firstRound] == 0 || first < cells[Self.firstRound] { cells[Self.firstRound] = first }
    cells[Self.lastRound] = max(cells[Self.lastRound], other[Self.lastRound])
    for histogram in [server, client, messaging] { histogram.merge(other, into: cells) }
  }
}
