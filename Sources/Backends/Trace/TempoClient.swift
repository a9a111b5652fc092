import JSON
import OTLP
public import Platform
public import Transport

/// Grafana Tempo's query API.
///
/// Not thread-safe: one per thread.
public final class TempoClient: TraceBackend {
  public let client: BackendClient

  /// Tempo refuses a search for more spans in a spanset.
  public static let maximumSpansPerSet = 100

  public init(url: HTTPURL, options: HTTPOptions = HTTPOptions(), retry: RetryPolicy = .reads) throws(BackendError) {
    client = try BackendClient(url: url, options: options, retry: retry)
  }

  public func search(_ request: TraceSearchRequest, into sink: Sink) throws(BackendError) {
    var parameters = [("q", request.query), ("limit", String(request.limit))]
    parameters.append(("spss", String(min(request.spansPerSet, TempoClient.maximumSpansPerSet))))
    parameters += TempoClient.range(request.start, request.end)
    try pass("/api/search", parameters, sink)
  }

  public func trace(_ id: String, start: Timestamp? = nil, end: Timestamp? = nil) throws(BackendError) -> [UInt8]? {
    let response = try client.send(path(id), TempoClient.range(start, end), accept: "application/protobuf")
    guard let body = try found(response) else { return nil }
    guard response.headers["Content-Type"]?.hasPrefix("application/json") == true else {
      try check(body)
      return body
    }
    return try TraceDocument.otlp(fromJSON: body, client)
  }

  public func traceJSON(
    _ id: String, start: Timestamp? = nil, end: Timestamp? = nil, into sink: Sink
  ) throws(BackendError) -> Bool {
    let response = try withoutActuallyEscaping(sink) { sink throws(BackendError) in
      try client.send(path(id), TempoClient.range(start, end), handler: sink)
    }
    return try found(response) != nil
  }

  public func tagNames(
    matching query: String? = nil, start: Timestamp? = nil, end: Timestamp? = nil, into sink: Sink
  ) throws(BackendError) {
    try pass("/api/v2/search/tags", TempoClient.filter(query) + TempoClient.range(start, end), sink)
  }

  public func tagValues(
    _ tag: String, matching query: String? = nil, start: Timestamp? = nil, end: Timestamp? = nil, into sink: Sink
  ) throws(BackendError) {
    let parameters = TempoClient.filter(query) + TempoClient.range(start, end)
    try pass("/api/v2/search/tag/\(PercentEncoding.encode(tag))/values", parameters, sink)
  }

  private static func filter(_ query: String?) -> [(String, String)] { query.map { [("q", $0)] } ?? [] }

  public func metrics(_ request: TraceMetricsRequest, into sink: Sink) throws(BackendError) {
    var parameters = [("q", request.query)]
    parameters += TempoClient.range(request.start, request.end)
    if let step = request.step {
      parameters.append(("step", PrometheusTime.seconds(step) + "s"))
      try pass("/api/metrics/query_range", parameters, sink)
    } else {
      try pass("/api/metrics/query", parameters, sink)
    }
  }

  /// The part of `trace` and `traceJSON` that tells a missing trace from an error: 404 without words.
  private func found(_ response: HTTPResponse) throws(BackendError) -> [UInt8]? {
    if response.isSuccess { return response.body }
    if response.status == 404 {
      let message = ErrorMessage.of(response)
      // A proxy or another server says something; Tempo says nothing, or that the trace was not found.
      if message.isEmpty || message.contains("trace not found") { return nil }
    }
    throw client.failure(response)
  }

  private func check(_ body: [UInt8]) throws(BackendError) {
    do throws(WireError) {
      try body.withByteView { view throws(WireError) in _ = try RequestWalk(view) }
    } catch {
      throw client.unexpected(error.description)
    }
  }

  private func pass(_ path: String, _ parameters: [(String, String)], _ sink: Sink) throws(BackendError) {
    let response = try withoutActuallyEscaping(sink) { sink throws(BackendError) in
      try client.send(path, parameters, handler: sink)
    }
    guard response.isSuccess else { throw client.failure(response) }
  }

  private func path(_ id: String) -> String { "/api/traces/\(PercentEncoding.encode(id))" }

  /// Tempo counts in whole seconds; the range is widened to them.
  private static func range(_ start: Timestamp?, _ end: Timestamp?) -> [(String, String)] {
    var parameters: [(String, String)] = []
    if let start { parameters.append(("start", String(start.wholeSeconds))) }
    if let end {
      parameters.append(("end", String(end.subsecondNanoseconds == 0 ? end.wholeSeconds : end.wholeSeconds + 1)))
    }
    return parameters
  }
}
