public import JSON
public import Platform

/// What is being investigated.
public struct Incident: Sendable {
  public var id: String?
  public var title: String?
  public var ruleKey: String?
  public var kind: String?
  public var severity: String?
  public var firstFiredAt: Timestamp?
  public var labels: [String: String] = [:]
  public var annotations: [String: String] = [:]
  public var value: Double?
  public var threshold: Double?
  public var service: String?
  public var operation: String?
  /// The device or instance it happened on.
  public var instance: String?
  /// What a store of incidents knows of it beside.
  public var stored = Stored()

  /// What only the shape of `--format bundle` has a place for.
  public struct Stored: Sendable, Equatable {
    public var ruleName: String?
    public var status: String?
    public var scopeType: String?
    public var deviceID: UInt64?
    public var lastFiredAt: Timestamp?
    public var eventCount: UInt64?
  }
  /// The rule's own expression, PromQL.
  public var expression: String?
  /// The rule's conditions as given, for whoever can compile them.
  public var conditions: JSONValue?

  public init() {}

  /// What the rule calls slow, in nanoseconds; nil when it is not about latency.
  var latencyThreshold: Int64? {
    guard kind == "trace_latency", let milliseconds = threshold, milliseconds > 0, milliseconds < 1e9 else {
      return nil
    }
    return Nanoseconds.of(milliseconds: milliseconds)
  }
}
