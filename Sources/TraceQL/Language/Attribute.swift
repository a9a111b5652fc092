/// Where an attribute is looked for.
public enum AttributeScope: String, Hashable, Sendable, CaseIterable {
  /// `.name`: on the span, else on its resource.
  case any = ""
  case resource
  case span
  case event
  case link
  case instrumentation
}

/// A value that a span or its trace has without anybody setting an attribute.
///
/// The raw value is the name that results carry and that the printer writes.
public enum Intrinsic: String, Hashable, Sendable, CaseIterable {
  case duration
  case name
  case status
  case statusMessage
  case kind
  case childCount = "span:childCount"
  case spanID = "span:id"
  case parentID = "span:parentID"
  case rootServiceName
  case rootName
  case traceDuration
  case traceID = "trace:id"
  case nestedSetLeft
  case nestedSetRight
  case nestedSetParent
  case eventName = "event:name"
  case eventTimeSinceStart = "event:timeSinceStart"
  case linkSpanID = "link:spanID"
  case linkTraceID = "link:traceID"
  case instrumentationName = "instrumentation:name"
  case instrumentationVersion = "instrumentation:version"

  /// Names written without a scope.
  static let unscoped: [String: Intrinsic] = [
    "duration": .duration, "name": .name, "status": .status, "statusMessage": .statusMessage, "kind": .kind,
    "rootServiceName": .rootServiceName, "rootName": .rootName, "traceDuration": .traceDuration,
    "nestedSetLeft": .nestedSetLeft, "nestedSetRight": .nestedSetRight, "nestedSetParent": .nestedSetParent,
  ]

  /// Names written after `scope:`.
  static let scoped: [String: [String: Intrinsic]] = [
    "trace": [
      "duration": .traceDuration, "rootName": .rootName, "rootService": .rootServiceName, "id": .traceID,
    ],
    "span": [
      "duration": .duration, "name": .name, "kind": .kind, "status": .status, "statusMessage": .statusMessage,
      "id": .spanID, "parentID": .parentID, "childCount": .childCount,
    ],
    "event": ["name": .eventName, "timeSinceStart": .eventTimeSinceStart],
    "link": ["traceID": .linkTraceID, "spanID": .linkSpanID],
    "instrumentation": ["name": .instrumentationName, "version": .instrumentationVersion],
  ]

  /// Whether the value can only be known from the whole trace.
  public var needsTrace: Bool {
    switch self {
    case .childCount, .rootServiceName, .rootName, .traceDuration, .nestedSetLeft, .nestedSetRight,
      .nestedSetParent:
      true
    default: false
    }
  }

  /// The type of the values.
  var type: ValueType {
    switch self {
    case .duration, .traceDuration, .eventTimeSinceStart: .duration
    case .status: .status
    case .kind: .kind
    case .childCount, .nestedSetLeft, .nestedSetRight, .nestedSetParent: .int
    case .instrumentationName, .instrumentationVersion: .attribute
    default: .string
    }
  }
}

/// Something to read from a span: an attribute in a scope, or an intrinsic.
public enum Attribute: Hashable, Sendable {
  /// An attribute by scope and name.
  case named(AttributeScope, String)
  /// An intrinsic.
  case intrinsic(Intrinsic)

  /// The type of its values, when known before reading any.
  var type: ValueType {
    switch self {
    case .named: .attribute
    case .intrinsic(let intrinsic): intrinsic.type
    }
  }

  /// The key that search results carry for it: the name without its scope.
  public var resultKey: String {
    switch self {
    case .named(_, let name): name
    case .intrinsic(let intrinsic): intrinsic.rawValue
    }
  }
}

/// The types of the language.
enum ValueType: Hashable, Sendable {
  case `nil`
  /// Known only once the attribute is read.
  case attribute
  case int
  case float
  case string
  case boolean
  case duration
  case status
  case kind

  var isNumeric: Bool { self == .int || self == .float || self == .duration }

  /// Whether a binary operator may stand between the two at all.
  func matches(_ other: ValueType) -> Bool {
    self == other || self == .attribute || other == .attribute || self == .nil || other == .nil
      || (isNumeric && other.isNumeric)
  }

  /// What an error message calls it.
  var noun: String {
    switch self {
    case .nil: "nil"
    case .attribute: "an attribute"
    case .int: "an integer"
    case .float: "a number"
    case .string: "a string"
    case .boolean: "a boolean"
    case .duration: "a duration"
    case .status: "a status"
    case .kind: "a span kind"
    }
  }
}
