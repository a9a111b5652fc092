/// Metrics of one name, as Prometheus understands them.
public struct MetricFamily: Sendable {
  public enum Kind: Sendable {
    case counter, gauge, histogram
  }

  enum Source: Sendable {
    case calls, latency, size, sizeTotal
    case requests, failed, connectionInfo, serverLatency, clientLatency, messagingLatency
    case targetInfo
  }

  /// Counters end in `_total`.
  public let name: String
  public let help: String
  public let kind: Kind
  /// The upper bounds of a histogram's buckets, without +Inf.
  public let bounds: [Double]
  let source: Source
}

/// One series of a family.
public struct MetricPoint {
  public enum Value {
    case number(Double)
    case histogram(HistogramValue)
  }

  /// Sorted by name.
  public let labels: [MetricLabel]
  public let value: Value
  /// A counter's exemplar.
  public var exemplar: Exemplar?
  /// A histogram's, by bucket; empty when none are kept.
  public var exemplars: [Exemplar?] = []
  /// The writing rounds in which it appeared and in which it moved last; nil for what is merely so.
  public var rounds: ClosedRange<UInt64>?
}

/// A snapshot as families of series, each to be had by its place: the one form from which all others are written.
public struct MetricTable: Sendable {
  /// The families that have anything.
  public let families: [MetricFamily]
  private let snapshot: SpanMetricsSnapshot
  /// Positions of series; nil for all as they are.
  private let order: [Int32]?
  private let edges: [GraphResult.Edge]
  private let targets: [[(name: String, value: String)]]

  /// - Parameter sorted: whether series come in the order of their labels, which takes time to find.
  public init(_ snapshot: SpanMetricsSnapshot, sorted: Bool = true) {
    self.snapshot = snapshot
    order = sorted ? snapshot.sorted : nil
    edges = snapshot.graph?.edges ?? []
    targets = snapshot.targets
    families = Self.families(snapshot, hasTargets: !targets.isEmpty)
  }

  /// What has ended.
  init(stale: StaleSeries) {
    snapshot = stale.snapshot
    order = stale.positions
    edges = stale.edges
    targets = []
    families = Self.families(stale.snapshot, hasTargets: false)
  }

  private static func families(_ snapshot: SpanMetricsSnapshot, hasTargets: Bool) -> [MetricFamily] {
    var families: [MetricFamily] = []
    func add(
      _ source: MetricFamily.Source, _ name: String, _ kind: MetricFamily.Kind, _ help: String, _ bounds: [Double] = []
    ) {
      families.append(MetricFamily(name: name, help: help, kind: kind, bounds: bounds, source: source))
    }
    if snapshot.hasSeries {
      let profile = snapshot.profile
      add(.calls, profile.calls, .counter, "Spans counted.")
      add(
        .latency, profile.latency, .histogram, "Duration of spans in \(profile.latencyUnit).",
        snapshot.latencyBounds.map { $0 * profile.latencyUnit.perSecond })
      switch snapshot.layout.size {
      case .off: break
      case .total: add(.sizeTotal, "traces_spanmetrics_size_total", .counter, "Size of spans in bytes.")
      case .histogram:
        add(.size, "traces_spanmetrics_size", .histogram, "Size of spans in bytes.", snapshot.sizeBounds)
      }
    }
    if let graph = snapshot.graph, !graph.edges.isEmpty {
      let prefix = "traces_service_graph_request"
      add(.requests, prefix + "_total", .counter, "Calls from one service to another.")
      add(.failed, prefix + "_failed_total", .counter, "Calls that failed.")
      if graph.includesConnectionInfo {
        add(.connectionInfo, "traces_service_graph_connection_info", .gauge, "Which services call which.")
      }
      add(
        .serverLatency, prefix + "_server_seconds", .histogram, "Duration of calls as the server saw it.", graph.bounds)
      add(
        .clientLatency, prefix + "_client_seconds", .histogram, "Duration of calls as the client saw it.", graph.bounds)
      if graph.edges.contains(where: { $0.messagingLatency != nil }) {
        add(
          .messagingLatency, prefix + "_messaging_system_seconds", .histogram, "From the producer to the consumer.",
          graph.bounds)
      }
    }
    if hasTargets {
      add(.targetInfo, "traces_target_info", .gauge, "Attributes of the resources that sent spans.")
    }
    return families
  }

  /// Which buckets are wanted where both can be written.
  public var form: HistogramForm { snapshot.histograms }

  /// How many places a family has.
  public func count(_ family: MetricFamily) -> Int {
    switch family.source {
    case .calls, .latency, .size, .sizeTotal: order?.count ?? snapshot.positions
    case .targetInfo: targets.count
    default: edges.count
    }
  }

  /// The series at a place; nil where there is none. Its labels are valid as long as the table is.
  public func point(_ family: MetricFamily, _ index: Int) -> MetricPoint? {
    switch family.source {
    case .calls, .latency, .size, .sizeTotal:
      return series(family, at: order.map { Int($0[index]) } ?? index)
    case .targetInfo:
      return MetricPoint(labels: targets[index].map { MetricLabel($0.name, .text($0.value)) }, value: .number(1))
    default: return edge(family, edges[index])
    }
  }

  private func series(_ family: MetricFamily, at position: Int) -> MetricPoint? {
    var latency = snapshot.latency(position)
    if latency.count == 0 { return nil }
    let perSecond = snapshot.profile.latencyUnit.perSecond
    if perSecond != 1 {
      let native = latency.native
      latency = HistogramValue(sum: latency.sum * perSecond, cumulative: latency.cumulative)
      latency.native = native
    }
    let value: MetricPoint.Value
    switch family.source {
    case .calls: value = .number(latency.count)
    case .latency: value = .histogram(latency)
    case .sizeTotal: value = .number(snapshot.size(position)?.sum ?? 0)
    default: value = .histogram(snapshot.size(position) ?? HistogramValue(sum: 0, cumulative: []))
    }
    var point = MetricPoint(
      labels: snapshot.labels(position), value: value, rounds: snapshot.rounds(position))
    switch family.source {
    case .calls: point.exemplar = snapshot.exemplars(position).counter?.scaled(by: perSecond)
    case .latency: point.exemplars = snapshot.exemplars(position).buckets.map { $0?.scaled(by: perSecond) }
    default: break
    }
    return point
  }

  private func edge(_ family: MetricFamily, _ edge: GraphResult.Edge) -> MetricPoint? {
    let value: MetricPoint.Value
    switch family.source {
    case .requests: value = .number(edge.requests)
    case .failed: value = .number(edge.failed)
    case .connectionInfo: value = .number(1)
    case .serverLatency: value = .histogram(edge.serverLatency)
    case .clientLatency: value = .histogram(edge.clientLatency)
    default:
      guard let messaging = edge.messagingLatency else { return nil }
      value = .histogram(messaging)
    }
    let labels = edge.labels.map { MetricLabel($0.name, .text($0.value)) }
    if case .connectionInfo = family.source { return MetricPoint(labels: labels, value: value) }
    return MetricPoint(labels: labels, value: value, rounds: edge.rounds)
  }
}
