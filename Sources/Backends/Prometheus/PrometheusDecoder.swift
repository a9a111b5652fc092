import JSON
import Platform
import Transport

/// Reads the values of Prometheus's answers; Loki's matrices have the same form.
enum PrometheusDecoder {
  static func result(_ data: JSONValue, _ client: BackendClient) throws(BackendError) -> PrometheusResult {
    guard let result = data["result"], let type = data["resultType"]?.string else {
      throw client.unexpected("the answer has no result")
    }
    switch type {
    case "vector": return .vector(try series(result, client))
    case "matrix": return .matrix(try series(result, client))
    case "scalar":
      guard let sample = sample(result) else { throw client.unexpected("a scalar without a value") }
      return .scalar(sample)
    case "string": return .string(result[1]?.string ?? "")
    default: throw client.unexpected("unknown result type \"\(ErrorMessage.line(type))\"")
    }
  }

  static func series(_ value: JSONValue, _ client: BackendClient) throws(BackendError) -> [PrometheusSeries] {
    guard let elements = value.elements else { throw client.unexpected("the result is not a list") }
    return elements.map { element in
      let values = element["values"]?.elements ?? element["value"].map { [$0] } ?? []
      return PrometheusSeries(
        labels: element["metric"].map(labels) ?? [:], samples: values.compactMap(sample))
    }
  }

  static func labels(_ value: JSONValue) -> [String: String] {
    var labels: [String: String] = [:]
    for member in value.members ?? [] { labels[member.key] = member.value.string }
    return labels
  }

  static func exemplars(_ value: JSONValue) -> PrometheusExemplars {
    PrometheusExemplars(
      seriesLabels: value["seriesLabels"].map(labels) ?? [:],
      exemplars: (value["exemplars"]?.elements ?? []).compactMap { exemplar in
        guard let time = exemplar["timestamp"]?.double, let value = exemplar["value"]?.string.flatMap(number) else {
          return nil
        }
        return .init(
          labels: exemplar["labels"].map(labels) ?? [:],
          sample: PrometheusSample(time: PrometheusTime.timestamp(seconds: time), value: value))
      })
  }

  /// `[seconds, "value"]`.
  private static func sample(_ pair: JSONValue) -> PrometheusSample? {
    guard let time = pair[0]?.double, let value = pair[1]?.string.flatMap(number) else { return nil }
    return PrometheusSample(time: PrometheusTime.timestamp(seconds: time), value: value)
  }

  /// A value as Prometheus writes it: NaN, +Inf and -Inf included.
  private static func number(_ text: String) -> Double? {
    switch text {
    case "NaN": .nan
    case "+Inf", "Inf": .infinity
    case "-Inf": -.infinity
    default: Double(text)
    }
  }
}

/// Times as Prometheus writes and reads them: Unix seconds with up to three decimals.
enum PrometheusTime {
  static func text(_ time: Timestamp) -> String { seconds(time.nanoseconds) }

  /// Nanoseconds as seconds, cut to milliseconds.
  static func seconds(_ nanoseconds: Int64) -> String {
    let milliseconds = nanoseconds / 1_000_000
    let (whole, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
    if rest == 0 { return String(whole) }
    let digits = String(rest.magnitude + 1000).dropFirst()
    return (nanoseconds < 0 && whole == 0 ? "-" : "") + "\(whole).\(digits)"
  }

  static func timestamp(seconds: Double) -> Timestamp {
    let milliseconds = (seconds * 1000).rounded()
    guard milliseconds.magnitude < 9e12 else { return Timestamp(nanoseconds: milliseconds > 0 ? .max : .min) }
    return Timestamp(milliseconds: Int64(milliseconds))
  }
}
