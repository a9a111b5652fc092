public import OTLP

extension StatusCode {
  /// The word that queries and results use.
  public var queryName: String {
    switch self {
    case .unset: "unset"
    case .ok: "ok"
    case .error: "error"
    }
  }
}

extension SpanKind {
  /// The word that queries and results use.
  public var queryName: String {
    switch self {
    case .unspecified: "unspecified"
    case .internal: "internal"
    case .server: "server"
    case .client: "client"
    case .producer: "producer"
    case .consumer: "consumer"
    }
  }
}

/// A constant in a query.
public enum Literal: Hashable, Sendable {
  case int(Int)
  case float(Double)
  case string(String)
  case bool(Bool)
  /// Nanoseconds.
  case duration(Int)
  case status(StatusCode)
  case kind(SpanKind)

  var type: ValueType {
    switch self {
    case .int: .int
    case .float: .float
    case .string: .string
    case .bool: .boolean
    case .duration: .duration
    case .status: .status
    case .kind: .kind
    }
  }

  /// The value as a number: durations in nanoseconds; nil for what is not a number.
  var number: Double? {
    switch self {
    case .int(let value), .duration(let value): Double(value)
    case .float(let value): value
    default: nil
    }
  }

  /// Words that stand for a constant.
  static let keywords: [String: Literal] = {
    var words: [String: Literal] = [
      "true": .bool(true), "false": .bool(false), "minInt": .int(.min), "maxInt": .int(.max),
    ]
    for status in StatusCode.allCases { words[status.queryName] = .status(status) }
    for kind in SpanKind.allCases { words[kind.queryName] = .kind(kind) }
    return words
  }()
}
