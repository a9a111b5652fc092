import Traces

/// What a trace can have in common with others: attribute values and operations, by service.
struct TraceFeature: Hashable {
  enum Kind: Hashable {
    case attribute
    case operation
  }

  var kind: Kind
  var service: String
  var key: String
  var value: String

  /// Attributes that say that a request failed, not why.
  private static let symptoms: Set<String> = [
    "error", "error.type", "error.message", "http.status_code", "http.response.status_code", "rpc.grpc.status_code",
    "grpc.status_code", "otel.status_code", "otel.status_description", "status.code", "status", "status.message",
  ]

  private static func isSymptom(_ key: String) -> Bool {
    symptoms.contains(key) || key.hasPrefix("exception.") || key.hasPrefix("error.")
  }

  /// All features of a trace, each once.
  static func of(_ trace: Trace) -> Set<TraceFeature> {
    var features: Set<TraceFeature> = []
    for span in trace.spans {
      features.insert(TraceFeature(kind: .operation, service: span.service, key: "name", value: span.name))
      for attribute in span.attributes where !isSymptom(attribute.key) {
        features.insert(
          TraceFeature(kind: .attribute, service: span.service, key: attribute.key, value: attribute.value))
      }
    }
    return features
  }
}

/// In which traces of a group each feature occurs.
struct FeatureTable {
  private(set) var traces: [TraceFeature: [Int]] = [:]
  let count: Int

  init(_ group: [Trace]) {
    count = group.count
    for (index, trace) in group.enumerated() {
      for feature in TraceFeature.of(trace) { traces[feature, default: []].append(index) }
    }
  }

  func count(_ feature: TraceFeature) -> Int { traces[feature]?.count ?? 0 }
}
