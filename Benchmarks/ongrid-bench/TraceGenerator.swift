import Libc

/// Makes whole traces and hands them out in batches grouped by service instance.
struct TraceGenerator {
  private var random: Random
  private var remaining: Int
  private let batchSpans: Int
  private var clock: UInt64
  private var current: [Instance: ResourceScopes] = [:]
  private var buffered = 0

  private struct Instance: Hashable, Comparable {
    let service: String
    let number: Int
    static func < (a: Instance, b: Instance) -> Bool { (a.service, a.number) < (b.service, b.number) }
  }

  private typealias ResourceScopes = [String: [Span]]

  init(options: GenerateOptions) {
    random = Random(seed: options.seed)
    remaining = options.spans
    batchSpans = options.batch
    clock = options.start &* 1_000_000_000
  }

  /// The next request, or nil when all spans were made.
  mutating func nextBatch() -> Batch? {
    while remaining > 0 && buffered < batchSpans { addTrace() }
    guard buffered > 0 else { return nil }
    let groups = current.sorted { $0.key < $1.key }.map { instance, scopes in
      ResourceGroup(
        attributes: resource(instance),
        scopes: scopes.sorted { $0.key < $1.key }.map { (name: $0.key, spans: $0.value) })
    }
    current.removeAll(keepingCapacity: true)
    buffered = 0
    return Batch(groups: groups)
  }

  private func resource(_ instance: Instance) -> [Attribute] {
    [
      Attribute("service.name", instance.service),
      Attribute("service.namespace", "shop"),
      Attribute("service.instance.id", "\(instance.service)-\(instance.number)"),
      Attribute("service.version", "1.4.\(instance.number)"),
      Attribute("deployment.environment.name", instance.number == 2 ? "staging" : "production"),
      Attribute("host.name", "node-\(instance.number + 1)"),
      Attribute("process.pid", 4000 + instance.number),
      Attribute("telemetry.sdk.language", "go"),
      Attribute("telemetry.sdk.name", "opentelemetry"),
    ]
  }

  private mutating func addTrace() {
    clock &+= UInt64(random.below(4_000_000))
    let entry = Topology.entries[random.below(Topology.entries.count)]
    var trace = TraceContext(id: (random.next(), random.next()), instance: random.below(3))
    _ = serve(entry.0, entry.1, parent: 0, start: clock, kind: .server, trace: &trace)
  }

  private struct TraceContext {
    let id: (UInt64, UInt64)
    let instance: Int
    /// A failing call makes its callers fail.
    var failed = false
  }

  private mutating func duration(_ medianMicros: Double) -> UInt64 {
    let spread = (random.unit() + random.unit() + random.unit() - 1.5) * 1.6
    let slow = random.below(200) == 0 ? 20.0 : 1.0
    return UInt64(medianMicros * 1000 * exp(spread) * slow)
  }

  /// A span of `kind` in `service`; returns its end.
  private mutating func serve(
    _ service: String, _ operationName: String, parent: UInt64, start: UInt64, kind: Kind, trace: inout TraceContext
  ) -> UInt64 {
    guard let operation = Topology.services[service]?[operationName] else { return start }
    let id = random.next() | 1
    let own = duration(operation.micros)
    var now = start &+ own / 2
    let instance = trace.instance
    for call in operation.calls {
      now = make(call, from: service, parent: id, start: now, trace: &trace)
    }
    let end = now &+ own / 2
    let failed = trace.failed || random.below(100) == 0
    trace.failed = failed
    var attributes: [Attribute]
    if kind == .consumer {
      attributes = [
        Attribute("messaging.system", "kafka"), Attribute("messaging.destination.name", "orders"),
        Attribute("messaging.message.body.size", random.below(4000)),
      ]
    } else {
      attributes = [
        Attribute("http.request.method", operation.method), Attribute("http.route", operation.route),
        Attribute("http.response.status_code", failed ? 500 : 200),
        Attribute("user.id", "u-\(random.below(5000))"),
      ]
    }
    add(
      Span(
        traceID: trace.id, spanID: id, parentID: parent, name: operationName, kind: kind, start: start, end: end,
        attributes: attributes, statusCode: failed ? 2 : 0,
        statusMessage: failed && kind == .server ? "upstream failed" : ""),
      service: service, instance: instance, scope: "http-server")
    return end
  }

  private mutating func make(
    _ call: Call, from service: String, parent: UInt64, start: UInt64, trace: inout TraceContext
  ) -> UInt64 {
    let id = random.next() | 1
    var span = Span(
      traceID: trace.id, spanID: id, parentID: parent, name: "", kind: .client, start: start, end: start,
      attributes: [], statusCode: 0, statusMessage: "")
    let scope: String
    switch call {
    case .rpc(let callee, let operation):
      span.name = operation
      span.end = serve(callee, operation, parent: id, start: start &+ 80_000, kind: .server, trace: &trace) &+ 90_000
      span.attributes = [
        Attribute("server.address", "\(callee).shop.svc"), Attribute("server.port", 8080),
        Attribute("http.response.status_code", trace.failed ? 500 : 200),
      ]
      span.statusCode = trace.failed ? 2 : 0
      scope = "http-client"
    case .database(let system, let statement):
      span.name = statement
      span.end = start &+ duration(system == "redis" ? 300 : 2200)
      let failed = random.below(150) == 0
      trace.failed = trace.failed || failed
      span.statusCode = failed ? 2 : 0
      span.statusMessage = failed ? "connection reset by peer" : ""
      span.attributes = [
        Attribute("db.system", system), Attribute("db.namespace", "shop"),
        Attribute("db.response.returned_rows", random.below(120)),
        Attribute("db.cached", random.below(2) == 0),
      ]
      scope = "db-client"
    case .publish(let topic, let consumer):
      span.name = "\(topic) publish"
      span.kind = .producer
      span.end = start &+ duration(350)
      span.attributes = [
        Attribute("messaging.system", "kafka"), Attribute("messaging.destination.name", topic),
        Attribute("messaging.batch.ratio", random.unit()),
      ]
      var detached = trace
      _ = serve(
        consumer, "\(topic) process", parent: id, start: span.end &+ 2_000_000, kind: .consumer, trace: &detached)
      scope = "kafka"
    case .work(let name):
      span.name = name
      span.kind = .internal
      span.end = start &+ duration(500)
      span.attributes = [Attribute("thread.id", random.below(16)), Attribute("code.function.name", "shop.\(name)")]
      scope = "app"
    }
    add(span, service: service, instance: trace.instance, scope: scope)
    return span.end
  }

  private mutating func add(_ span: Span, service: String, instance: Int, scope: String) {
    guard remaining > 0 else { return }
    remaining -= 1
    buffered += 1
    current[Instance(service: service, number: instance), default: [:]][scope, default: []].append(span)
  }
}
