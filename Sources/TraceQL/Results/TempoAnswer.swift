public import JSON
import Platform

/// Reads the answers of Tempo's query API. What is absent counts as empty or 0, as in protobuf's JSON.
extension SearchResult {
  /// Nil when `answer` is no answer to a search.
  public init?(answer: JSONValue) {
    guard answer.members != nil else { return nil }
    let listed = answer["traces"]?.elements ?? []
    traces = listed.compactMap { TraceResult(answer: $0) }
    inspectedBytes = answer["metrics"]?["inspectedBytes"]?.wholeNumber ?? 0
    skipped = 0
  }
}

extension TraceResult {
  fileprivate init?(answer: JSONValue) {
    guard let id = answer["traceID"]?.string, !id.isEmpty else { return nil }
    let sets = answer["spanSets"]?.elements ?? answer["spanSet"].map { [$0] } ?? []
    let stats = answer["serviceStats"]?.members ?? []
    let services = stats.map {
      ServiceResult(
        name: $0.key, spanCount: $0.value["spanCount"]?.wholeNumber ?? 0,
        errorCount: $0.value["errorCount"]?.wholeNumber ?? 0)
    }
    self.init(
      // Tempo drops leading zeros.
      traceID: TraceResult.padded(id, to: 32), rootServiceName: answer["rootServiceName"]?.string ?? "",
      rootTraceName: answer["rootTraceName"]?.string ?? "",
      startTimeUnixNano: UInt64(clamping: answer["startTimeUnixNano"]?.wholeNumber ?? 0),
      duration: (answer["durationMs"]?.wholeNumber ?? 0).multipliedReportingOverflow(by: 1_000_000).partialValue,
      spanCount: services.reduce(0) { $0 &+ $1.spanCount }, errorCount: services.reduce(0) { $0 &+ $1.errorCount },
      services: services, spansets: sets.map { SpansetResult(answer: $0) })
  }

  fileprivate static func padded(_ id: String, to width: Int) -> String {
    String(repeating: "0", count: max(0, width - id.utf8.count)) + id
  }
}

extension SpansetResult {
  fileprivate init(answer: JSONValue) {
    let listed = answer["spans"]?.elements ?? []
    let spans = listed.map { span in
      SpanResult(
        spanID: TraceResult.padded(span["spanID"]?.string ?? "", to: 16), name: span["name"]?.string ?? "",
        startTimeUnixNano: UInt64(clamping: span["startTimeUnixNano"]?.wholeNumber ?? 0),
        duration: span["durationNanos"]?.wholeNumber ?? 0, attributes: ResultValue.keyValues(span["attributes"]))
    }
    self.init(
      matched: answer["matched"]?.wholeNumber ?? spans.count,
      attributes: ResultValue.keyValues(answer["attributes"]), spans: spans)
  }
}

extension MetricsResult {
  /// Nil when `answer` is no answer to a metrics query. Times that do not stand on one grid are put on the finest.
  public init?(answer: JSONValue) {
    guard answer.members != nil else { return nil }
    var listed: [(labels: [Series.Label], samples: [Int: Double])] = []
    var times: Set<Int> = []
    for series in answer["series"]?.elements ?? [] {
      var samples: [Int: Double] = [:]
      for sample in series["samples"]?.elements ?? [] {
        let time = sample["timestampMs"]?.wholeNumber ?? 0
        samples[time] = sample["value"]?.sampleValue ?? 0
        times.insert(time)
      }
      // An instant query has a value for each series and no times.
      if let value = series["value"]?.sampleValue {
        samples[0] = value
        times.insert(0)
      }
      listed.append((ResultValue.keyValues(series["labels"]), samples))
    }
    let sorted = times.sorted()
    let step = max(1, zip(sorted, sorted.dropFirst()).map { $1 &- $0 }.min() ?? 1)
    let first = (sorted.first ?? 0) / step
    let count = min(Intervals.maximum, (sorted.last ?? 0) / step - first + 1)
    intervals = Intervals(
      first: first, last: first + count - 1, step: step.multipliedReportingOverflow(by: 1_000_000).partialValue)
    series = listed.map { labels, samples in
      var values = [Double](repeating: .nan, count: count)
      for (time, value) in samples where time / step - first < count { values[time / step - first] = value }
      return Series(labels: labels, values: values)
    }
    series.sort(by: SecondStages.inLabelOrder)
    inspectedBytes = answer["metrics"]?["inspectedBytes"]?.wholeNumber ?? 0
    skipped = 0
  }
}

extension ResultValue {
  /// `[{"key": …, "value": …}]`.
  fileprivate static func keyValues(_ list: JSONValue?) -> [(name: String, value: ResultValue)] {
    (list?.elements ?? []).compactMap { item in
      item["key"]?.string.map { ($0, ResultValue(anyValue: item["value"])) }
    }
  }

  /// An OTLP AnyValue in JSON; what it is not understood to be is missing.
  fileprivate init(anyValue: JSONValue?) {
    guard let member = anyValue?.members?.first else {
      self = .missing
      return
    }
    switch member.key {
    case "stringValue": self = .string(member.value.string ?? "")
    case "boolValue": self = .bool(member.value.bool ?? false)
    case "intValue": self = .int(member.value.wholeNumber ?? 0)
    case "doubleValue": self = .double(member.value.sampleValue ?? 0)
    case "arrayValue": self = .array((member.value["values"]?.elements ?? []).map { ResultValue(anyValue: $0) })
    default: self = .missing
    }
  }
}

extension JSONValue {
  /// 64-bit integers come as numbers or as text.
  fileprivate var wholeNumber: Int? { (int64 ?? string.flatMap { Int64($0) }).map { Int($0) } }

  fileprivate var sampleValue: Double? {
    if let text = string { return text == "NaN" ? .nan : text == "Infinity" ? .infinity : Double(text) }
    return double
  }
}
