import Platform

/// Writes OTLP protobuf as OTLP/JSON: ids in lower-case hex, 64-bit integers as strings, enums as numbers, fields in the
/// order of their numbers, absent fields left out. What it writes reads back as the same protobuf message.
public struct OTLPJSONWriter {
  /// How ids and enums look.
  public enum Dialect: Sendable {
    /// OTLP/JSON: ids in hex, enums as numbers.
    case otlp
    /// What Tempo answers to a trace by its id: `batches`, ids in base64, enums by name.
    case tempo
  }

  let dialect: Dialect

  public init(_ dialect: Dialect = .otlp) { self.dialect = dialect }

  /// Appends one span as an object.
  public func write(_ span: SpanView, into out: inout ByteBuffer) throws(WireError) {
    var object = ObjectText(&out)
    id("\"traceId\":", &object, span.traceID, &out)
    id("\"spanId\":", &object, span.spanID, &out)
    object.string("\"traceState\":", span.traceState, &out)
    id("\"parentSpanId\":", &object, span.parentSpanID, &out)
    object.string("\"name\":", span.name, &out)
    number("\"kind\":", span.kind, SpanKind(rawValue: span.kind)?.protobufName, &object, &out)
    object.quoted("\"startTimeUnixNano\":", span.startTimeUnixNano, &out)
    object.quoted("\"endTimeUnixNano\":", span.endTimeUnixNano, &out)
    try attributes(span.attributes, &object, &out)
    object.number("\"droppedAttributesCount\":", span.droppedAttributesCount, &out)
    if !span.eventBytes.isEmpty {
      object.key("\"events\":", &out)
      try array(span.events, &out) { (event, out) throws(WireError) in
        var object = ObjectText(&out)
        object.quoted("\"timeUnixNano\":", event.timeUnixNano, &out)
        object.string("\"name\":", event.name, &out)
        try attributes(event.attributes, &object, &out)
        object.number("\"droppedAttributesCount\":", event.droppedAttributesCount, &out)
        object.close(&out)
      }
    }
    object.number("\"droppedEventsCount\":", span.droppedEventsCount, &out)
    if !span.linkBytes.isEmpty {
      object.key("\"links\":", &out)
      try array(span.links, &out) { (link, out) throws(WireError) in
        var object = ObjectText(&out)
        id("\"traceId\":", &object, link.traceID, &out)
        id("\"spanId\":", &object, link.spanID, &out)
        object.string("\"traceState\":", link.traceState, &out)
        try attributes(link.attributes, &object, &out)
        object.number("\"droppedAttributesCount\":", link.droppedAttributesCount, &out)
        object.number("\"flags\":", link.flags, &out)
        object.close(&out)
      }
    }
    object.number("\"droppedLinksCount\":", span.droppedLinksCount, &out)
    if span.hasStatus {
      object.key("\"status\":", &out)
      var status = ObjectText(&out)
      status.string("\"message\":", span.statusMessage, &out)
      number("\"code\":", span.statusCode, StatusCode(rawValue: span.statusCode)?.protobufName, &status, &out)
      status.close(&out)
    }
    object.number("\"flags\":", span.flags, &out)
    object.close(&out)
  }

  private func id(_ quoted: StaticString, _ object: inout ObjectText, _ value: ByteView, _ out: inout ByteBuffer) {
    guard dialect == .tempo else { return object.hex(quoted, value, &out) }
    guard !value.isEmpty else { return }
    object.key(quoted, &out)
    out.append("\"")
    Base64.append(value, to: &out)
    out.append("\"")
  }

  /// An enum's number, or its name where the dialect has names and the number has one.
  private func number(
    _ quoted: StaticString, _ value: Int32, _ name: StaticString?, _ object: inout ObjectText, _ out: inout ByteBuffer
  ) {
    guard dialect == .tempo, value != 0, let name else { return object.number(quoted, value, &out) }
    object.key(quoted, &out)
    out.append("\"")
    out.append(name)
    out.append("\"")
  }

