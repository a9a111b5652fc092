import JSON

/// Reads the JSON of Jaeger's older query API: `{"data":[{"spans":[…],"processes":{…}}]}`.
enum JaegerDecoder {
  /// Spans of all traces; what has no ids is left out.
  static func spans(_ answer: JSONValue) -> [ForeignSpan] {
    (answer["data"]?.elements ?? []).flatMap { trace in
      let processes = trace["processes"]
      return (trace["spans"]?.elements ?? []).compactMap { span($0, processes) }
    }
  }

  private static func span(_ value: JSONValue, _ processes: JSONValue?) -> ForeignSpan? {
    guard let traceID = ForeignSpan.id(value["traceID"]?.string, count: 16),
      let spanID = ForeignSpan.id(value["spanID"]?.string, count: 8)
    else { return nil }
    var span = ForeignSpan(traceID: traceID, spanID: spanID)
    span.name = value["operationName"]?.string ?? ""
    let start = value["startTime"]?.int64 ?? 0
    span.start = ForeignSpan.nanoseconds(microseconds: start)
    span.end = ForeignSpan.nanoseconds(
      microseconds: start.addingReportingOverflow(value["duration"]?.int64 ?? 0).partialValue)
    addReferences(value, to: &span)
    for tag in attributes(value["tags"]) { add(tag, to: &span) }
    span.events = (value["logs"]?.elements ?? []).map(event)
    let process = value["process"] ?? value["processID"]?.string.flatMap { processes?[$0] }
    if let service = process?["serviceName"]?.string {
      span.resource.append(("service.name", .string(service)))
    }
    span.resource += attributes(process?["tags"])
    return span
  }

  private static func addReferences(_ value: JSONValue, to span: inout ForeignSpan) {
    for reference in value["references"]?.elements ?? [] {
      guard let traceID = ForeignSpan.id(reference["traceID"]?.string, count: 16),
        let spanID = ForeignSpan.id(reference["spanID"]?.string, count: 8)
      else { continue }
      if reference["refType"]?.string == "CHILD_OF", traceID == span.traceID, span.parentID.isEmpty {
        span.parentID = spanID
      } else {
        span.links.append(.init(traceID: traceID, spanID: spanID))
      }
    }
    if span.parentID.isEmpty, let parent = ForeignSpan.id(value["parentSpanID"]?.string, count: 8) {
      span.parentID = parent
    }
  }

  /// Tags that stand for fields of an OTLP span become those fields again.
  private static func add(_ tag: ForeignSpan.Attribute, to span: inout ForeignSpan) {
    let text: String? = if case .string(let text) = tag.value { text } else { nil }
    switch tag.key {
    case "span.kind": span.kind = OTLPNames.kind(text ?? "")
    case "error":
      if case .bool(true) = tag.value { span.status = 2 }
      if text == "true" { span.status = 2 }
    case "otel.status_code": span.status = text == "ERROR" ? 2 : text == "OK" ? 1 : span.status
    case "otel.status_description": span.statusMessage = text ?? ""
    case "otel.scope.name", "otel.library.name": span.scopeName = text ?? ""
    case "otel.scope.version", "otel.library.version": span.scopeVersion = text ?? ""
    case "internal.span.format": break
    default: span.attributes.append(tag)
    }
  }

  private static func event(_ log: JSONValue) -> ForeignSpan.Event {
    var fields = attributes(log["fields"])
    var name = ""
    if let index = fields.firstIndex(where: { $0.key == "event" }) {
      if case .string(let text) = fields[index].value { name = text }
      fields.remove(at: index)
    }
    return .init(
      time: ForeignSpan.nanoseconds(microseconds: log["timestamp"]?.int64), name: name, attributes: fields)
  }

  private static func attributes(_ list: JSONValue?) -> [ForeignSpan.Attribute] {
    (list?.elements ?? []).compactMap { tag in
      guard let key = tag["key"]?.string, let value = tag["value"] else { return nil }
      switch value.content {
      case .string(let text):
        // 64-bit integers may be strings, with their type beside them.
        if tag["type"]?.string == "int64", let number = Int64(text) { return (key, .int(number)) }
        return (key, .string(text))
      case .bool(let flag): return (key, .bool(flag))
      case .number(let text):
        if tag["type"]?.string != "float64", let number = Int64(text) { return (key, .int(number)) }
        return (key, .double(value.double ?? 0))
      case .object, .array, .null: return nil
      }
    }
  }
}

/// Names of OTLP's enumerations in other formats.
enum OTLPNames {
  /// The number of a span kind written as a word in any case; 0 for none.
  static func kind(_ word: String) -> Int {
    switch word.lowercased() {
    case "internal": 1
    case "server": 2
    case "client": 3
    case "producer": 4
    case "consumer": 5
    default: 0
    }
  }
}
