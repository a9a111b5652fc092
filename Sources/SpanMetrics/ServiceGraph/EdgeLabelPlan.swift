import Backends

/// The labels that edges have besides those that every edge has.
struct EdgeLabelPlan: Sendable {
  /// Where a label's value comes from: a dimension, by its place, of one end of the call.
  enum Source: Sendable, Equatable {
    case client(Int)
    case server(Int)
    /// Of the server's end, else of the client's.
    case either(Int)
  }

  struct Column: Sendable {
    let name: String
    let source: Source
  }

  private(set) var columns: [Column] = []
  let labelsVirtualNodes: Bool
  /// What was done about colliding names, for whoever runs the command.
  private(set) var notes: [String] = []

  static let virtualNode = "virtual_node"
  /// Names that labels have whatever the dimensions are.
  static let ownLabels = ["client", "server", "connection_type", virtualNode]

  init(_ configuration: ServiceGraphConfiguration, externalLabels: [String]) {
    labelsVirtualNodes = configuration.labelsVirtualNodes
    let reserved = Self.ownLabels + LabelPlan.special + externalLabels
    for (index, key) in configuration.dimensions.enumerated() {
      if configuration.prefixesDimensions {
        add("client_" + key, .client(index), reserved)
        add("server_" + key, .server(index), reserved)
      } else {
        add(key, .either(index), reserved)
      }
    }
  }

  private mutating func add(_ key: String, _ source: Source, _ reserved: [String]) {
    let clean = LabelName.sanitized(key)
    let label = reserved.contains(clean) ? "__" + clean : clean
    if label != clean {
      notes.append("service graph dimension '\(key)' is written as label '\(label)', '\(clean)' being taken")
    }
    if columns.contains(where: { $0.name == label }) {
      notes.append("service graph dimension '\(key)' is left out: the label '\(label)' is another's")
      return
    }
    columns.append(Column(name: label, source: source))
  }

  /// The numbers of an edge's values, one a column.
  func values(client: [UInt32], server: [UInt32]) -> [UInt32] {
    columns.map { column in
      switch column.source {
      case .client(let index): index < client.count ? client[index] : 0
      case .server(let index): index < server.count ? server[index] : 0
      case .either(let index):
        index < server.count && server[index] != 0 ? server[index] : index < client.count ? client[index] : 0
      }
    }
  }
}
