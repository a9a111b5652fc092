import SpanMetrics

/// The options of `ongrid spanmetrics` that shape the service graph.
enum ServiceGraphOptions {
  static let serviceGraph = Option.flag("service-graph", help: "Also derive the graph of calls between services")
  static let buckets = Option.value(
    "service-graph-buckets", "SECONDS,...", .decimals, help: "Upper bounds of the service graph's buckets, in seconds",
    documentation: "The default is Tempo's: powers of two from 0.1 to 12.8.")
  static let dimension = Option.list(
    "service-graph-dimension", "ATTRIBUTE", .text, help: "Add this attribute as a label of the edges",
    documentation: """
      Of the server's end, else of the client's; at each end the span's attribute counts, else its resource's.
      """)
  static let clientServerPrefix = Option.flag(
    "service-graph-client-server-prefix", help: "Write each such label twice, as client_NAME and server_NAME")
  static let virtualNodeLabel = Option.flag(
    "service-graph-virtual-node-label", help: "Add the label virtual_node, the end of a call that sends no spans")
  static let peerAttribute = Option.lists(
    "service-graph-peer-attribute", "ATTRIBUTE", .names, default: "peer.service,db.name,db.system,db.system.name",
    help: "Attribute that names a peer which sends no spans",
    documentation: "Repeat it, or separate names by commas; the first that a span has counts.")
  static let databaseAttribute = Option.lists(
    "service-graph-database-attribute", "ATTRIBUTE", .names, default: "db.namespace,db.name,db.system,db.system.name",
    help: "Attribute that makes a client's span a database request, and names the database",
    documentation: "Repeat it, or separate names by commas; the first that a span or its resource has counts.")
  static let messaging = Option.flag(
    "service-graph-messaging", help: "Also measure the time between producers and consumers")
  static let connectionInfo = Option.flag(
    "service-graph-connection-info", help: "Also write traces_service_graph_connection_info, 1 for every edge")
  static let requests = Option.flag(
    "service-graph-requests", default: true, help: "Write the counters of calls between services; on by default")
  static let latency = Option.flag(
    "service-graph-latency", default: true, help: "Write the histograms of calls between services; on by default")
  static let filter = Option.value(
    "service-graph-filter", "TRACEQL", .text, help: "Spans that the service graph is made of",
    documentation: "Instead of `--filter`, which then is for the spans' own metrics alone.")
  static let wait = Option.value(
    "service-graph-wait", "DURATION", .duration(), default: "10s",
    help: "How long --follow waits for the other end of a call",
    documentation: "Where the input ends, all of it is looked at.")
  static let maxWaiting = Option.value(
    "service-graph-max-waiting", "COUNT", .whole(in: 1...100_000_000), default: "200000",
    help: "Most spans that wait for the other end of their call")

  static let group = OptionGroup(
    "Service graph",
    [
      serviceGraph, buckets, dimension, clientServerPrefix, virtualNodeLabel, peerAttribute, databaseAttribute,
      messaging, connectionInfo, requests, latency, filter, wait, maxWaiting,
    ])

  /// What the command line asks for; nil when it wants no service graph.
  static func configuration(_ arguments: Arguments) throws(CommandError) -> ServiceGraphConfiguration? {
    guard try arguments[serviceGraph] else {
      for option in group.options where arguments.isGiven(option) && option.name != serviceGraph.name {
        throw .usage("--\(option.name) needs --\(serviceGraph.name)")
      }
      return nil
    }
    var graph = ServiceGraphConfiguration()
    if let bounds = try arguments[buckets] { graph.latencyBuckets = bounds }
    graph.dimensions = try arguments[dimension]
    graph.prefixesDimensions = try arguments[clientServerPrefix]
    graph.labelsVirtualNodes = try arguments[virtualNodeLabel]
    graph.peerAttributes = try arguments[peerAttribute]
    graph.databaseAttributes = try arguments[databaseAttribute]
    graph.measuresMessaging = try arguments[messaging]
    graph.includesConnectionInfo = try arguments[connectionInfo]
    graph.parts.requests = try arguments[requests]
    graph.parts.latency = try arguments[latency]
    if let text = try arguments[filter] { graph.filter = try FilterOption.condition(text, "--service-graph-filter") }
    graph.wait = try arguments[wait]
    graph.maxWaiting = try arguments[maxWaiting]
    return graph
  }
}
