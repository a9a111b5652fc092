import OTLP
import Platform
import SpanMetrics
import TraceQL

/// An attribute value of a test span.
enum TestValue {
  case string([UInt8])
  case int(Int64)
  case bool(Bool)
  case double(Double)
  case array([TestValue])

  static func text(_ text: String) -> TestValue { .string(Array(text.utf8)) }
}

/// A span to count, with defaults for what a test does not care about.
struct TestSpan {
  var name: [UInt8]
  var kind: SpanKind = .server
  var status: StatusCode = .unset
  var message = ""
  var trace: UInt64 = 1
  var id: UInt64 = 1
  var parent: UInt64 = 0
  var traceState = ""
  var start: UInt64 = 1_000_000_000
  /// ns.
  var duration: UInt64 = 5_000_000
  var end: UInt64?
  var attributes: [(String, TestValue)] = []

  init(_ name: String) { self.name = Array(name.utf8) }

  /// The span with some fields set.
  func with(_ change: (inout TestSpan) -> Void) -> TestSpan {
    var span = self
    change(&span)
    return span
  }
}

/// Encodes spans of one resource as a request.
func encode(_ resource: [(String, TestValue)], _ spans: [TestSpan]) -> [UInt8] {
  var buffer = ByteBuffer()
  buffer.appendField(1, reserving: 3) { buffer in
    buffer.appendField(1) { buffer in attributes(resource, field: 1, &buffer) }
    buffer.appendField(2, reserving: 3) { buffer in
      for span in spans { buffer.appendField(2) { buffer in append(span, &buffer) } }
    }
  }
  return Array(buffer.view)
}

private func append(_ span: TestSpan, _ buffer: inout ByteBuffer) {
  func id(_ field: Int, _ words: [UInt64]) {
    let bytes = words.flatMap { word in (0..<8).reversed().map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
    bytes.withByteView { buffer.appendField(field, bytes: $0) }
  }
  id(1, [0, span.trace])
  id(2, [span.id])
  if !span.traceState.isEmpty { buffer.appendField(3, string: span.traceState) }
  if span.parent != 0 { id(4, [span.parent]) }
  span.name.withByteView { buffer.appendField(5, bytes: $0) }
  buffer.appendField(6, varint: UInt64(span.kind.rawValue))
  buffer.appendField(7, fixed64: span.start)
  buffer.appendField(8, fixed64: span.end ?? span.start &+ span.duration)
  attributes(span.attributes, field: 9, &buffer)
  buffer.appendField(15) { buffer in
    if !span.message.isEmpty { buffer.appendField(2, string: span.message) }
    buffer.appendField(3, varint: UInt64(span.status.rawValue))
  }
}

private func attributes(_ list: [(String, TestValue)], field: Int, _ buffer: inout ByteBuffer) {
  for (key, value) in list {
    buffer.appendField(field) { buffer in
      buffer.appendField(1, string: key)
      buffer.appendField(2) { buffer in append(value, &buffer) }
    }
  }
}

private func append(_ value: TestValue, _ buffer: inout ByteBuffer) {
  switch value {
  case .string(let bytes): bytes.withByteView { buffer.appendField(1, bytes: $0) }
  case .int(let number): buffer.appendField(3, varint: UInt64(bitPattern: number))
  case .bool(let flag): buffer.appendField(2, varint: flag ? 1 : 0)
  case .double(let number): buffer.appendField(4, double: number)
  case .array(let elements):
    buffer.appendField(5) { buffer in
      for element in elements { buffer.appendField(1) { buffer in append(element, &buffer) } }
    }
  }
}

/// Counts requests with one aggregator.
func count(
  _ requests: [[UInt8]], _ change: (inout SpanMetricsConfiguration) throws -> Void = { _ in }
) throws -> SpanMetricsSnapshot {
  var configuration = SpanMetricsConfiguration()
  try change(&configuration)
  let aggregator = try Aggregator(configuration, graph: ServiceGraph(configuration))
  for request in requests { try request.withByteView { try aggregator.consume(RequestView($0)) } }
  return aggregator.snapshot()
}

/// Counts spans of the service `api`.
func count(
  _ spans: [TestSpan], _ change: (inout SpanMetricsConfiguration) throws -> Void = { _ in }
) throws -> SpanMetricsSnapshot {
  try count([encode([("service.name", .text("api"))], spans)], change)
}

extension SpanMetricsSnapshot {
  /// All series, in order.
  var all: [Series] {
    var all: [Series] = []
    forEachSeries { all.append($0) }
    return all
  }

  /// The labels of all series as text.
  var labelTexts: [String] {
    all.map { $0.labels.map { "\($0.name)=\($0.value)" }.joined(separator: " ") }
  }

  /// All values of a label, sorted; a series without it counts as "".
  func values(of label: String) -> [String] {
    all.map { series in series.labels.first { $0.name == label }?.value ?? "" }.sorted()
  }
}
