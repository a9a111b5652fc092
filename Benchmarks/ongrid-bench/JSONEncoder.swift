/// Encodes a batch as one line of OTLP/JSON.
enum JSONEncoder {
  static func encode(_ batch: Batch) -> [UInt8] {
    var text = "{\"resourceSpans\":["
    for (index, group) in batch.groups.enumerated() {
      text += index == 0 ? "{\"resource\":{" : ",{\"resource\":{"
      text += attributes(group.attributes) + "},\"scopeSpans\":["
      for (index, scope) in group.scopes.enumerated() {
        text += index == 0 ? "{\"scope\":{" : ",{\"scope\":{"
        text += "\"name\":\"\(scope.name)\",\"version\":\"0.58.0\"},\"spans\":["
        for (index, span) in scope.spans.enumerated() {
          if index > 0 { text += "," }
          append(span, to: &text)
        }
        text += "]}"
      }
      text += "]}"
    }
    text += "]}\n"
    return Array(text.utf8)
  }

  private static func append(_ span: Span, to text: inout String) {
    text += "{\"traceId\":\"\(hex(span.traceID.0))\(hex(span.traceID.1))\",\"spanId\":\"\(hex(span.spanID))\""
    if span.parentID != 0 { text += ",\"parentSpanId\":\"\(hex(span.parentID))\"" }
    text += ",\"flags\":257,\"name\":\"\(span.name)\",\"kind\":\(span.kind.rawValue)"
    text += ",\"startTimeUnixNano\":\"\(span.start)\",\"endTimeUnixNano\":\"\(span.end)\","
    text += attributes(span.attributes) + ",\"status\":{"
    if span.statusCode != 0 {
      if !span.statusMessage.isEmpty { text += "\"message\":\"\(span.statusMessage)\"," }
      text += "\"code\":\(span.statusCode)"
    }
    text += "}}"
  }

  private static func attributes(_ list: [Attribute]) -> String {
    let items = list.map { attribute in
      let value: String
      switch attribute.value {
      case .string(let text): value = "\"stringValue\":\"\(text)\""
      case .int(let number): value = "\"intValue\":\"\(number)\""
      case .bool(let flag): value = "\"boolValue\":\(flag)"
      case .double(let number): value = "\"doubleValue\":\(number)"
      }
      return "{\"key\":\"\(attribute.key)\",\"value\":{\(value)}}"
    }
    return "\"attributes\":[\(items.joined(separator: ","))]"
  }

  private static func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
