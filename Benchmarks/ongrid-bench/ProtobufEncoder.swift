/// Encodes a batch as ExportTraceServiceRequest. Nested messages are built inside out.
enum ProtobufEncoder {
  static func encode(_ batch: Batch) -> [UInt8] {
    var request = Message()
    for group in batch.groups {
      var resourceSpans = Message()
      var resource = Message()
      for attribute in group.attributes { resource.add(1, keyValue(attribute)) }
      resourceSpans.add(1, resource)
      for (name, spans) in group.scopes {
        var scopeSpans = Message()
        var scope = Message()
        scope.add(1, name)
        scope.add(2, "0.58.0")
        scopeSpans.add(1, scope)
        for span in spans { scopeSpans.add(2, encode(span)) }
        resourceSpans.add(2, scopeSpans)
      }
      request.add(1, resourceSpans)
    }
    return request.bytes
  }

  private static func encode(_ span: Span) -> Message {
    var message = Message()
    message.bytes.reserveCapacity(256)
    message.add(1, bigEndian(span.traceID.0) + bigEndian(span.traceID.1))
    message.add(2, bigEndian(span.spanID))
    if span.parentID != 0 { message.add(4, bigEndian(span.parentID)) }
    message.add(5, span.name)
    message.add(varint: 6, UInt64(span.kind.rawValue))
    message.add(fixed64: 7, span.start)
    message.add(fixed64: 8, span.end)
    for attribute in span.attributes { message.add(9, keyValue(attribute)) }
    if span.statusCode != 0 {
      var status = Message()
      if !span.statusMessage.isEmpty { status.add(2, span.statusMessage) }
      status.add(varint: 3, UInt64(span.statusCode))
      message.add(15, status)
    }
    message.add(fixed32: 16, 0x101)
    return message
  }

  private static func keyValue(_ attribute: Attribute) -> Message {
    var value = Message()
    switch attribute.value {
    case .string(let text): value.add(1, text)
    case .bool(let flag): value.add(varint: 2, flag ? 1 : 0)
    case .int(let number): value.add(varint: 3, UInt64(bitPattern: Int64(number)))
    case .double(let number): value.add(fixed64: 4, number.bitPattern)
    }
    var message = Message()
    message.add(1, attribute.key)
    message.add(2, value)
    return message
  }

  private static func bigEndian(_ value: UInt64) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }
}

/// A protobuf message being built.
private struct Message {
  var bytes: [UInt8] = []

  mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func add(_ field: UInt64, _ content: some Collection<UInt8>) {
    varint(field << 3 | 2)
    varint(UInt64(content.count))
    bytes.append(contentsOf: content)
  }

  mutating func add(_ field: UInt64, _ text: String) { add(field, text.utf8) }
  mutating func add(_ field: UInt64, _ message: Message) { add(field, message.bytes) }

  mutating func add(varint field: UInt64, _ value: UInt64) {
    varint(field << 3)
    varint(value)
  }

  mutating func add(fixed64 field: UInt64, _ value: UInt64) {
    varint(field << 3 | 1)
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func add(fixed32 field: UInt64, _ value: UInt32) {
    varint(field << 3 | 5)
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
}