  private func attributes(
    _ list: RepeatedField<KeyValueView>, _ object: inout ObjectText, _ out: inout ByteBuffer
  ) throws(WireError) {
    var probe = list
    guard try probe.next() != nil else { return }
    object.key("\"attributes\":", &out)
    try keyValues(list, depth: 0, &out)
  }

  func keyValues(
    _ list: RepeatedField<KeyValueView>, depth: Int, _ out: inout ByteBuffer
  ) throws(WireError) {
    try array(list, &out) { (attribute, out) throws(WireError) in
      out.append("{\"key\":")
      out.appendJSON(string: attribute.key)
      if attribute.hasValue {
        out.append(",\"value\":")
        try write(attribute.value, depth: depth, into: &out)
      }
      out.append("}")
    }
  }

  /// Appends a value as an AnyValue object.
  func write(_ value: AnyValueView, depth: Int = 0, into out: inout ByteBuffer) throws(WireError) {
    guard depth < AnyValueView.maximumDepth else { throw .tooDeep }
    switch value {
    case .empty:
      out.append("{")
    case .string(let text):
      out.append("{\"stringValue\":")
      out.appendJSON(string: text)
    case .bool(let flag):
      out.append(flag ? "{\"boolValue\":true" : "{\"boolValue\":false")
    case .int(let number):
      out.append("{\"intValue\":\"")
      out.appendJSON(integer: number)
      out.append("\"")
    case .double(let number):
      out.append("{\"doubleValue\":")
      out.appendJSON(double: number)
    case .array(let elements):
      out.append("{\"arrayValue\":{\"values\":")
      try array(elements, &out) { (element, out) throws(WireError) in
        try write(element, depth: depth + 1, into: &out)
      }
      out.append("}")
    case .kvlist(let members):
      out.append("{\"kvlistValue\":{\"values\":")
      try keyValues(members, depth: depth + 1, &out)
      out.append("}")
    case .bytes(let bytes):
      out.append("{\"bytesValue\":\"")
      Base64.append(bytes, to: &out)
      out.append("\"")
    }
    out.append("}")
  }

  /// An array of what `body` writes for each element.
  func array<Element>(
    _ elements: RepeatedField<Element>, _ out: inout ByteBuffer,
    _ body: (Element, inout ByteBuffer) throws(WireError) -> Void
  ) throws(WireError) {
    out.append("[")
    var rest = elements
    var first = true
    while let element = try rest.next() {
      if !first { out.append(",") }
      first = false
      try body(element, &out)
    }
    out.append("]")
  }
}

/// The text of one JSON object: knows whether a comma is due. Members with default values are left out, as protobuf
/// leaves them out.
struct ObjectText {
  private var first = true

  init(_ out: inout ByteBuffer) { out.append("{") }

  /// - Parameter quoted: the key in quotes with its colon.
  mutating func key(_ quoted: StaticString, _ out: inout ByteBuffer) {
    if !first { out.append(",") }
    first = false
    out.append(quoted)
  }

  /// - Parameter name: the key without quotes.
  mutating func key(named name: StaticString, _ out: inout ByteBuffer) {
    out.append(first ? "\"" : ",\"")
    first = false
    out.append(name)
    out.append("\":")
  }

  mutating func string(_ quoted: StaticString, _ value: ByteView, _ out: inout ByteBuffer) {
    guard !value.isEmpty else { return }
    key(quoted, &out)
    out.appendJSON(string: value)
  }

  mutating func hex(_ quoted: StaticString, _ value: ByteView, _ out: inout ByteBuffer) {
    guard !value.isEmpty else { return }
    key(quoted, &out)
    out.append("\"")
    Hex.append(value, to: &out)
    out.append("\"")
  }

  mutating func number(_ quoted: StaticString, _ value: some BinaryInteger, _ out: inout ByteBuffer) {
    guard value != 0 else { return }
    key(quoted, &out)
    out.appendJSON(integer: value)
  }

  /// A 64-bit integer, which JSON numbers cannot hold, as a string.
  mutating func quoted(_ quoted: StaticString, _ value: UInt64, _ out: inout ByteBuffer) {
    guard value != 0 else { return }
    key(quoted, &out)
    out.appendJSON(quoted: value)
  }

  func close(_ out: inout ByteBuffer) { out.append("}") }
}
