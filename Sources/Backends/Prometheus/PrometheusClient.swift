import JSON
public import Platform
public import Transport

/// The query API of Prometheus, and of what speaks it (Mimir, Thanos, VictoriaMetrics).
///
/// Not thread-safe: one per thread.
public final class PrometheusClient {
  public let client: BackendClient

  /// Prometheus refuses more points than 11,000 a series; a longer range is asked for in parts.
  private static let maximumPoints = 10_000

  public init(url: HTTPURL, options: HTTPOptions = HTTPOptions(), retry: RetryPolicy = .reads) throws(BackendError) {
    client = try BackendClient(url: url, options: options, retry: retry)
  }

  /// Evaluates `expression` at a moment (`nil`: now).
  public func query(_ expression: String, at time: Timestamp? = nil) throws(BackendError) -> PrometheusResult {
    var parameters = [("query", expression)]
    if let time { parameters.append(("time", PrometheusTime.text(time))) }
    return try PrometheusDecoder.result(data("/api/v1/query", parameters, form: true), client)
  }

  /// Evaluates `expression` from `start` to `end`, both included, every `step` nanoseconds (at least a millisecond).
  ///
  /// - Returns: a series for each label set, samples in order of time; a scalar expression is one without labels.
  public func queryRange(
    _ expression: String, start: Timestamp, end: Timestamp, step: Int64
  ) throws(BackendError) -> [PrometheusSeries] {
    let step = max(step, 1_000_000)
    var merged: [PrometheusSeries] = []
    var places: [[String: String]: Int] = [:]
    var from = start
    while from <= end {
      let last = from.advanced(byNanoseconds: step.multipliedSaturating(by: Int64(PrometheusClient.maximumPoints - 1)))
      let parameters = [
        ("query", expression), ("start", PrometheusTime.text(from)), ("end", PrometheusTime.text(min(last, end))),
        ("step", PrometheusTime.seconds(step)),
      ]
      let part = try PrometheusDecoder.result(data("/api/v1/query_range", parameters, form: true), client).series
      for series in part {
        if let place = places[series.labels] {
          merged[place].samples += series.samples
        } else {
          places[series.labels] = merged.count
          merged.append(series)
        }
      }
      if last >= end { break }
      from = last.advanced(byNanoseconds: step)
    }
    return merged
  }

  /// The exemplars of the series `expression` touches.
  public func queryExemplars(
    _ expression: String, start: Timestamp, end: Timestamp
  ) throws(BackendError) -> [PrometheusExemplars] {
    let answer = try data(
      "/api/v1/query_exemplars",
      [("query", expression), ("start", PrometheusTime.text(start)), ("end", PrometheusTime.text(end))], form: true)
    guard let elements = answer.elements else { throw client.unexpected("exemplars are not a list") }
    return elements.map(PrometheusDecoder.exemplars)
  }

  /// The label sets of the series that any of the selectors matches.
  public func series(
    matching selectors: [String], start: Timestamp? = nil, end: Timestamp? = nil
  ) throws(BackendError) -> [[String: String]] {
    let answer = try data("/api/v1/series", range(selectors, start, end), form: true)
    guard let elements = answer.elements else { throw client.unexpected("series are not a list") }
    return elements.map(PrometheusDecoder.labels)
  }

  /// Label names, of all series or of those that any of the selectors matches.
  public func labelNames(
    matching selectors: [String] = [], start: Timestamp? = nil, end: Timestamp? = nil
  ) throws(BackendError) -> [String] {
    try strings(data("/api/v1/labels", range(selectors, start, end), form: true))
  }

  /// The values of a label.
  public func labelValues(
    _ name: String, matching selectors: [String] = [], start: Timestamp? = nil, end: Timestamp? = nil
  ) throws(BackendError) -> [String] {
    try strings(data("/api/v1/label/\(PercentEncoding.encode(name))/values", range(selectors, start, end), form: false))
  }

  /// The server's version, as it states it.
  public func version() throws(BackendError) -> String {
    try data("/api/v1/status/buildinfo", [], form: false)["version"]?.string ?? ""
  }

  private func range(_ selectors: [String], _ start: Timestamp?, _ end: Timestamp?) -> [(String, String)] {
    var parameters = selectors.map { ("match[]", $0) }
    if let start { parameters.append(("start", PrometheusTime.text(start))) }
    if let end { parameters.append(("end", PrometheusTime.text(end))) }
    return parameters
  }

  private func strings(_ value: JSONValue) throws(BackendError) -> [String] {
    guard let elements = value.elements else { throw client.unexpected("expected a list of names") }
    return elements.compactMap(\.string)
  }

  /// The `data` of an answer.
  private func data(_ path: String, _ parameters: [(String, String)], form: Bool) throws(BackendError) -> JSONValue {
    let answer = try client.json(path, parameters, form: form)
    if answer["status"]?.string == "error" {
      throw .query(ErrorMessage.line(answer["error"]?.string ?? "unknown error"))
    }
    guard let data = answer["data"] else { throw client.unexpected("the JSON has no \"data\"") }
    return data
  }
}
