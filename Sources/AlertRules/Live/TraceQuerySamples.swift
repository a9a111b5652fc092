public import Backends
import JSON
public import Platform
public import TraceFormats
import TraceQL

/// The values of TraceQL metrics queries, from a server or from files. A query counts what lies in intervals that follow each
/// other, so there is a value every window.
public struct TraceQuerySamples: RuleSamples {
  /// Who evaluates the queries.
  public enum Source {
    case server(any TraceBackend)
    /// Files, which are read anew for each query.
    case files([String], TraceInputOptions)
  }

  /// A value with its labels.
  public struct LabelledSeries: Sendable {
    public let labels: [Label]
    /// In the order of time; stamped with the end of their interval.
    public let samples: [PrometheusSample]
  }

  private let source: Source

  public init(_ source: Source) { self.source = source }

  public func series(
    of rule: AlertRule, start: Timestamp, end: Timestamp, step: Int64
  ) throws(BackendError) -> [JudgedSeries] {
    try values(of: rule, start: start, end: end).map { JudgedSeries($0.samples) }
  }

  /// The values at the ends of windows that lie from `start` to `end`; where the two are the same, of the window that ends
  /// there.
  public func values(of rule: AlertRule, start: Timestamp, end: Timestamp) throws(BackendError) -> [LabelledSeries] {
    guard case .traceQL(let query, _) = rule.condition else { return [] }
    let window = max(rule.window.nanoseconds, 1)
    let from = start.advanced(byNanoseconds: -window)
    let request = TraceMetricsRequest(query: query, start: from, end: end, step: start == end ? nil : window)
    let answer = try ask(request)
    guard let series = answer["series"]?.elements else { return [] }
    return series.map { one in
      LabelledSeries(
        labels: TraceQuerySamples.labels(one),
        samples: TraceQuerySamples.samples(one, at: start == end ? end : nil).filter {
          start <= $0.time && $0.time <= end
        })
    }
  }

  private func ask(_ request: TraceMetricsRequest) throws(BackendError) -> JSONValue {
    switch source {
    case .server(let backend):
      var body: [UInt8] = []
      try backend.metrics(request) { bytes in
        guard body.count + bytes.count <= backend.client.maximumResponse else { return false }
        body.append(contentsOf: bytes)
        return true
      }
      return try backend.client.parse(body)
    case .files(let paths, let options):
      do {
        return try TraceQuerySamples.evaluate(request, paths, options)
      } catch {
        throw .query("\(error)")
      }
    }
  }

  private static func evaluate(
    _ request: TraceMetricsRequest, _ paths: [String], _ input: TraceInputOptions
  ) throws -> JSONValue {
    var options = LocalEngine.Options()
    options.range = TimeRange(
      start: UInt64(clamping: request.start.nanoseconds), end: UInt64(clamping: request.end.nanoseconds))
    options.isInstant = request.step == nil
    options.skipsBad = input.skipsBad
    if let step = request.step { options.step = Int(step) }
    let result = try LocalEngine(try Query(parsing: request.query), options).metrics(
      .input(try TraceInput(paths, options: input)))
    var json = JSONWriter()
    result.write(to: &json)
    return try json.bytes.withByteView { view throws(JSONError) in try JSONDocument.parse(view) }
  }

  /// The labels that the query groups by, with names that Prometheus takes.
  private static func labels(_ series: JSONValue) -> [Label] {
    var labels: [Label] = []
    for label in series["labels"]?.elements ?? [] {
      guard let name = label["key"]?.string, name != "__name__", let value = label["value"]?.members?.first?.value
      else { continue }
      let text = text(value)
      if !text.isEmpty { labels.append(Label(LabelName.sanitized(name), text)) }
    }
    return labels
  }

  private static func text(_ value: JSONValue) -> String {
    if let string = value.string { return string }
    if let number = value.numberText { return number }
    if let flag = value.bool { return flag ? "true" : "false" }
    return ""
  }

  /// - Parameter instant: The time of the one value that there is.
  private static func samples(_ series: JSONValue, at instant: Timestamp?) -> [PrometheusSample] {
    if let instant {
      // A zero is left out by some writers.
      return [PrometheusSample(time: instant, value: number(series["value"]) ?? 0)]
    }
    return (series["samples"]?.elements ?? []).compactMap { sample in
      let stamp = sample["timestampMs"]
      guard let milliseconds = stamp?.int64 ?? stamp?.string.flatMap({ Int64($0) }) else { return nil }
      return PrometheusSample(
        time: Timestamp(milliseconds: milliseconds),
        value: number(sample["value"]) ?? 0)
    }
  }

  private static func number(_ value: JSONValue?) -> Double? { value?.double ?? value?.string.flatMap { Double($0) } }
}
