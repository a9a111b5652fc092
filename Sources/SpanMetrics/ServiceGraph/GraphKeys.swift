/// Which of an aggregator's attribute keys the service graph reads.
struct GraphKeys: Sendable {
  let peers: [Int]
  let databases: [Int]
  let peerService: Int
  let serverAddress: Int
  let peerAddress: Int
  let peerPort: Int
  let dimensions: [Int]

  /// Adds the attributes to `names` where they are not there yet.
  init(_ configuration: ServiceGraphConfiguration, appendingTo names: inout [String]) {
    func key(_ name: String) -> Int {
      if let known = names.firstIndex(of: name) { return known }
      names.append(name)
      return names.count - 1
    }
    peers = configuration.peerAttributes.map(key)
    databases = configuration.databaseAttributes.map(key)
    peerService = key("peer.service")
    serverAddress = key("server.address")
    peerAddress = key("network.peer.address")
    peerPort = key("network.peer.port")
    dimensions = configuration.dimensions.map(key)
  }

  /// How many attributes that are at most.
  static func count(_ configuration: ServiceGraphConfiguration) -> Int {
    var names: [String] = []
    _ = GraphKeys(configuration, appendingTo: &names)
    return names.count
  }
}
