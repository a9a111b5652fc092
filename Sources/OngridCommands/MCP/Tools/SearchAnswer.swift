import JSON
import Platform
import TraceQL

/// An answer that is a list, as JSON that loses its last elements where it would not fit.
struct ListAnswer {
  let key: String
  let elements: [[UInt8]]
  let notes: [String]

  /// At most `budget` bytes; what does not fit is counted.
  func text(budget: Int) -> String {
    // What stands around the elements, with its counts at their longest.
    var left = budget - document([], leftOut: .max).utf8.count
    var count = 0
    for element in elements {
      left -= element.count + 1
      if left < 0 { break }
      count += 1
    }
    return document(Array(elements.prefix(count)), leftOut: elements.count - count)
  }

  private func document(_ elements: [[UInt8]], leftOut: Int) -> String {
    var json = JSONWriter()
    json.beginObject()
    json.key(key)
    json.beginArray()
    for element in elements { json.raw(String(decoding: element, as: UTF8.self)) }
    json.endArray()
    if leftOut > 0 {
      json.key("left_out_for_size")
      json.int(leftOut)
    }
    if !notes.isEmpty {
      json.key("notes")
      json.beginArray()
      for note in notes.prefix(3) { json.string(String(note.prefix(200))) }
      json.endArray()
    }
    json.endObject()
    return String(decoding: json.bytes, as: UTF8.self)
  }
}

/// Traces that were found.
struct SearchAnswer {
  let traces: [TraceResult]
  let notes: [String]

  private static let spans = 3

  func text(budget: Int) -> String {
    ListAnswer(key: "traces", elements: traces.map(SearchAnswer.element), notes: notes).text(budget: budget)
  }

  private static func element(_ trace: TraceResult) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.optional("trace_id", trace.traceID)
    json.optional("start", Timestamp(nanoseconds: Int64(clamping: trace.startTimeUnixNano)).rfc3339)
    json.key("duration_ms")
    json.double((Double(trace.duration) / 1e4).rounded() / 100)
    json.optional("root_service", short(trace.rootServiceName))
    json.optional("root_name", short(trace.rootTraceName))
    if trace.spanCount > 0 {
      json.key("spans")
      json.int(trace.spanCount)
      json.key("failed")
      json.int(trace.errorCount)
    }
    json.key("matched")
    json.int(trace.spansets.reduce(0) { $0 &+ $1.matched })
    json.key("matching")
    json.beginArray()
    for span in trace.spansets.flatMap(\.spans).prefix(spans) {
      json.beginObject()
      json.optional("span_id", span.spanID)
      // Tempo names only spans of which the query asks for the name.
      if !span.name.isEmpty { json.optional("name", short(span.name)) }
      json.key("duration_ms")
      json.double((Double(span.duration) / 1e4).rounded() / 100)
      for attribute in span.attributes.prefix(8) where attribute.name != "name" && attribute.name != "duration" {
        json.optional(short(attribute.name), short(attribute.value.text))
      }
      json.endObject()
    }
    json.endArray()
    json.endObject()
    return json.bytes
  }

  private static func short(_ text: String) -> String {
    text.unicodeScalars.dropFirst(200).isEmpty
      ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(200))) + "…"
  }
}

/// Series that a metrics query came to.
struct SeriesAnswer {
  let result: MetricsResult
  let notes: [String]

  func text(budget: Int) -> String {
    let elements = result.series.map { series in
      var json = JSONWriter()
      json.beginObject()
      json.key("labels")
      json.beginObject()
      for label in series.labels { json.optional(label.name, String(label.value.text.prefix(200))) }
      json.endObject()
      json.key("points")
      json.beginArray()
      for (index, value) in series.values.enumerated() where !value.isNaN {
        json.beginArray()
        json.int(Int64(result.intervals.timestamp(index)) / Nanoseconds.perSecond)
        json.raw(value.isFinite ? TextLayout.number(value) : "null")
        json.endArray()
      }
      json.endArray()
      json.endObject()
      return json.bytes
    }
    return ListAnswer(key: "series", elements: elements, notes: notes).text(budget: budget)
  }
}
