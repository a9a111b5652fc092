/// Attributes that the semantic conventions gave another name, so that a query with one name finds nothing where the data
/// has the other.
///
/// From OpenTelemetry's semantic conventions 1.44.0, `model/*/deprecated/registry-deprecated.yaml`: what `renamed_to` says
/// of attributes, and where a note names several successors (`http.target`, `net.peer.name`), those.
enum RenamedAttributes {
  /// The names that have taken the place of an older one, or the older ones whose place it has taken.
  static func others(for name: String) -> (names: [String], areNewer: Bool) {
    if let newer = successors[name] { return (newer, true) }
    return (successors.filter { $0.value.contains(name) }.map(\.key).sorted(), false)
  }

  private static let successors: [String: [String]] = {
    var successors: [String: [String]] = [:]
    for line in table.split(separator: "\n") {
      let names = line.split(separator: " ").map(String.init)
      successors[names[0]] = Array(names.dropFirst())
    }
    return successors
  }()

  /// A line for each old name: the name, then what it is called now.
  private static let table = """
    az.namespace azure.resource_provider.namespace
    az.service_request_id azure.service.request.id
    code.column code.column.number
    code.filepath code.file.path
    code.lineno code.line.number
    container.labels container.label
    container.runtime container.runtime.name
    db.cassandra.consistency_level cassandra.consistency.level
    db.cassandra.coordinator.dc cassandra.coordinator.dc
    db.cassandra.coordinator.id cassandra.coordinator.id
    db.cassandra.idempotence cassandra.query.idempotent
    db.cassandra.page_size cassandra.page.size
    db.cassandra.speculative_execution_count cassandra.speculative_execution.count
    db.cassandra.table db.collection.name
    db.client.connections.pool.name db.client.connection.pool.name
    db.cosmosdb.client_id azure.client.id
    db.cosmosdb.container db.collection.name
    db.cosmosdb.regions_contacted azure.cosmosdb.operation.contacted_regions
    db.cosmosdb.request_charge azure.cosmosdb.operation.request_charge
    db.cosmosdb.request_content_length azure.cosmosdb.request.body.size
    db.cosmosdb.sub_status_code azure.cosmosdb.response.sub_status_code
    db.elasticsearch.cluster.name db.namespace
    db.elasticsearch.node.name elasticsearch.node.name
    db.elasticsearch.path_parts db.operation.parameter
    db.mongodb.collection db.collection.name
    db.name db.namespace
    db.operation db.operation.name
    db.redis.database_index db.namespace
    db.sql.table db.collection.name
    db.statement db.query.text
    db.system db.system.name
    deployment.environment deployment.environment.name
    feature_flag.evaluation.error.message feature_flag.error.message
    feature_flag.provider_name feature_flag.provider.name
    feature_flag.variant feature_flag.result.variant
    http.client_ip client.address
    http.method http.request.method
    http.request_content_length http.request.header.content-length
    http.request_content_length_uncompressed http.request.body.size
    http.response_content_length http.response.header.content-length
    http.response_content_length_uncompressed http.response.body.size
    http.scheme url.scheme
    http.server_name server.address
    http.status_code http.response.status_code
    http.target url.path url.query
    http.url url.full
    http.user_agent user_agent.original
    k8s.pod.labels k8s.pod.label
    messaging.client_id messaging.client.id
    messaging.eventhubs.consumer.group messaging.consumer.group.name
    messaging.kafka.consumer.group messaging.consumer.group.name
    messaging.kafka.message.offset messaging.kafka.offset
    messaging.operation messaging.operation.type
    messaging.servicebus.destination.subscription_name messaging.destination.subscription.name
    net.host.ip network.local.address
    net.host.name server.address
    net.host.port server.port
    net.peer.ip network.peer.address
    net.peer.name server.address client.address
    net.peer.port server.port client.port
    net.protocol.name network.protocol.name
    net.protocol.version network.protocol.version
    net.sock.host.addr network.local.address
    net.sock.host.port network.local.port
    net.sock.peer.addr network.peer.address
    net.sock.peer.port network.peer.port
    peer.service service.peer.name
    process.context_switch_type process.context_switch.type
    process.cpu.state cpu.mode
    process.executable.build_id.profiling process.executable.build_id.htlhash
    process.paging.fault_type system.paging.fault.type
    rpc.connect_rpc.request.metadata rpc.request.metadata
    rpc.connect_rpc.response.metadata rpc.response.metadata
    rpc.grpc.request.metadata rpc.request.metadata
    rpc.grpc.response.metadata rpc.response.metadata
    rpc.response.status_code rpc.status_code
    system.cpu.logical_number cpu.logical_number
    system.network.state network.connection.state
    tls.client.server_name server.address
    vcs.repository.change.id vcs.change.id
    vcs.repository.change.title vcs.change.title
    vcs.repository.ref.name vcs.ref.head.name
    vcs.repository.ref.revision vcs.ref.head.revision
    """
}
