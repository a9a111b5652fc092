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
    let answer = try either(
      { () throws(BackendError) in
        try self.client.send("/api/v3/traces", JaegerClient.version3(demands, service, start, end, limit))
      },
      { () throws(BackendError) in
        try self.client.send("/api/traces", JaegerClient.version1(demands, service, start, end, limit))
      })
    if answer.response.status == 404 { return [] }
    guard answer.response.isSuccess else { throw client.failure(answer.response) }
    return try decode(answer)
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

  /// Asks version 3 unless the server is known not to have it. Jaeger answers unknown paths with 404 or its web page.
  private func either(
    _ version3: () throws(BackendError) -> HTTPResponse, _ version1: () throws(BackendError) -> HTTPResponse
  ) throws(BackendError) -> Answer {
    if hasVersion3 != false {
      let response = try version3()
      let type = response.headers["Content-Type"] ?? ""
      let isUnknown =
        [404, 405, 501].contains(response.status) && !type.contains("json")
        || response.isSuccess && type.contains("html")
      if !isUnknown {
        hasVersion3 = true
        return Answer(response: response, isVersion3: true)
      }
      if hasVersion3 == true { return Answer(response: response, isVersion3: true) }
    }
    let response = try version1()
    if response.isSuccess { hasVersion3 = false }
    return Answer(response: response, isVersion3: false)
  }

  private func decode(_ answer: Answer) throws(BackendError) -> [UInt8] {
    if answer.isVersion3 { return try TraceDocument.otlp(fromJSON: answer.response.body, client) }
    let document = try client.parse(answer.response.body)
    guard document["data"] != nil else { throw client.unexpected("the JSON holds no traces") }
    return ForeignSpanWriter.otlp(JaegerDecoder.spans(document))
  }
}
