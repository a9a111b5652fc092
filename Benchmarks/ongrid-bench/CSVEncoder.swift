/// Encodes a batch as lines of CSV, for programs that know nothing of OTLP; `header` names the columns.
enum CSVEncoder {
  static let header = "trace_id,span_id,parent_id,service,name,kind,start,duration,status,http_status\n"

  static func encode(_ batch: Batch) -> [UInt8] {
    var text = ""
    for group in batch.groups {
      let service = group.attributes.first { $0.key == "service.name" }.map { Self.text($0.value) } ?? ""
      for span in group.scopes.flatMap(\.spans) {
        let status = span.attributes.first { $0.key == "http.response.status_code" }.map { Self.text($0.value) } ?? ""
        let id = String(span.traceID.0, radix: 16) + "-" + String(span.traceID.1, radix: 16)
        text += "\(id),\(span.spanID),\(span.parentID),\(service),\"\(span.name)\",\(span.kind.rawValue),\(span.start),"
        text += "\(span.end &- span.start),\(span.statusCode),\(status)\n"
      }
    }
    return Array(text.utf8)
  }

  private static func text(_ value: Value) -> String {
    switch value {
    case .string(let text): text
    case .int(let number): "\(number)"
    case .bool(let flag): "\(flag)"
    case .double(let number): "\(number)"
    }
  }
}
