import JSON
import OTLP
import Platform

/// Values as Go's and Python's console exporters write them.
extension TokenReader {
  /// The content of an AnyValue for the JSON value that begins with `token`: a string, a number, a boolean or an array of
  /// them; anything else by its text.
  mutating func appendValue(_ token: JSONToken, depth: Int = 0, to out: inout ByteBuffer) throws(TranscodeError) {
    switch token.kind {
    case .true: out.appendField(2, varint: 1)
    case .false: out.appendField(2, varint: 0)
    case .string: append(1, token, to: &out)
    case .number:
      let text = tokens.bytes(of: token)
      if let number = JSONNumber.int64(text) {
        out.appendField(3, varint: UInt64(bitPattern: number))
      } else {
        out.appendField(4, double: JSONNumber.double(text) ?? 0)
      }
    case .arrayStart where depth < 8:
      out.appendTag(5, .lengthDelimited)
      let mark = out.beginLengthDelimited(reserving: 1)
      while case let element = try take(), element.kind != .arrayEnd {
        out.appendTag(1, .lengthDelimited)
        let inner = out.beginLengthDelimited(reserving: 1)
        try appendValue(element, depth: depth + 1, to: &out)
        out.endLengthDelimited(inner, reserved: 1)
      }
      out.endLengthDelimited(mark, reserved: 1)
    case .objectStart, .arrayStart:
      try skipRest(of: token)
      let start = tokens.bytes(of: token).start
      out.appendField(1, bytes: ByteView(start: start, count: tokens.position - token.start))
    default: break
    }
  }

  /// A key with the value that begins with `token` as an attribute in the repeated field `field`.
  mutating func appendAttribute(
    _ field: Int, _ key: JSONToken, value token: JSONToken, to out: inout ByteBuffer
  ) throws(TranscodeError) {
    out.appendTag(field, .lengthDelimited)
    let mark = out.beginLengthDelimited(reserving: 1)
    append(1, key, to: &out)
    out.appendTag(2, .lengthDelimited)
    let inner = out.beginLengthDelimited(reserving: 1)
    try appendValue(token, to: &out)
    out.endLengthDelimited(inner, reserved: 1)
    out.endLengthDelimited(mark, reserved: 1)
  }

  /// An object's members as attributes.
  mutating func attributes(_ field: Int, into out: inout ByteBuffer) throws(TranscodeError) {
    guard try beginObject() else { return }
    while case let key = try take(), key.kind == .key {
      try appendAttribute(field, key, value: take(), to: &out)
    }
  }

  /// A time as RFC 3339 writes it, with or without a zone, in Unix ns; 0 for Go's zero time.
  mutating func rfc3339() throws(TranscodeError) -> UInt64 {
    guard let token = try string() else { return 0 }
    let text = String(tokens.bytes(of: token))
    if text.hasPrefix("0001-01-01") { return 0 }
    if let time = Timestamp(rfc3339: text) ?? Timestamp(rfc3339: text + "Z") {
      return UInt64(clamping: time.nanoseconds)
    }
    try odd(token, "a time")
    if oddity == nil { oddity = TranscodeError("expected a time", at: token.start) }
    return 0
  }
}
