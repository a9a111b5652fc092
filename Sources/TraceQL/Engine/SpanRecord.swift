import OTLP
import Platform

/// A span of a trace that is put together.
struct SpanRecord {
  /// The encoded span, inside the trace data.
  let message: ByteView
  /// Which trace.
  var trace: Int32
  /// Which resource and scope.
  var context: Int32
  let spanID: UInt64
  /// 0 for a root.
  let parentID: UInt64
  /// ns since 1970.
  let start: UInt64
  /// ns since 1970.
  let end: UInt64
  let kind: UInt8

  init(_ message: ByteView, _ header: SpanHeader, trace: Int32, context: Int32) {
    self.message = message
    self.trace = trace
    self.context = context
    spanID = SpanRecord.number(header.spanID)
    parentID = SpanRecord.number(header.parentID)
    start = header.start
    end = header.end
    kind = UInt8(truncatingIfNeeded: header.kind)
  }

  /// An id as a number, big-endian; bytes beyond the eighth do not count.
  static func number(_ id: ByteView) -> UInt64 {
    if id.count == 8 { return UInt64(bigEndian: id.start.loadUnaligned(as: UInt64.self)) }
    var value: UInt64 = 0
    for index in 0..<min(id.count, 8) { value = value << 8 | UInt64(id[index]) }
    return value
  }
}

/// The resource and the scope that spans share.
struct SpanContext {
  let resource: ResourceView
  let scope: ScopeView
  /// `service.name` of the resource; empty without one.
  let service: ByteView
}

extension ResourceView {
  /// `service.name`, empty without one.
  var serviceName: ByteView {
    get throws(WireError) {
      var rest = attributes
      while let attribute = try rest.next() {
        if attribute.key.equals("service.name"), case .string(let name) = try attribute.value { return name }
      }
      return .empty
    }
  }
}
