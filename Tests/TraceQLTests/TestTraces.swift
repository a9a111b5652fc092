import Platform

@testable import TraceQL

/// Encodes small traces for tests.
enum TestTraces {
  enum Value: Sendable {
    case int(Int)
    case text(String)
    case texts([String])
    case bytes([UInt8])
    case map
  }

  /// A span in few words; times are in seconds.
  struct Span: Sendable {
    var id: UInt8 = 1
    var parent: UInt8 = 0
    var trace: UInt8 = 1
    var name = "op"
    var start: UInt64 = 1
    var end: UInt64 = 2
    var kind: UInt64 = 0
    var isError = false
    var service = "till"
    var attributes: [(String, Value)] = []
    var resource: [(String, Value)] = []
    var scope: [(String, Value)] = []
    var events: [(String, [String: Value])] = []
    var links: [(UInt8, [String: Value])] = []
  }

  static func request(_ spans: [Span]) -> [UInt8] {
    var request = ByteBuffer()
    for span in spans {
      request.appendField(1) { resource in
        resource.appendField(1) { append([("service.name", .text(span.service))] + span.resource, 1, to: &$0) }
        resource.appendField(2) { scope in
          scope.appendField(1) { append(span.scope, 3, to: &$0) }
          scope.appendField(2) { append(span, to: &$0) }
        }
      }
    }
    return Array(request.view)
  }

  private static func append(_ span: Span, to message: inout ByteBuffer) {
    message.appendField(1, bytes: id(span.trace, 16))
    message.appendField(2, bytes: id(span.id, 8))
    if span.parent != 0 { message.appendField(4, bytes: id(span.parent, 8)) }
    message.appendField(5, string: span.name)
    message.appendField(6, varint: span.kind)
    message.appendField(7, fixed64: span.start * 1_000_000_000)
    message.appendField(8, fixed64: span.end * 1_000_000_000)
    append(span.attributes, 9, to: &message)
    for (name, attributes) in span.events {
      message.appendField(11) { event in
        event.appendField(2, string: name)
        append(attributes.sorted { $0.key < $1.key }, 3, to: &event)
      }
    }
    for (other, attributes) in span.links {
      message.appendField(13) { link in
        link.appendField(1, bytes: id(other, 16))
        link.appendField(2, bytes: id(other, 8))
        append(attributes.sorted { $0.key < $1.key }, 4, to: &link)
      }
    }
    if span.isError { message.appendField(15) { $0.appendField(3, varint: 2) } }
  }

  private static func id(_ number: UInt8, _ length: Int) -> [UInt8] {
    [UInt8](repeating: 0, count: length - 1) + [number]
  }

  private static func append(
    _ attributes: some Sequence<(key: String, value: Value)>, _ field: Int, to message: inout ByteBuffer
  ) {
    for (key, value) in attributes {
      message.appendField(field) { attribute in
        attribute.appendField(1, string: key)
        attribute.appendField(2) { append(value, to: &$0) }
      }
    }
  }

  private static func append(_ value: Value, to message: inout ByteBuffer) {
    switch value {
    case .int(let number): message.appendField(3, varint: UInt64(bitPattern: Int64(number)))
    case .text(let text): message.appendField(1, string: text)
    case .texts(let texts):
      message.appendField(5) { array in for text in texts { array.appendField(1) { $0.appendField(1, string: text) } } }
    case .bytes(let bytes): message.appendField(7, bytes: bytes)
    case .map: message.appendField(6) { _ in }
    }
  }
}

extension ByteBuffer {
  fileprivate mutating func appendField(_ field: Int, bytes: [UInt8]) {
    bytes.withByteView { appendField(field, bytes: $0) }
  }
}
