import JSON
import OTLP
import Platform

/// The span that is being read: what can be written at once stands in `fields`, the rest is kept until the span ends.
struct SpanDraft: ~Copyable {
  /// Fields of a Span message in any order.
  var fields = ByteBuffer(capacity: 4096)
  var traceID: (high: UInt64, low: UInt64)?
  var spanID: UInt64?
  var parentID: UInt64?
  /// A SpanKind of OTLP.
  var kind = 0
  /// Unix ns.
  var start: UInt64 = 0
  var end: UInt64 = 0
  /// A StatusCode of OTLP.
  var status = 0
  var statusMessage = ByteBuffer(capacity: 16)

  mutating func reset() {
    fields.removeAll()
    traceID = nil
    spanID = nil
    parentID = nil
    kind = 0
    start = 0
    end = 0
    status = 0
    statusMessage.removeAll()
  }

  /// Writes what was kept.
  mutating func finish() {
    if let traceID { fields.appendField(1, traceID: traceID) }
    if let spanID { fields.appendField(2, spanID: spanID) }
    if let parentID { fields.appendField(4, spanID: parentID) }
    if kind != 0 { fields.appendField(6, varint: UInt64(kind)) }
    fields.appendField(7, fixed64: start)
    fields.appendField(8, fixed64: end)
    guard status != 0 || !statusMessage.isEmpty else { return }
    fields.appendTag(15, .lengthDelimited)
    let begin = fields.beginLengthDelimited(reserving: 1)
    if !statusMessage.isEmpty { fields.appendField(2, bytes: statusMessage.view) }
    if status != 0 { fields.appendField(3, varint: UInt64(status)) }
    fields.endLengthDelimited(begin, reserved: 1)
  }
}

/// Words of other formats for OTLP's numbers.
enum OTLPWords {
  /// The number of a span kind written as a word in any case; 0 for none.
  static func kind(_ word: ByteView) -> Int {
    let words: [StaticString] = ["internal", "server", "client", "producer", "consumer"]
    return words.firstIndex { word.equalsLowercased($0) }.map { $0 + 1 } ?? 0
  }

  /// The number of a status code, `unset`, `ok` or `error` in any case.
  static func status(_ word: ByteView) -> Int {
    word.equalsLowercased("error") ? 2 : word.equalsLowercased("ok") ? 1 : 0
  }
}

extension ByteView {
  /// Whether these are the letters of `text`, which is in lower case, in any case.
  func equalsLowercased(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    for index in 0..<count where self[index] | 0x20 != text.utf8Start[index] { return false }
    return true
  }
}

extension ByteBuffer {
  /// An attribute, as the repeated field `field`, of which `value` writes the content of the AnyValue.
  @inline(__always)
  mutating func appendAttribute(_ field: Int, _ key: ByteView, _ value: (inout ByteBuffer) -> Void) {
    appendTag(field, .lengthDelimited)
    let mark = beginLengthDelimited(reserving: 1)
    appendField(1, bytes: key)
    appendTag(2, .lengthDelimited)
    let inner = beginLengthDelimited(reserving: 1)
    value(&self)
    endLengthDelimited(inner, reserved: 1)
    endLengthDelimited(mark, reserved: 1)
  }

  /// An attribute with a string.
  mutating func appendAttribute(_ field: Int, _ key: StaticString, string value: ByteView) {
    let name = ByteView(start: key.utf8Start, count: key.utf8CodeUnitCount)
    appendAttribute(field, name) { $0.appendField(1, bytes: value) }
  }
}

extension ByteBuffer {
  /// An attribute whose key is a token of the text.
  @inline(__always)
  mutating func appendAttribute(
    _ field: Int, _ json: TokenReader, _ key: JSONToken, _ value: (inout ByteBuffer) -> Void
  ) {
    guard key.hasEscapes else { return appendAttribute(field, json.tokens.bytes(of: key), value) }
    Array(json.text(of: key).utf8).withByteView { appendAttribute(field, $0, value) }
  }

  mutating func appendAttribute(_ field: Int, _ key: StaticString, _ value: (inout ByteBuffer) -> Void) {
    appendAttribute(field, ByteView(start: key.utf8Start, count: key.utf8CodeUnitCount), value)
  }
}

extension SpanDraft {
  /// Why the span just read is passed over: a value in it is none, or it has no id; nil when nothing is wrong. The ids are
  /// named as the format names them.
  func complaint(
    _ json: inout TokenReader, _ format: String, at start: Int, traceID traceName: String, spanID spanName: String
  ) -> TranscodeError? {
    if let complaint = json.takeOddity(format, in: "span", at: start) { return complaint }
    guard traceID == nil || spanID == nil else { return nil }
    return json.lack(format, "span", at: start, of: spanID == nil ? spanName : traceName)
  }
}
