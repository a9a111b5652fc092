import JSON
public import Platform
public import TraceQL
public import Transport

/// Zipkin's query API, version 2.
///
/// Zipkin keeps service and span names in lower case, so that is how they come back. Not thread-safe: one per thread.
public final class ZipkinClient: ForeignBackend {
  public static var name: String { "Zipkin" }
  public let client: BackendClient
  public var mostTraces: Int? { nil }

  public init(url: HTTPURL, options: HTTPOptions = HTTPOptions(), retry: RetryPolicy = .reads) throws(BackendError) {
    client = try BackendClient(url: url, options: options, retry: retry)
  }

  public func trace(padded id: String) throws(BackendError) -> [UInt8]? {
    let response = try client.send("/api/v2/trace/\(id)")
    if response.status == 404 { return nil }
    guard response.isSuccess else { throw client.failure(response) }
    return try decode(response.body)
  }

  public func services() throws(BackendError) -> [String] { try names("/api/v2/services", []) }

  public func operations(of service: String) throws(BackendError) -> [String] {
    try names("/api/v2/spans", [("serviceName", service)])
  }

  private func names(_ path: String, _ parameters: [(String, String)]) throws(BackendError) -> [String] {
    guard let elements = try client.json(path, parameters).elements else {
      throw client.unexpected("expected a list of names")
    }
    return elements.compactMap(\.string).sorted()
  }

  public func candidates(
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
    guard body.first(where: { $0 > 0x20 }) == UInt8(ascii: "[") else {
      throw client.unexpected("the JSON holds no traces")
    }
    return try TraceDocument.otlp(fromJSON: body, client)
  }
}
