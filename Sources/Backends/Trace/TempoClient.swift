import JSON
import OTLP
public import Platform
public import Transport

/// Grafana Tempo's query API.
///
/// Not thread-safe: one per thread.
public final class TempoClient: TraceBackend {
  public let client: BackendClient
  /// Nil until a trace was found by one of the two.
  private var hasVersion2: Bool?

  /// Tempo refuses a search for more spans in a spanset.
  public static let maximumSpansPerSet = 100

  public init(url: HTTPURL, options: HTTPOptions = HTTPOptions(), retry: RetryPolicy = .reads) throws(BackendError) {
    client = try BackendClient(url: url, options: options, retry: retry)
  }

  public func search(_ request: TraceSearchRequest, into sink: Sink) throws(BackendError) {
    var limit = request.limit == 0 ? TempoClient.noLimit : request.limit
    var refused = false
    while true {
      var parameters = [("q", request.query), ("limit", String(limit))]
      parameters.append(("spss", String(min(request.spansPerSet, TempoClient.maximumSpansPerSet))))
      parameters += TempoClient.range(request.start, request.end)
      var count = 0
      let response = try withoutActuallyEscaping(sink) { sink throws(BackendError) in
        try client.send("/api/search", parameters) { bytes in
          if refused { count += TempoClient.traces(in: bytes) }
          return sink(bytes)
        }
      }
      if response.isSuccess {
        if refused, count >= limit {
          client.note(shortfall: "Tempo gives \(limit) traces at most, and there may be more")
        }
        return
      }
      // "limit 2147483647 exceeds max limit 262144"
      guard !refused, let most = RefusedLimit.most(response, asked: limit) else { throw client.failure(response) }
      limit = most
      refused = true
    }
  }

  /// Tempo has no word for all.
  private static let noLimit = Int(Int32.max)

  /// How many traces of a search answer begin in these bytes; one whose key lies across two pieces is not seen.
  private static func traces(in bytes: UnsafeRawBufferPointer) -> Int {
    let key = Array("\"traceID\"".utf8)
    var count = 0
    var index = 0
    while index + key.count <= bytes.count {
      if bytes[index] == key[0], bytes[index..<index + key.count].elementsEqual(key) {
        count += 1
        index += key.count
      } else {
        index += 1
      }
    }
    return count
  }

  public func trace(_ id: String, start: Timestamp? = nil, end: Timestamp? = nil) throws(BackendError) -> [UInt8]? {
    let (response, isVersion2) = try traceResponse(id, start, end, accept: "application/protobuf")
    guard let body = try found(response) else { return nil }
    let isJSON = response.headers["Content-Type"]?.hasPrefix("application/json") == true
    if !isVersion2 {
      if !isJSON { try check(body) }
      return isJSON ? try TraceDocument.otlp(fromJSON: body, client) : body
    }
    let answer = try answer(body, isJSON: isJSON)
    client.note(shortfall: answer.shortfall)
    if answer.isMissing { return nil }
    // Its JSON is that of the older version under another name.
    return isJSON ? try TraceDocument.otlp(fromJSON: TempoClient.batches(answer.trace), client) : answer.trace
  }

  /// The trace as `{"batches":[…]}`, whichever version of Tempo's interface has it.
  public func traceJSON(
    _ id: String, start: Timestamp? = nil, end: Timestamp? = nil, into sink: Sink
  ) throws(BackendError) -> Bool {
    let (response, isVersion2) = try traceResponse(id, start, end, accept: "application/json")
    guard let body = try found(response) else { return false }
    if isVersion2 {
      let answer = try answer(body, isJSON: true)
      client.note(shortfall: answer.shortfall)
      if answer.isMissing { return false }
      TraceAnswer.send(TempoClient.batches(answer.trace), to: sink)
    } else {
      TraceAnswer.send(body, to: sink)
    }
    return true
  }

  /// The response of version 2, which also answers traces that are larger than version 1 may, or of version 1 where the
  /// server has no other.
  private func traceResponse(
    _ id: String, _ start: Timestamp?, _ end: Timestamp?, accept: String
  ) throws(BackendError) -> (response: HTTPResponse, isVersion2: Bool) {
    let range = TempoClient.range(start, end)
    let path = "traces/\(PercentEncoding.encode(id))"
    if hasVersion2 != false {
      let response = try client.send("/api/v2/\(path)", range, accept: accept)
      // Who does not know the path says so in a page of its own.
      let isUnknown = [404, 405, 501].contains(response.status) && !TempoClient.saysNotFound(response)
      if hasVersion2 == true || !isUnknown {
        if response.isSuccess { hasVersion2 = true }
        return (response, true)
      }
    }
    let response = try client.send("/api/\(path)", range, accept: accept)
    if response.isSuccess { hasVersion2 = false }
    return (response, false)
  }

  private func answer(_ body: [UInt8], isJSON: Bool) throws(BackendError) -> TempoTraceAnswer {
    do {
      return isJSON ? try TempoTraceAnswer(json: body) : try TempoTraceAnswer(protobuf: body)
    } catch {
      throw client.unexpected("\(error)")
    }
  }

  private static func batches(_ resourceSpans: [UInt8]) -> [UInt8] {
    Array("{\"batches\":".utf8) + (resourceSpans.isEmpty ? Array("[]".utf8) : resourceSpans) + Array("}".utf8)
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
    if response.status == 404, TempoClient.saysNotFound(response) { return nil }
    throw client.failure(response)
  }

  /// A proxy or another server says something; Tempo says nothing, or that the trace was not found.
  private static func saysNotFound(_ response: HTTPResponse) -> Bool {
    let message = ErrorMessage.of(response)
    return response.status == 404 && (message.isEmpty || message.contains("trace not found"))
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
