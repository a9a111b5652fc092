import JSON
import Platform

/// The marked span that `ongrid doctor` sends.
struct ProbeSpan {
  static let service = "ongrid-doctor"
  static let name = "probe"

  /// 32 hexadecimal digits.
  let traceID: String
  let sent: Timestamp

  init(now: Timestamp = .now) {
    var generator = SystemRandomNumberGenerator()
    traceID = ProbeSpan.digits(generator.next()) + ProbeSpan.digits(generator.next())
    sent = now
  }

  private static func digits(_ value: UInt64) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }

  /// An OTLP request in JSON with this one span, of a server, a millisecond long.
  var request: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    list("resourceSpans", &writer) { writer in
      writer.key("resource")
      writer.beginObject()
      list("attributes", &writer) { attribute("service.name", ProbeSpan.service, &$0) }
      writer.endObject()
      list("scopeSpans", &writer) { writer in
        list("spans", &writer) { span(&$0) }
      }
    }
    writer.endObject()
    return writer.bytes
  }

  private func span(_ writer: inout JSONWriter) {
    let end = sent.nanoseconds
    let fields = [
      ("traceId", traceID), ("spanId", String(traceID.suffix(16))), ("name", ProbeSpan.name),
      ("startTimeUnixNano", String((sent - .milliseconds(1)).nanoseconds)), ("endTimeUnixNano", String(end)),
    ]
    for (key, value) in fields {
      writer.key(key)
      writer.string(value)
    }
    writer.key("kind")
    writer.int(2)
    list("attributes", &writer) { attribute("ongrid.doctor", traceID, &$0) }
  }

  /// A list with one object.
  private func list(_ key: String, _ writer: inout JSONWriter, _ members: (inout JSONWriter) -> Void) {
    writer.key(key)
    writer.beginArray()
    writer.beginObject()
    members(&writer)
    writer.endObject()
    writer.endArray()
  }

  /// The members of a key and its text.
  private func attribute(_ key: String, _ value: String, _ writer: inout JSONWriter) {
    writer.key("key")
    writer.string(key)
    writer.key("value")
    writer.beginObject()
    writer.key("stringValue")
    writer.string(value)
    writer.endObject()
  }
}
