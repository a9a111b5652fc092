import Platform

/// Messages that are written by table.
extension OTLPJSONWriter {
  /// Appends a TracesData, MetricsData or LogsData as one document, without a line feed. On an error `out` may hold part of
  /// it: truncate it.
  public func write(_ request: ByteView, _ signal: OTLPSignal, into out: inout ByteBuffer) throws(WireError) {
    out.append("{\"")
    out.append(dialect == .tempo && signal == .traces ? "batches" : signal.dataKey)
    out.append("\":")
    try messages(RepeatedField(request, field: 1), signal.resourceElement, &out)
    out.append("}")
  }

  private func write(_ message: ByteView, _ schema: MessageSchema, into out: inout ByteBuffer) throws(WireError) {
    var object = ObjectText(&out)
    for field in schema.fields where !field.isOldName { try write(field, of: message, &object, &out) }
    object.close(&out)
  }

  private func messages(
    _ list: RepeatedField<RawMessage>, _ schema: MessageSchema, _ out: inout ByteBuffer
  ) throws(WireError) {
    try array(list, &out) { (element, out) throws(WireError) in try write(element.bytes, schema, into: &out) }
  }

  /// What the message holds of `field`, with its default value too: whether a value is there may say something.
  private func write(
    _ field: FieldSchema, of message: ByteView, _ object: inout ObjectText, _ out: inout ByteBuffer
  ) throws(WireError) {
    switch field.kind {
    case .anyValue:
      try withMessage(field.number, in: message) { (value) throws(WireError) in
        object.key(named: field.name, &out)
        try write(AnyValueView(value), into: &out)
      }
    case .message(let schema):
      try withMessage(field.number, in: message) { (value) throws(WireError) in
        object.key(named: field.name, &out)
        try write(value, schema, into: &out)
      }
    case .keyValues, .messages, .spans, .strings:
      guard try last(field.number, .lengthDelimited, in: message) != nil else { return }
      object.key(named: field.name, &out)
      try elements(field, of: message, &out)
    case .fixed64s, .doubles, .uint64s:
      try numbers(field, of: message, &object, &out)
    case .string, .identifier, .bool, .uint32, .sint32, .enumeration, .fixed32, .fixed64, .sfixed64, .double:
      guard var cursor = try last(field.number, field.kind.wireType, in: message) else { return }
      object.key(named: field.name, &out)
      try scalar(field.kind, &cursor, &out)
    }
  }

  private func elements(_ field: FieldSchema, of message: ByteView, _ out: inout ByteBuffer) throws(WireError) {
    switch field.kind {
    case .keyValues: try keyValues(RepeatedField(message, field: field.number), depth: 0, &out)
    case .messages(let schema): try messages(RepeatedField(message, field: field.number), schema, &out)
    case .spans:
      let spans = RepeatedField<SpanView>(message, field: field.number)
      try array(spans, &out) { (span, out) throws(WireError) in try write(span, into: &out) }
    default:
      let strings = RepeatedField<RawMessage>(message, field: field.number)
      try array(strings, &out) { (string, out) throws(WireError) in out.appendJSON(string: string.bytes) }
    }
  }

  /// The array of a repeated number, packed or not.
  private func numbers(
    _ field: FieldSchema, of message: ByteView, _ object: inout ObjectText, _ out: inout ByteBuffer
  ) throws(WireError) {
    var isFirst = true
    var cursor = WireCursor(message)
    while let tag = try cursor.nextTag() {
      guard tag.field == field.number else {
        try cursor.skip(tag)
        continue
      }
      let isPacked = tag == WireTag(field: field.number, .lengthDelimited)
      guard isPacked || tag == WireTag(field: field.number, field.kind.wireType) else {
        throw .badWireType(field: tag.field)
      }
      var values = isPacked ? WireCursor(try cursor.bytes()) : cursor
      repeat {
        if isPacked, values.isAtEnd { break }
        if isFirst { object.key(named: field.name, &out) }
        out.append(isFirst ? "[" : ",")
        isFirst = false
        try scalar(field.kind, &values, &out)
      } while isPacked
      if !isPacked { cursor = values }
    }
    if !isFirst { out.append("]") }
  }

  /// The value that comes next in `cursor`.
  private func scalar(
    _ kind: FieldSchema.Kind, _ cursor: inout WireCursor, _ out: inout ByteBuffer
  ) throws(WireError) {
    switch kind {
    case .bool: out.append(try cursor.varint() != 0 ? "true" : "false")
    case .double, .doubles: out.appendJSON(double: Double(bitPattern: try cursor.fixed64()))
    case .uint32: out.appendJSON(integer: UInt32(truncatingIfNeeded: try cursor.varint()))
    case .enumeration: out.appendJSON(integer: Int32(truncatingIfNeeded: try cursor.varint()))
    case .sint32:
      let zigzag = UInt32(truncatingIfNeeded: try cursor.varint())
      out.appendJSON(integer: Int32(bitPattern: zigzag >> 1) ^ -Int32(bitPattern: zigzag & 1))
    case .fixed32: out.appendJSON(integer: try cursor.fixed32())
    case .fixed64, .fixed64s: out.appendJSON(quoted: try cursor.fixed64())
    case .sfixed64: out.appendJSON(quoted: Int64(bitPattern: try cursor.fixed64()))
    case .uint64s: out.appendJSON(quoted: try cursor.varint())
    case .identifier:
      out.append("\"")
      Hex.append(try cursor.bytes(), to: &out)
      out.append("\"")
    default: out.appendJSON(string: try cursor.bytes())
    }
  }

  /// A cursor before the last value of a field, which is the one that counts; `nil` when there is none.
  private func last(_ number: Int, _ type: WireType, in message: ByteView) throws(WireError) -> WireCursor? {
    var found: WireCursor?
    var cursor = WireCursor(message)
    while let tag = try cursor.nextTag() {
      if tag.field == number {
        guard tag == WireTag(field: number, type) else { throw .badWireType(field: number) }
        found = cursor
      }
      try cursor.skip(tag)
    }
    return found
  }

  /// Calls `body` with a message field when it is there; of several, which protobuf merges, with all their fields.
  private func withMessage(
    _ number: Int, in message: ByteView, _ body: (ByteView) throws(WireError) -> Void
  ) throws(WireError) {
    var parts = RepeatedField<RawMessage>(message, field: number)
    guard let first = try parts.next() else { return }
    guard let second = try parts.next() else { return try body(first.bytes) }
    var merged = [UInt8](first.bytes) + [UInt8](second.bytes)
    while let part = try parts.next() { merged.append(part.bytes) }
    try merged.withByteView(body)
  }
}

/// A message, string or bytes field that is not looked into.
private struct RawMessage: WireMessage {
  let bytes: ByteView

  init(_ message: ByteView) { bytes = message }
}

extension FieldSchema.Kind {
  /// How a value stands in protobuf; of a repeated number, how one that is not packed does.
  fileprivate var wireType: WireType {
    switch self {
    case .bool, .uint32, .sint32, .enumeration, .uint64s: .varint
    case .double, .fixed64, .sfixed64, .fixed64s, .doubles: .fixed64
    case .fixed32: .fixed32
    case .string, .identifier, .anyValue, .keyValues, .message, .messages, .strings, .spans: .lengthDelimited
    }
  }
}
