import JSON
public import Platform
public import Transport

/// A log line of a stream.
public struct LokiEntry: Sendable, Equatable {
  public var time: Timestamp
  public var line: String
  /// The stream's labels, with structured metadata such as `trace_id` among them, and the entry's own.
  public var labels: [String: String]

  public init(time: Timestamp, line: String, labels: [String: String]) {
    self.time = time
    self.line = line
    self.labels = labels
  }
}

/// The query API of Loki.
///
/// Not thread-safe: one per thread.
public final class LokiClient {
  public enum Direction: String, Sendable {
    /// Newest first.
    case backward
    case forward
  }

  /// The answer to a query over a range.
  public enum Answer: Sendable, Equatable {
    /// All streams' entries in the direction asked for.
    case entries([LokiEntry])
    case matrix([PrometheusSeries])
  }

  public let client: BackendClient

  public init(url: HTTPURL, options: HTTPOptions = HTTPOptions(), retry: RetryPolicy = .reads) throws(BackendError) {
    client = try BackendClient(url: url, options: options, retry: retry)
  }

  /// Evaluates LogQL over a range.
  ///
  /// - Parameters:
  ///   - limit: The most entries of a log query.
  ///   - step: Nanoseconds between samples of a metric query; nil lets the server choose.
  public func queryRange(
    _ query: String, start: Timestamp, end: Timestamp, limit: Int = 100, direction: Direction = .backward,
    step: Int64? = nil
  ) throws(BackendError) -> Answer {
    var parameters = [
      ("query", query), ("start", String(start.nanoseconds)), ("end", String(end.nanoseconds)),
      ("limit", String(limit)), ("direction", direction.rawValue),
    ]
    if let step { parameters.append(("step", PrometheusTime.seconds(step))) }
    let answer = try client.json("/loki/api/v1/query_range", parameters)
    guard let data = answer["data"], let result = data["result"] else {
      throw client.unexpected("the JSON has no result")
    }
    switch data["resultType"]?.string {
    case "streams":
      guard let streams = result.elements else { throw client.unexpected("the result is not a list") }
      return .entries(LokiClient.entries(streams, direction, limit))
    case "matrix":
      return .matrix(try PrometheusDecoder.series(result, client))
    default:
      throw client.unexpected("unknown result type")
    }
  }

  /// Label names.
  public func labelNames(start: Timestamp, end: Timestamp) throws(BackendError) -> [String] {
    let parameters = [("start", String(start.nanoseconds)), ("end", String(end.nanoseconds))]
    return try client.json("/loki/api/v1/labels", parameters)["data"]?.elements?.compactMap(\.string) ?? []
  }

  /// Entries of all streams, merged in order of time.
  static func entries(_ streams: [JSONValue], _ direction: Direction, _ limit: Int) -> [LokiEntry] {
    var entries: [LokiEntry] = []
    for stream in streams {
      let labels = stream["stream"].map(PrometheusDecoder.labels) ?? [:]
      for value in stream["values"]?.elements ?? [] {
        guard let nanoseconds = value[0]?.string.flatMap({ Int64($0) }), let line = value[1]?.string else { continue }
        var all = labels
        // Newer servers may send an object of metadata as a third element.
        for (name, text) in value[2].map(metadata) ?? [:] { all[name] = text }
        entries.append(LokiEntry(time: Timestamp(nanoseconds: nanoseconds), line: line, labels: all))
      }
    }
    entries.sort { direction == .backward ? $0.time > $1.time : $0.time < $1.time }
    return Array(entries.prefix(limit))
  }

  private static func metadata(_ value: JSONValue) -> [String: String] {
    var result = PrometheusDecoder.labels(value)
    for group in ["structuredMetadata", "parsed"] {
      result.merge(value[group].map(PrometheusDecoder.labels) ?? [:]) { $1 }
    }
    return result
  }
}
