import JSON
import OTLP
public import Platform
public import TraceQL
public import Transport

/// Jaeger's query API: version 3 (OTLP/JSON), or the older one where the server has no version 3.
///
/// Not thread-safe: one per thread.
public final class JaegerClient: ForeignBackend {
  public static var name: String { "Jaeger" }
  public let client: BackendClient
  /// Nil until the first request has shown what the server speaks.
  private var hasVersion3: Bool?
  public private(set) var mostTraces: Int?

  public init(url: HTTPURL, options: HTTPOptions = HTTPOptions(), retry: RetryPolicy = .reads) throws(BackendError) {
    client = try BackendClient(url: url, options: options, retry: retry)
  }

  public func trace(padded id: String) throws(BackendError) -> [UInt8]? {
    let answer = try either(
      { () throws(BackendError) in try self.client.send("/api/v3/traces/\(id)") },
      { () throws(BackendError) in try self.client.send("/api/traces/\(id)") })
    if answer.response.status == 404 { return nil }
    guard answer.response.isSuccess else { throw client.failure(answer.response) }
    return try decode(answer)
  }

  public func services() throws(BackendError) -> [String] {
    let answer = try either(
      { () throws(BackendError) in try self.client.send("/api/v3/services") },
      { () throws(BackendError) in try self.client.send("/api/services") })
    guard answer.response.isSuccess else { throw client.failure(answer.response) }
    let document = try client.parse(answer.response.body)
    return ((document["services"] ?? document["data"])?.elements ?? []).compactMap(\.string).sorted()
  }

  public func operations(of service: String) throws(BackendError) -> [String] {
    let answer = try either(
      { () throws(BackendError) in try self.client.send("/api/v3/operations", [("service", service)]) },
      { () throws(BackendError) in
        try self.client.send("/api/services/\(PercentEncoding.encode(service))/operations")
      })
    guard answer.response.isSuccess else { throw client.failure(answer.response) }
    let document = try client.parse(answer.response.body)
    return ((document["operations"] ?? document["data"])?.elements ?? []).compactMap { $0.string ?? $0["name"]?.string }
  }

  public func candidates(
    _ query: Query, start: Timestamp, end: Timestamp, limit: Int
  ) throws(BackendError) -> [UInt8] {
    let demands = PushDown(query)
    guard let service = demands.service else {
      throw .notSupported(
        "Jaeger searches within one service: add resource.service.name = \"…\" to the query, with && and not ||")
    }
    var limit = min(limit, mostTraces ?? limit)
    while true {
      let asked = limit
      let answer = try either(
        { () throws(BackendError) in
          try self.client.send("/api/v3/traces", JaegerClient.version3(demands, service, start, end, asked))
        },
        { () throws(BackendError) in
          try self.client.send("/api/traces", JaegerClient.version1(demands, service, start, end, asked))
        })
      if answer.response.status == 404 { return [] }
      if answer.response.isSuccess {
        let otlp = try decode(answer)
        return answer.isVersion3 ? otlp : try TextAttributes(query).typed(otlp, client)
      }
      // VictoriaTraces: "limit should be not higher than 1000".
      guard let most = RefusedLimit.most(answer.response, asked: limit) else { throw client.failure(answer.response) }
      mostTraces = most
      limit = most
    }
  }

  private static func version3(
    _ demands: PushDown, _ service: String, _ start: Timestamp, _ end: Timestamp, _ limit: Int
  ) -> [(String, String)] {
    var parameters = [("query.service_name", service)]
    if let operation = demands.operation { parameters.append(("query.operation_name", operation)) }
    if !demands.tags.isEmpty { parameters.append(("query.attributes", tagsJSON(demands.tags))) }
    parameters.append(("query.start_time_min", start.rfc3339))
    parameters.append(("query.start_time_max", end.rfc3339))
    if let shortest = demands.minimumDuration { parameters.append(("query.duration_min", "\(shortest)ns")) }
    if let longest = demands.maximumDuration { parameters.append(("query.duration_max", "\(longest)ns")) }
    parameters.append(("query.search_depth", String(limit)))
    return parameters
  }

  private static func version1(
    _ demands: PushDown, _ service: String, _ start: Timestamp, _ end: Timestamp, _ limit: Int
  ) -> [(String, String)] {
    var parameters = [("service", service)]
    if let operation = demands.operation { parameters.append(("operation", operation)) }
    if !demands.tags.isEmpty { parameters.append(("tags", tagsJSON(demands.tags))) }
    parameters.append(("start", String(start.nanoseconds / 1000)))
    parameters.append(("end", String(end.nanoseconds / 1000)))
    if let shortest = demands.minimumDuration { parameters.append(("minDuration", "\(shortest / 1000)us")) }
    if let longest = demands.maximumDuration { parameters.append(("maxDuration", "\(longest / 1000 + 1)us")) }
    parameters.append(("limit", String(limit)))
    return parameters
  }

  private static func tagsJSON(_ tags: [PushDown.Tag]) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    for tag in tags {
      writer.key(tag.key)
      writer.string(tag.value)
    }
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private struct Answer {
    var response: HTTPResponse
    var isVersion3: Bool
  }

  /// Asks version 3 unless the server is known not to have it: whoever answers something else than version 3 does, be it
  /// an error or a page, is asked in the older way.
  private func either(
    _ version3: () throws(BackendError) -> HTTPResponse, _ version1: () throws(BackendError) -> HTTPResponse
  ) throws(BackendError) -> Answer {
    guard hasVersion3 != false else { return Answer(response: try version1(), isVersion3: false) }
    let response = try version3()
    if hasVersion3 == true || JaegerClient.isVersion3(response) {
      hasVersion3 = true
      return Answer(response: response, isVersion3: true)
    }
    // Nobody who turns us away, or is down, says anything about versions.
    if [401, 403, 407, 429].contains(response.status) || response.status >= 502 {
      return Answer(response: response, isVersion3: true)
    }
    let older = try version1()
    if older.isSuccess { hasVersion3 = false }
    return Answer(response: older, isVersion3: false)
  }

  /// Whether only version 3 answers so: with JSON that has one of its keys, or is its error with a code in it.
  private static func isVersion3(_ response: HTTPResponse) -> Bool {
    guard response.headers["Content-Type"]?.contains("json") == true else { return false }
    let start = String(decoding: response.body.prefix(200), as: UTF8.self).filter { !$0.isWhitespace }
    if response.isSuccess {
      return start.isEmpty || start == "{}"
        || ["result", "services", "operations"].contains { start.hasPrefix("{\"\($0)\"") }
    }
    return start.hasPrefix("{\"error\":{") || start.hasPrefix("{\"code\":")
  }

  private func decode(_ answer: Answer) throws(BackendError) -> [UInt8] {
    try TraceDocument.otlp(fromJSON: answer.response.body, client)
  }
}
