import JSON

/// Reads Zipkin's v2 JSON: a list of spans, or a list of such lists.
enum ZipkinDecoder {
  /// Spans of all traces; what has no ids is left out.
  static func spans(_ answer: JSONValue) -> [ForeignSpan] {
    (answer.elements ?? []).flatMap { entry in
      entry.elements.map { $0.compactMap(span) } ?? span(entry).map { [$0] } ?? []
    }
  }

  private static func span(_ value: JSONValue) -> ForeignSpan? {
    guard let traceID = ForeignSpan.id(value["traceId"]?.string, count: 16),
      let spanID = ForeignSpan.id(value["id"]?.string, count: 8)
    else { return nil }
    var span = ForeignSpan(traceID: traceID, spanID: spanID)
    span.parentID = ForeignSpan.id(value["parentId"]?.string, count: 8) ?? []
    span.name = value["name"]?.string ?? ""
    // A span without a kind is a local one.
    span.kind = value["kind"]?.string.map(OTLPNames.kind) ?? 1
    let start = value["timestamp"]?.int64 ?? 0
    span.start = ForeignSpan.nanoseconds(microseconds: start)
    span.end = ForeignSpan.nanoseconds(
      microseconds: start.addingReportingOverflow(value["duration"]?.int64 ?? 0).partialValue)
    if let service = value["localEndpoint"]?["serviceName"]?.string, !service.isEmpty {
      span.resource.append(("service.name", .string(service)))
    }
    addRemote(value["remoteEndpoint"], to: &span)
    for member in value["tags"]?.members ?? [] {
      guard let text = member.value.string else { continue }
      add(member.key, text, to: &span)
    }
    span.events = (value["annotations"]?.elements ?? []).map { annotation in
      .init(
        time: ForeignSpan.nanoseconds(microseconds: annotation["timestamp"]?.int64),
        name: annotation["value"]?.string ?? "", attributes: [])
    }
    return span
  }

  private static func addRemote(_ endpoint: JSONValue?, to span: inout ForeignSpan) {
    if let service = endpoint?["serviceName"]?.string { span.attributes.append(("peer.service", .string(service))) }
    if let address = endpoint?["ipv4"]?.string ?? endpoint?["ipv6"]?.string {
      span.attributes.append(("net.peer.ip", .string(address)))
    }
    if let port = endpoint?["port"]?.int64 { span.attributes.append(("net.peer.port", .int(port))) }
  }

  private static func add(_ key: String, _ text: String, to span: inout ForeignSpan) {
    switch key {
    case "error":
      // The tag's presence means failure, whatever it says, except for a plain "false".
      if text != "false" { span.status = 2 }
      if text != "true", text != "false" { span.statusMessage = text }
    case "otel.status_code": span.status = text == "ERROR" ? 2 : text == "OK" ? 1 : span.status
    case "otel.status_description": span.statusMessage = text
    case "otel.scope.name", "otel.library.name": span.scopeName = text
    case "otel.scope.version", "otel.library.version": span.scopeVersion = text
    default:
      // Zipkin has only text; what was a number or a flag becomes one again, so that it compares as such.
      if let number = Int64(text), String(number) == text {
        span.attributes.append((key, .int(number)))
      } else if text == "true" || text == "false" {
        span.attributes.append((key, .bool(text == "true")))
      } else {
        span.attributes.append((key, .string(text)))
      }
    }
  }
}
