import OTLP
import Platform

/// Copies spans out of OTLP bytes.
enum SpanReader {
  /// Longer values are cut: they identify nothing and only cost memory.
  private static let valueLimit = 200
  private static let attributeLimit = 64

  /// Calls `body` with each span, its resource and the resource's service name.
  static func forEach(
    in request: RequestView, _ body: (SpanView, ResourceView, _ service: String) throws(WireError) -> Void
  ) throws(WireError) {
    try request.resourceSpans.forEach { (group) throws(WireError) in
      let service = try self.service(of: group.resource)
      try group.scopeSpans.forEach { (scope) throws(WireError) in
        try scope.spans.forEach { (span) throws(WireError) in try body(span, group.resource, service) }
      }
    }
  }

  static func service(of resource: ResourceView) throws(WireError) -> String {
    var service = ""
    try resource.attributes.forEach { (attribute) throws(WireError) in
      if attribute.key.equals("service.name"), case .string(let name) = try attribute.value { service = String(name) }
    }
    return service
  }

  /// A copy of a span.
  static func record(
    _ span: SpanView, _ resource: ResourceView, service: String
  ) throws(WireError) -> SpanRecord {
    var attributes: [SpanRecord.Attribute] = []
    try append(span.attributes, to: &attributes)
    let own = attributes.count
    try append(resource.attributes, to: &attributes)
    return SpanRecord(
      id: number(span.spanID), parent: number(span.parentSpanID), service: service, name: String(span.name),
      kind: SpanKind(rawValue: span.kind) ?? .unspecified,
      start: Int64(clamping: span.startTimeUnixNano), end: Int64(clamping: span.endTimeUnixNano),
      isError: span.statusCode == StatusCode.error.rawValue, message: String(span.statusMessage.prefix(valueLimit)),
      attributes: attributes, ownAttributes: own)
  }

  /// The traces in OTLP bytes.
  static func traces(_ otlp: [UInt8]) throws(WireError) -> [TraceRecord] {
    try otlp.withByteView { view throws(WireError) in
      var order: [String] = []
      var spans: [String: [SpanRecord]] = [:]
      try forEach(in: RequestView(view)) { (span, resource, service) throws(WireError) in
        let id = hex(span.traceID)
        if spans[id] == nil { order.append(id) }
        spans[id, default: []].append(try record(span, resource, service: service))
      }
      return order.map { TraceRecord(id: $0, spans: spans[$0] ?? []) }
    }
  }

  static func hex(_ bytes: ByteView) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes.buffer { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }

  /// The first eight bytes as a number; 0 when there are none.
  static func number(_ id: ByteView) -> UInt64 {
    id.prefix(8).buffer.reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func append(
    _ field: RepeatedField<KeyValueView>, to attributes: inout [SpanRecord.Attribute]
  ) throws(WireError) {
    try field.forEach { (attribute) throws(WireError) in
      guard attributes.count < attributeLimit, !attribute.key.equals("service.name") else { return }
      let text: String
      switch try attribute.value {
      case .string(let value): text = String(value.prefix(valueLimit))
      case .bool(let value): text = String(value)
      case .int(let value): text = String(value)
      case .double(let value): text = FloatText.general(value)
      case .empty, .array, .kvlist, .bytes: return
      }
      attributes.append(.init(key: String(attribute.key), value: text))
    }
  }
}
