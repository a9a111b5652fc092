import Platform

/// Keys under which JSON documents hold lists of telemetry.
enum DocumentListKey {
  /// Lists whose elements stand by themselves: traces, hits of a search.
  case documents
  /// Resources, all of one document.
  case resources
  /// Of a resource's scopes.
  case scopes
  /// Of a scope's spans, or of a Jaeger trace's.
  case spans
  /// Of a scope's metrics or log records.
  case records

  var isOuter: Bool { self == .documents || self == .resources }

  /// Whether its elements hold no further lists.
  var isInnermost: Bool { self == .spans || self == .records }

  /// Whether the elements are understood behind the members that were met before the list.
  func mayBeCut(_ known: DocumentCutter.Known) -> Bool {
    switch self {
    case .documents, .resources: true
    case .scopes: known.contains(.resource)
    case .spans: !known.isDisjoint(with: [.scope, .processes])
    case .records: known.contains(.scope)
    }
  }

  init?(_ key: [UInt8]) {
    switch String(decoding: key, as: UTF8.self) {
    case "data", "hits", "traces": self = .documents
    case "resourceSpans", "batches", "resourceMetrics", "resourceLogs": self = .resources
    case "scopeSpans", "instrumentationLibrarySpans", "scopeMetrics", "instrumentationLibraryMetrics", "scopeLogs",
      "instrumentationLibraryLogs":
      self = .scopes
    case "spans": self = .spans
    case "metrics", "logRecords": self = .records
    default: return nil
    }
  }

  /// Whether an object under this key only stands around lists.
  static func isWrapper(_ key: [UInt8]) -> Bool {
    ["trace", "result", "hits"].contains(String(decoding: key, as: UTF8.self))
  }

  /// What a member tells about the lists beside it.
  static func known(_ key: [UInt8]) -> DocumentCutter.Known {
    switch String(decoding: key, as: UTF8.self) {
    case "resource": .resource
    case "scope", "instrumentationLibrary": .scope
    case "processes": .processes
    default: []
    }
  }
}
