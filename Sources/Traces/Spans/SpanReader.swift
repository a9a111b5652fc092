public import OTLP
public import Platform

/// Copies spans out of OTLP bytes.
public enum SpanReader {
  /// How much of a span is copied.
  public struct Detail: Sendable {
    /// Longer values are cut after so many characters.
    public var valueLimit: Int
    /// Attributes beyond these are left out.
    public var attributeLimit: Int
    /// Whether events and links are copied too, and values that are lists, maps or bytes.
    public var isFull: Bool

    /// What identifies a span; longer values identify nothing and only cost memory.
    public static let brief = Detail(valueLimit: 200, attributeLimit: 64, isFull: false)
    /// What a person may want to see of it.
    public static let full = Detail(valueLimit: 4096, attributeLimit: 512, isFull: true)
  }

  /// Calls `body` with each span, its resource and the resource's service name.
  public static func forEach(
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
  public static func record(
    _ span: SpanView, _ resource: ResourceView, service: String, _ detail: Detail = .brief
  ) throws(WireError) -> TraceSpan {
    var attributes: [TraceSpan.Attribute] = []
    try append(span.attributes, detail, to: &attributes)
    let own = attributes.count
    try append(resource.attributes, detail, to: &attributes)
    var record = TraceSpan(
      id: number(span.spanID), parent: number(span.parentSpanID), service: service, name: String(span.name),
      kind: SpanKind(rawValue: span.kind) ?? .unspecified,
      start: Int64(clamping: span.startTimeUnixNano), end: Int64(clamping: span.endTimeUnixNano),
      isError: span.statusCode == StatusCode.error.rawValue,
      message: String(span.statusMessage.prefix(detail.valueLimit)), attributes: attributes, ownAttributes: own)
    if detail.isFull {
      try span.events.forEach { (event) throws(WireError) in
        var attributes: [TraceSpan.Attribute] = []
        try append(event.attributes, detail, to: &attributes)
        record.events.append(
          .init(name: String(event.name), time: Int64(clamping: event.timeUnixNano), attributes: attributes))
      }
      try span.links.forEach { (link) throws(WireError) in
        var attributes: [TraceSpan.Attribute] = []
        try append(link.attributes, detail, to: &attributes)
        record.links.append(.init(traceID: hex(link.traceID), spanID: hex(link.spanID), attributes: attributes))
      }
    }
    return record
  }

  /// The traces in OTLP bytes.
  public static func traces(_ otlp: [UInt8], _ detail: Detail = .brief) throws(WireError) -> [Trace] {
    try otlp.withByteView { view throws(WireError) in
      var order: [String] = []
      var spans: [String: [TraceSpan]] = [:]
      try forEach(in: RequestView(view)) { (span, resource, service) throws(WireError) in
        let id = hex(span.traceID)
        if spans[id] == nil { order.append(id) }
        spans[id, default: []].append(try record(span, resource, service: service, detail))
      }
      return order.map { Trace(id: $0, spans: spans[$0] ?? []) }
    }
  }

  public static func hex(_ bytes: ByteView) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes.prefix(32).buffer { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }

  /// The first eight bytes as a number; 0 when there are none.
  public static func number(_ id: ByteView) -> UInt64 {
    id.prefix(8).buffer.reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func append(
    _ field: RepeatedField<KeyValueView>, _ detail: Detail, to attributes: inout [TraceSpan.Attribute]
  ) throws(WireError) {
    try field.forEach { (attribute) throws(WireError) in
      guard attributes.count < detail.attributeLimit, !attribute.key.equals("service.name") else { return }
      let value = try attribute.value
      guard let text = scalar(value, detail) ?? (detail.isFull ? compound(value, detail) : nil) else { return }
      attributes.append(.init(key: String(attribute.key), value: text))
    }
  }

  private static func scalar(_ value: AnyValueView, _ detail: Detail) -> String? {
    switch value {
    case .string(let value): String(value.prefix(detail.valueLimit))
    case .bool(let value): String(value)
    case .int(let value): String(value)
    case .double(let value): FloatText.general(value)
    case .empty, .array, .kvlist, .bytes: nil
    }
  }

  /// A list as `[a, b]`, bytes by their number; what lists and maps hold inside is left out.
  private static func compound(_ value: AnyValueView, _ detail: Detail) -> String? {
    switch value {
    case .bytes(let bytes): return "(\(bytes.count) bytes)"
    case .kvlist: return "{…}"
    case .array(var elements):
      var texts: [String] = []
      while texts.count < detail.attributeLimit, let element = try? elements.next() {
        texts.append(scalar(element, detail) ?? "…")
      }
      return "[" + texts.joined(separator: ", ") + "]"
    default: return nil
    }
  }
}
