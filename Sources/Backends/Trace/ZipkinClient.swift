import JSON
import OTLP
public import Platform
import TraceQL

/// Zipkin's query API, version 2.
///
/// Zipkin knows no TraceQL: the part of a query that it can answer is sent to it, the rest is evaluated here on the
/// traces it returns. Zipkin keeps service and span names in lower case, so that is how they come back. Not thread-safe:
/// one per thread.
public final class ZipkinClient: TraceBackend {
  public let client: BackendClient

  private static let maximumTraces = 1500

  public init(url: HTTPURL, options: HTTPOptions = HTTPOptions(), retry: RetryPolicy = .reads) throws(BackendError) {
    client = try BackendClient(url: url, options: options, retry: retry)
  }

  public func search(_ request: TraceSearchRequest, into sink: Sink) throws(BackendError) {
    let query = try LocalEvaluation.parse(request.query)
    let end = request.end ?? .now
    let start = request.start ?? end.advanced(byNanoseconds: -3600 * 1_000_000_000)
    let limit = min(max(request.limit * 10, 200), ZipkinClient.maximumTraces)
    let traces = try candidates(query, start: start, end: end, limit: limit)
    try TraceAnswer.send(LocalEvaluation.search(query, request, otlp: traces), to: sink)
  }

  public func metrics(_ request: TraceMetricsRequest, into sink: Sink) throws(BackendError) {
    let query = try LocalEvaluation.parse(request.query)
    let traces = try candidates(query, start: request.start, end: request.end, limit: ZipkinClient.maximumTraces)
    guard try TraceAnswer.traceCount(traces, client) < ZipkinClient.maximumTraces else {
      throw .notSupported(
        "more than \(ZipkinClient.maximumTraces) traces match, which Zipkin has to send one by one: narrow the query")
    }
    try TraceAnswer.send(LocalEvaluation.metrics(query, request, otlp: traces), to: sink)
  }

  public func trace(_ id: String, start: Timestamp? = nil, end: Timestamp? = nil) throws(BackendError) -> [UInt8]? {
    guard let padded = TraceIDText.padded(id) else { throw .query("\(ErrorMessage.line(id)) is no trace id") }
    let response = try client.send("/api/v2/trace/\(padded)")
    if response.status == 404 { return nil }
    guard response.isSuccess else { throw client.failure(response) }
    let otlp = try decode(response.body)
    return otlp.isEmpty ? nil : otlp
  }

  public func traceJSON(
    _ id: String, start: Timestamp? = nil, end: Timestamp? = nil, into sink: Sink
  ) throws(BackendError) -> Bool {
    guard let otlp = try trace(id, start: start, end: end) else { return false }
    try TraceAnswer.send(TraceAnswer.json(otlp, client), to: sink)
    return true
  }

  public func tagNames(start: Timestamp? = nil, end: Timestamp? = nil, into sink: Sink) throws(BackendError) {
    throw .notSupported("Zipkin does not list attributes; ask for the values of resource.service.name or name")
  }

  public func tagValues(
    _ tag: String, start: Timestamp? = nil, end: Timestamp? = nil, into sink: Sink
  ) throws(BackendError) {
    switch tag {
    case "resource.service.name", ".service.name", "service.name":
      try TraceAnswer.send(TraceAnswer.tagValues(names("/api/v2/services", [])), to: sink)
    case "name", "span:name":
      var all: Set<String> = []
      for service in try names("/api/v2/services", []) {
        all.formUnion(try names("/api/v2/spans", [("serviceName", service)]))
      }
      TraceAnswer.send(TraceAnswer.tagValues(all.sorted()), to: sink)
    default:
      throw .notSupported("Zipkin lists the values of resource.service.name and name only")
    }
  }

  private func names(_ path: String, _ parameters: [(String, String)]) throws(BackendError) -> [String] {
    guard let elements = try client.json(path, parameters).elements else {
      throw client.unexpected("expected a list of names")
    }
    return elements.compactMap(\.string).sorted()
  }

  /// The traces that may match, as OTLP.
  private func candidates(
    _ query: Query, start: Timestamp, end: Timestamp, limit: Int
  ) throws(BackendError) -> [UInt8] {
    let demands = PushDown(query)
    let parameters = ZipkinClient.parameters(demands)
    guard !parameters.isEmpty else {
      throw .notSupported(
        "Zipkin cannot narrow this query: it needs a service, a span name, an attribute or a least duration")
    }
    let window = (end.nanoseconds - start.nanoseconds) / 1_000_000
    let body = try client.body(
      "/api/v2/traces",
      parameters + [
        ("endTs", String(end.nanoseconds / 1_000_000)), ("lookback", String(max(window, 1))), ("limit", String(limit)),
      ])
    return try decode(body)
  }

  static func parameters(_ demands: PushDown) -> [(String, String)] {
    var parameters: [(String, String)] = []
    if let service = demands.service { parameters.append(("serviceName", service.lowercased())) }
    if let operation = demands.operation { parameters.append(("spanName", operation.lowercased())) }
    // The kind is no tag in Zipkin. A word "and" or an equals sign in a value would be read as syntax.
    let tags = demands.tags.filter { $0.key != "span.kind" && !$0.value.contains(" and ") && !$0.key.contains("=") }
    if !tags.isEmpty {
      let terms = tags.map { $0.key == "error" ? "error" : "\($0.key)=\($0.value)" }
      parameters.append(("annotationQuery", terms.joined(separator: " and ")))
    }
    if let shortest = demands.minimumDuration, shortest >= 1000 {
      parameters.append(("minDuration", String(shortest / 1000)))
      // Zipkin takes a longest duration only beside a shortest.
      if let longest = demands.maximumDuration { parameters.append(("maxDuration", String(longest / 1000 + 1))) }
    }
    return parameters
  }

  private func decode(_ body: [UInt8]) throws(BackendError) -> [UInt8] {
    let document = try client.parse(body)
    guard document.elements != nil else { throw client.unexpected("the JSON holds no traces") }
    return ForeignSpanWriter.otlp(ZipkinDecoder.spans(document))
  }
}
