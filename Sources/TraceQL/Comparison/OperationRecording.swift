/// What a service does under one name.
public struct ServiceOperation: Hashable, Sendable, Comparable {
  public var service: String
  public var name: String

  public init(service: String, name: String) {
    self.service = service
    self.name = name
  }

  public static func < (left: ServiceOperation, right: ServiceOperation) -> Bool {
    (left.service, left.name) < (right.service, right.name)
  }
}

/// Every call of every operation in some traces: what two runs are compared by.
public struct OperationRecording: Sendable {
  /// One span.
  struct Call: Sendable {
    /// Its place in `operations`.
    var operation: Int32
    /// Numbers of traces ascend along `calls`.
    var trace: Int32
    var isError: Bool
    /// Whether it failed and none of its children did.
    var isOrigin: Bool
    /// ns.
    var duration: Int64
    /// ns in which none of its children ran.
    var ownTime: Int64
  }

  /// A service that calls another.
  public struct Edge: Hashable, Sendable, Comparable {
    public var caller: String
    public var callee: String

    public static func < (left: Edge, right: Edge) -> Bool { (left.caller, left.callee) < (right.caller, right.callee) }
  }

  private(set) var operations: [ServiceOperation] = []
  private var places: [ServiceOperation: Int32] = [:]
  private(set) var calls: ContiguousArray<Call> = []
  /// How often each service calls each other.
  private(set) var edges: [Edge: Int] = [:]
  /// How many traces have spans that count.
  public private(set) var traces = 0
  /// Bad records passed over.
  public internal(set) var skipped = 0

  /// How many spans count.
  public var spans: Int { calls.count }

  init() {}

  /// The place of an operation, which is new at its first call.
  mutating func place(of operation: ServiceOperation) -> Int32 {
    if let place = places[operation] { return place }
    let place = Int32(truncatingIfNeeded: operations.count)
    operations.append(operation)
    places[operation] = place
    return place
  }

  /// Adds a call of the trace that `endTrace` will end.
  mutating func add(_ operation: Int32, isError: Bool, isOrigin: Bool, duration: Int64, ownTime: Int64) {
    calls.append(
      Call(
        operation: operation, trace: Int32(truncatingIfNeeded: traces), isError: isError, isOrigin: isOrigin,
        duration: duration, ownTime: ownTime))
  }

  mutating func add(_ edge: Edge, count: Int = 1) { edges[edge, default: 0] += count }
  mutating func endTrace() { traces += 1 }

  /// Adds the traces of another recording.
  mutating func merge(_ other: OperationRecording) {
    let moved = other.operations.map { place(of: $0) }
    let shift = Int32(truncatingIfNeeded: traces)
    calls.reserveCapacity(calls.count + other.calls.count)
    for var call in other.calls {
      call.operation = moved[Int(call.operation)]
      call.trace += shift
      calls.append(call)
    }
    for (edge, count) in other.edges { add(edge, count: count) }
    traces += other.traces
    skipped += other.skipped
  }
}
