import OTLP
import Platform

/// A span in neither OTLP nor Tempo's JSON, taken apart, on its way to OTLP.
struct ForeignSpan {
  enum Value {
    case string(String)
    case bool(Bool)
    case int(Int64)
    case double(Double)
  }

  typealias Attribute = (key: String, value: Value)

  struct Event {
    /// Unix nanoseconds.
    var time: UInt64
    var name: String
    var attributes: [Attribute]
  }

  struct Link {
    var traceID: [UInt8]
    var spanID: [UInt8]
  }

  /// 16 bytes.
  var traceID: [UInt8]
  /// 8 bytes.
  var spanID: [UInt8]
  /// 8 bytes, or empty for a root.
  var parentID: [UInt8] = []
  var name = ""
  /// A SpanKind of OTLP.
  var kind = 0
  /// Unix nanoseconds.
  var start: UInt64 = 0
  var end: UInt64 = 0
  /// A StatusCode of OTLP.
  var status = 0
  var statusMessage = ""
  var attributes: [Attribute] = []
  var events: [Event] = []
  var links: [Link] = []
  /// Of the resource.
  var resource: [Attribute] = []
  var scopeName = ""
  var scopeVersion = ""

  /// The bytes of an id written in hex, padded on the left to `count`; nil when it is none.
  static func id(_ text: String?, count: Int) -> [UInt8]? {
    guard let text, let padded = count == 16 ? TraceIDText.padded(text) : TraceIDText.paddedSpan(text) else {
      return nil
    }
    var bytes: [UInt8] = []
    var high: UInt8?
    for digit in padded.utf8 {
      let value = digit <= UInt8(ascii: "9") ? digit - UInt8(ascii: "0") : digit - UInt8(ascii: "a") + 10
      if let first = high {
        bytes.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    return bytes
  }

  /// Microseconds as nanoseconds, saturating.
  static func nanoseconds(microseconds: Int64?) -> UInt64 {
    UInt64(max(0, microseconds ?? 0).multipliedSaturating(by: 1000))
  }
}

/// Writes foreign spans as one TracesData.
struct ForeignSpanWriter {
  /// Spans of one resource and scope share their headers; both keep the order in which they first occur.
  static func otlp(_ spans: [ForeignSpan]) -> [UInt8] {
    var order: [String] = []
    var groups: [String: [ForeignSpan]] = [:]
    for span in spans {
      let key = "\(span.resource)\u{0}\(span.scopeName)\u{0}\(span.scopeVersion)"
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(span)
    }
    var buffer = ByteBuffer(capacity: 4096)
    for key in order {
      guard let group = groups[key], let first = group.first else { continue }
      buffer.appendField(1, reserving: 3) { buffer in
        buffer.appendField(1) { append(first.resource, field: 1, to: &$0) }
        buffer.appendField(2, reserving: 3) { buffer in
          buffer.appendField(1) { buffer in
            if !first.scopeName.isEmpty { buffer.appendField(1, string: first.scopeName) }
            if !first.scopeVersion.isEmpty { buffer.appendField(2, string: first.scopeVersion) }
          }
          for span in group {
            buffer.appendField(2, reserving: 2) { append(span, to: &$0) }
          }
        }
      }
    }
    return Array(buffer.view)
  }

  private static func append(_ span: ForeignSpan, to buffer: inout ByteBuffer) {
    append(1, span.traceID, to: &buffer)
    append(2, span.spanID, to: &buffer)
    if !span.parentID.isEmpty { append(4, span.parentID, to: &buffer) }
    buffer.appendField(5, string: span.name)
    if span.kind != 0 { buffer.appendField(6, varint: UInt64(span.kind)) }
    buffer.appendField(7, fixed64: span.start)
    buffer.appendField(8, fixed64: span.end)
    append(span.attributes, field: 9, to: &buffer)
    for event in span.events {
      buffer.appendField(11) { buffer in
        buffer.appendField(1, fixed64: event.time)
        buffer.appendField(2, string: event.name)
        append(event.attributes, field: 3, to: &buffer)
      }
    }
    for link in span.links {
      buffer.appendField(13) { buffer in
        append(1, link.traceID, to: &buffer)
        append(2, link.spanID, to: &buffer)
      }
    }
    buffer.appendField(15) { buffer in
      if !span.statusMessage.isEmpty { buffer.appendField(2, string: span.statusMessage) }
      if span.status != 0 { buffer.appendField(3, varint: UInt64(span.status)) }
    }
  }

  private static func append(_ attributes: [ForeignSpan.Attribute], field: Int, to buffer: inout ByteBuffer) {
    for attribute in attributes {
      buffer.appendField(field) { buffer in
        buffer.appendField(1, string: attribute.key)
        buffer.appendField(2) { buffer in
          switch attribute.value {
          case .string(let text): buffer.appendField(1, string: text)
          case .bool(let flag): buffer.appendField(2, varint: flag ? 1 : 0)
          case .int(let number): buffer.appendField(3, varint: UInt64(bitPattern: number))
          case .double(let number): buffer.appendField(4, double: number)
          }
        }
      }
    }
  }

  private static func append(_ field: Int, _ bytes: [UInt8], to buffer: inout ByteBuffer) {
    bytes.withByteView { buffer.appendField(field, bytes: $0) }
  }
}
