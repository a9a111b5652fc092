/// Metrics of one name, as Prometheus understands them.
public struct MetricFamily: Sendable {
  public enum Kind: Sendable {
    case counter, gauge, histogram
  }

  enum Source: Sendable {
    case calls, latency, size, sizeTotal, events
    case requests, failed, connectionInfo, serverLatency, clientLatency, messagingLatency
    case targetInfo, hostInfo
  }

  /// Counters end in `_total`.
  public let name: String
  /// As OTLP has it, and the unit there; empty where the name says it.
  let otlpName: String
  let unit: String
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
  private let hosts: [[(name: String, value: String)]]
  private let eventOrder: [Int]

  /// - Parameter sorted: whether series come in the order of their labels, which takes time to find.
  public init(_ snapshot: SpanMetricsSnapshot, sorted: Bool = true) {
    self.snapshot = snapshot
    order = sorted ? snapshot.sorted : nil
    edges = snapshot.graph?.edges ?? []
    targets = snapshot.targets
    hosts = snapshot.hosts
    eventOrder = snapshot.sortedEvents
    families = Self.families(snapshot, hasTargets: !targets.isEmpty)
  }

  /// What has ended.
  init(stale: StaleSeries) {
    snapshot = stale.snapshot
    order = stale.positions
    edges = stale.edges
    targets = []
    hosts = []
    eventOrder = []
    families = Self.families(stale.snapshot, hasTargets: false)
  }

  private static func families(_ snapshot: SpanMetricsSnapshot, hasTargets: Bool) -> [MetricFamily] {
    var families: [MetricFamily] = []
    func add(
      _ source: MetricFamily.Source, _ name: String, _ kind: MetricFamily.Kind, _ help: String, _ bounds: [Double] = [],
      otlp: String? = nil, unit: String = ""
    ) {
      families.append(
        MetricFamily(
          name: name, otlpName: otlp ?? name, unit: unit, help: help, kind: kind, bounds: bounds, source: source))
    }
    let profile = snapshot.profile
    let parts = snapshot.parts
    if snapshot.hasSeries {
      if parts.calls { add(.calls, profile.calls, .counter, "Spans counted.", otlp: profile.otlp?.calls) }
      if parts.latency {
        add(
          .latency, profile.latency, .histogram, "Duration of spans in \(profile.latencyUnit).",
          snapshot.latencyBounds.map { $0 * profile.latencyUnit.perSecond }, otlp: profile.otlp?.latency,
          unit: profile.otlp == nil ? "" : profile.latencyUnit.rawValue)
      }
      switch snapshot.layout.size {
      case .off: break
      case .total: add(.sizeTotal, profile.sizePrefix + "_size_total", .counter, "Size of spans in bytes.")
      case .histogram:
        add(.size, profile.sizePrefix + "_size", .histogram, "Size of spans in bytes.", snapshot.sizeBounds)
      }
    }
    if !snapshot.events.isEmpty {
      add(
        .events, profile.events, .counter, "Events of spans counted.", otlp: profile.otlp?.events)
    }
    if let graph = snapshot.graph, !graph.edges.isEmpty {
      let prefix = "traces_service_graph_request"
      if graph.parts.requests {
        add(.requests, prefix + "_total", .counter, "Calls from one service to another.")
        add(.failed, prefix + "_failed_total", .counter, "Calls that failed.")
      }
      if graph.includesConnectionInfo {
        add(.connectionInfo, "traces_service_graph_connection_info", .gauge, "Which services call which.")
      }
      if graph.parts.latency {
        add(
          .serverLatency, prefix + "_server_seconds", .histogram, "Duration of calls as the server saw it.",
          graph.bounds)
        add(
          .clientLatency, prefix + "_client_seconds", .histogram, "Duration of calls as the client saw it.",
          graph.bounds)
        if graph.edges.contains(where: { $0.messagingLatency != nil }) {
          add(
            .messagingLatency, prefix + "_messaging_system_seconds", .histogram, "From the producer to the consumer.",
            graph.bounds)
        }
      }
    }
    if hasTargets {
      add(.targetInfo, "traces_target_info", .gauge, "Attributes of the resources that sent spans.")
    }
    if !snapshot.hosts.isEmpty {
      add(.hostInfo, "traces_host_info", .gauge, "Hosts that sent spans.")
    }
    return families
  }

  /// Whether spans may count other than once.
  var isWeighted: Bool { snapshot.layout.isWeighted }

  /// The attributes that OTLP has in the place of labels, by label, where they have other names.
  var attributeNames: [String: String] { snapshot.attributeNames }

  /// Which buckets are wanted where both can be written.
  public var form: HistogramForm { snapshot.histograms }

  /// How many places a family has.
  public func count(_ family: MetricFamily) -> Int {
    switch family.source {
    case .calls, .latency, .size, .sizeTotal: order?.count ?? snapshot.positions
    case .targetInfo: targets.count
    case .hostInfo: hosts.count
    case .events: eventOrder.count
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
    case .hostInfo:
      return MetricPoint(labels: hosts[index].map { MetricLabel($0.name, .text($0.value)) }, value: .number(1))
    case .events: return snapshot.eventPoint(eventOrder[index])
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
