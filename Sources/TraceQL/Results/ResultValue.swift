public import JSON
public import OTLP
import Platform

/// A value in a result, which lives on without the trace data.
public enum ResultValue: Hashable, Sendable {
  /// The attribute is not there; Tempo writes it as the text `nil`.
  case missing
  case string(String)
  case bool(Bool)
  case int(Int)
  case double(Double)
  /// Nanoseconds.
  case duration(Int)
  case status(StatusCode)
  case kind(SpanKind)
  case array([ResultValue])

  init(_ value: Value) {
    switch value {
    case .unknown, .missing: self = .missing
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(value)
    case .float(let value): self = .double(value)
    case .string(let value): self = .string(String(value))
    case .duration(let value): self = .duration(value)
    case .status(let value): self = .status(value)
    case .kind(let value): self = .kind(value)
    case .several:
      // The values of all events or links that matched: a list where they differ.
      var values: [ResultValue] = []
      for index in 0..<value.elementCount {
        let one = ResultValue(value.element(index))
        if one != .missing, !values.contains(one) { values.append(one) }
      }
      self = values.count > 1 ? .array(values) : values.first ?? .missing
    case .array(var elements):
      var values: [ResultValue] = []
      while let element = try? elements.next() { values.append(ResultValue(Value(element))) }
      self = .array(values)
    }
  }

  /// As text, the way a table shows it.
  public var text: String {
    switch self {
    case .missing: "nil"
    case .string(let value): value
    case .bool(let value): value ? "true" : "false"
    case .int(let value): String(value)
    case .double(let value): value.description
    case .duration(let value): ResultValue.durationText(value)
    case .status(let value): value.queryName
    case .kind(let value): value.queryName
    case .array(let values): "[" + values.map(\.text).joined(separator: ", ") + "]"
    }
  }

  /// A duration the way Go prints it, which is what Tempo's results hold: `1h0m0.5s`, `403.886115ms`, `1.5µs`.
  static func durationText(_ nanoseconds: Int) -> String {
    if nanoseconds == 0 { return "0s" }
    if nanoseconds < 0 { return "-" + durationText(nanoseconds == .min ? .max : -nanoseconds) }
    if nanoseconds < 1_000_000_000 { return QueryDuration.text(nanoseconds).replacing("us", with: "µs") }
    let minutes = nanoseconds / 60_000_000_000
    let rest = nanoseconds % 60_000_000_000
    let seconds = rest == 0 ? "0s" : QueryDuration.seconds(rest)
    if minutes == 0 { return seconds }
    return (minutes >= 60 ? "\(minutes / 60)h" : "") + "\(minutes % 60)m" + seconds
  }

  /// Writes it as an OTLP AnyValue in JSON.
  public func write(to json: inout JSONWriter) {
    json.beginObject()
    switch self {
    case .bool(let value):
      json.key("boolValue")
      json.bool(value)
    case .int(let value):
      json.key("intValue")
      json.string(String(value))
    case .double(let value):
      json.key("doubleValue")
      json.double(value)
    case .array(let values):
      json.key("arrayValue")
      json.beginObject()
      json.key("values")
      json.beginArray()
      for value in values { value.write(to: &json) }
      json.endArray()
      json.endObject()
    default:
      json.key("stringValue")
      json.string(text)
    }
    json.endObject()
  }
}
