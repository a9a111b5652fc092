import JSON
import OTLP
import Platform

/// Answers in Tempo's shape that are made here.
enum TraceAnswer {
  static func send(_ bytes: [UInt8], to sink: TraceBackend.Sink) {
    _ = bytes.withUnsafeBytes { sink($0) }
  }

  /// `{"tagValues":[{"type":"string","value":…}]}`.
  static func tagValues(_ values: [String]) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("tagValues")
    writer.beginArray()
    for value in values {
      writer.beginObject()
      writer.key("type")
      writer.string("string")
      writer.key("value")
      writer.string(value)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }

  /// A trace as OTLP/JSON.
  static func json(_ otlp: [UInt8], _ client: BackendClient) throws(BackendError) -> [UInt8] {
    do throws(WireError) {
      return try otlp.withByteView { view throws(WireError) in
        var buffer = ByteBuffer(capacity: 4 * view.count)
        try OTLPJSONWriter().write(view, .traces, into: &buffer)
        return Array(buffer.view)
      }
    } catch {
      throw client.unexpected(error.description)
    }
  }

  /// How many traces `otlp` holds spans of.
  static func traceCount(_ otlp: [UInt8], _ client: BackendClient) throws(BackendError) -> Int {
    do throws(WireError) {
      return try otlp.withByteView { view throws(WireError) in
        var ids: Set<ByteView> = []
        try RequestView(view).resourceSpans.forEach { (resource) throws(WireError) in
          try resource.scopeSpans.forEach { (scope) throws(WireError) in
            try scope.spans.forEach { (span) throws(WireError) in ids.insert(span.traceID) }
          }
        }
        return ids.count
      }
    } catch {
      throw client.unexpected(error.description)
    }
  }
}
