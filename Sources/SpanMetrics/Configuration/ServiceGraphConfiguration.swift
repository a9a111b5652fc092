public import TraceQL

/// The service graph's settings. The defaults are those of Tempo's metrics generator, except for how many spans may wait.
public struct ServiceGraphConfiguration: Sendable {
  /// Upper bounds of the latency buckets in seconds, ascending.
  public var latencyBuckets = SpanMetricsConfiguration.exponentialBuckets(start: 0.1, count: 8)
  /// Most spans that wait for their counterpart; beyond it the oldest is given up.
  public var maxWaiting = 200_000
  /// Attributes of a span that name a peer which sends no spans, the first present counts.
  public var peerAttributes = ["peer.service", "db.name", "db.system", "db.system.name"]
  /// Attributes that make a client span a database request and name the database, the first present counts.
  public var databaseAttributes = ["db.namespace", "db.name", "db.system", "db.system.name"]
  /// Attributes that become labels of the edges, looked up on each end's span and then on its resource.
  public var dimensions: [String] = []
  /// Writes a dimension as two labels, `client_NAME` and `server_NAME`. Otherwise there is one, for which the server's
  /// end comes first.
  public var prefixesDimensions = false
  /// Adds the label `virtual_node`, which says which end of a call sends no spans: `client` or `server`.
  public var labelsVirtualNodes = false
  /// Adds the gauge `traces_service_graph_connection_info`, 1 for every edge.
  public var includesConnectionInfo = false
  /// Whether the counters of calls and of failed calls are written, and whether the histograms are.
  public var parts = GraphParts()
  /// Spans for which this does not hold are no ends of calls; nil where the filter of the spans' own metrics decides.
  public var filter: SpanCondition?
  /// How long, when the input does not end, an end of a call waits for the other.
  public var wait = Duration.seconds(10)
  /// Also measures from the end of a producer's span to the start of its consumer's.
  public var measuresMessaging = false

  public init() {}
}

/// Which metrics of the service graph are written.
public struct GraphParts: Sendable {
  public var requests = true
  public var latency = true

  public init() {}
}
