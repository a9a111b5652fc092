import JSON
import Platform

/// Attributes and their values.
extension JSONTranscoder {
  /// An array of KeyValue as the repeated field `field`.
  mutating func keyValues(_ field: Int, depth: Int = 0, into out: inout ByteBuffer) throws(TranscodeError) {
    let start = try take()
    guard start.kind == .arrayStart else { return try absent(start, "an array") }
    while true {
      if plainKeyValue(field, into: &out) { continue }
      let token = try take()
      if token.kind == .arrayEnd { return }
      try element(token, field, reserving: 1, into: &out) { (json, out) throws(TranscodeError) in
        try json.keyValue(depth: depth, into: &out)
      }
    }
  }

  /// `{"key":"…","value":{"stringValue":"…"}}` or its `intValue` twin, exactly as compact writers write it: most of
  /// all attributes, and most of the bytes of a trace. `false`, and nothing has happened, for anything else.
  @inline(__always)
  private mutating func plainKeyValue(_ field: Int, into out: inout ByteBuffer) -> Bool {
    guard var ahead = tokens.speculateOnElement(), ahead.skip("{\"key\":\""), let key = ahead.plainString(),
      ahead.skip(",\"value\":{\"")
    else { return false }
    if ahead.skip("stringValue\":\"") {
      guard let text = ahead.plainString(), ahead.skip("}}") else { return false }
      let valueSize = 1 &+ varintSize(UInt64(text.count)) &+ text.count
      beginKeyValue(field, key, valueSize: valueSize, into: &out)
      out.appendField(1, bytes: text)
    } else if ahead.skip("intValue\":\"") {
      guard let text = ahead.plainString(), ahead.skip("}}"), let value = JSONNumber.int64(text) else { return false }
      let bits = UInt64(bitPattern: value)
      beginKeyValue(field, key, valueSize: 1 &+ varintSize(bits), into: &out)
      out.appendField(3, varint: bits)
    } else {
      return false
    }
    tokens.accept(ahead)
    return true
  }

  /// A KeyValue up to the content of its AnyValue, which is `valueSize` bytes long.
  @inline(__always)
  private func beginKeyValue(_ field: Int, _ key: ByteView, valueSize: Int, into out: inout ByteBuffer) {
    let size = 1 &+ varintSize(UInt64(key.count)) &+ key.count &+ 1 &+ varintSize(UInt64(valueSize)) &+ valueSize
    out.appendTag(field, .lengthDelimited)
    out.appendVarint(UInt64(size))
    out.appendField(1, bytes: key)
    out.appendTag(2, .lengthDelimited)
    out.appendVarint(UInt64(valueSize))
  }

  private mutating func keyValue(depth: Int, into out: inout ByteBuffer) throws(TranscodeError) {
    while let key = try nextKey() {
      if key.equals("key") {
        try string(1, into: &out)
      } else if key.equals("value") {
        try message(2, reserving: 1, into: &out) { (json, out) throws(TranscodeError) in
          try json.anyValue(depth: depth, into: &out)
        }
      } else {
        try skip()
      }
    }
  }

  /// The members of an AnyValue whose object was just opened.
  mutating func anyValue(depth: Int, into out: inout ByteBuffer) throws(TranscodeError) {
    guard depth < AnyValueView.maximumDepth else {
      throw TranscodeError("attribute values are nested too deep", at: tokens.position)
    }
    while let key = try nextKey() {
      switch key.count {
      case 8 where key.equals("intValue"): try int64(3, into: &out)
      case 9 where key.equals("boolValue"): try bool(2, into: &out)
      case 10 where key.equals("bytesValue"): try base64(7, into: &out)
      case 10 where key.equals("arrayValue"):
        try message(5, reserving: 1, into: &out) { (json, out) throws(TranscodeError) in
          while let key = try json.nextKey() {
            guard key.equals("values") else {
              try json.skip()
              continue
            }
            try json.messages(1, reserving: 1, into: &out) { (json, out) throws(TranscodeError) in
              try json.anyValue(depth: depth + 1, into: &out)
            }
          }
        }
      case 11 where key.equals("stringValue"): try string(1, into: &out)
      case 11 where key.equals("doubleValue"): try double(4, into: &out)
      case 11 where key.equals("kvlistValue"):
        try message(6, reserving: 1, into: &out) { (json, out) throws(TranscodeError) in
          while let key = try json.nextKey() {
            if key.equals("values") {
              try json.keyValues(1, depth: depth + 1, into: &out)
            } else {
              try json.skip()
            }
          }
        }
      default: try skip()
      }
    }
  }

  /// A string, escapes resolved. Written even when empty: inside a `oneof` that says which member is set.
  @inline(__always)
  mutating func string(_ field: Int, into out: inout ByteBuffer) throws(TranscodeError) {
    let token = try take()
    guard token.kind == .string else { return try absent(token, "a string") }
    string(field, token, into: &out)
  }

  /// The string `token`.
  @inline(__always)
  func string(_ field: Int, _ token: JSONToken, into out: inout ByteBuffer) {
    let raw = tokens.bytes(of: token)
    guard token.hasEscapes else { return out.appendField(field, bytes: raw) }
    out.appendTag(field, .lengthDelimited)
    let width = varintSize(UInt64(raw.count))
    let mark = out.beginLengthDelimited(reserving: width)
    out.append(upTo: raw.count) { JSONUnescape.unescape(raw, into: $0) }
    out.endLengthDelimited(mark, reserved: width)
  }

  mutating func bool(_ field: Int, into out: inout ByteBuffer) throws(TranscodeError) {
    let token = try take()
    switch token.kind {
    case .true: out.appendField(field, varint: 1)
    case .false: out.appendField(field, varint: 0)
    default: try absent(token, "true or false")
    }
  }

  mutating func int64(_ field: Int, into out: inout ByteBuffer) throws(TranscodeError) {
    if let value = try signed(Int64.self) { out.appendField(field, varint: UInt64(bitPattern: value)) }
  }

  mutating func sfixed64(_ field: Int, into out: inout ByteBuffer) throws(TranscodeError) {
    if let value = try signed(Int64.self) { out.appendField(field, fixed64: UInt64(bitPattern: value)) }
  }

  mutating func sint32(_ field: Int, into out: inout ByteBuffer) throws(TranscodeError) {
    guard let value = try signed(Int32.self) else { return }
    // Zigzag.
    out.appendField(field, varint: UInt64(UInt32(bitPattern: value << 1 ^ value >> 31)))
  }

  /// An integer as a number or a string; `nil` for `null`.
  @inline(__always)
  private mutating func signed<Value: FixedWidthInteger & SignedInteger>(
    _ type: Value.Type
  ) throws(TranscodeError) -> Value? {
    let token = try take()
    guard token.kind == .number || token.kind == .string else {
      try absent(token, "an integer")
      return nil
    }
    let text = tokens.bytes(of: token)
    guard
      let value = JSONNumber.int64(text).flatMap({ Value(exactly: $0) })
        ?? wholeDouble(text).flatMap({ Value(exactly: $0) })
    else { throw TranscodeError("expected a \(Value.bitWidth)-bit integer", at: token.start) }
    return value
  }

  mutating func fixed64(_ field: Int, into out: inout ByteBuffer) throws(TranscodeError) {
    if let value = try unsigned(upTo: .max) { out.appendField(field, fixed64: value) }
  }

  mutating func fixed32(_ field: Int, into out: inout ByteBuffer) throws(TranscodeError) {
    if let value = try unsigned(upTo: UInt64(UInt32.max)) {
      out.appendField(field, fixed32: UInt32(truncatingIfNeeded: value))
    }
  }

  mutating func uint32(_ field: Int, into out: inout ByteBuffer) throws(TranscodeError) {
    if let value = try unsigned(upTo: UInt64(UInt32.max)) { out.appendField(field, varint: value) }
  }

  /// An unsigned integer as a number or a string; `nil` for `null`.
  private mutating func unsigned(upTo limit: UInt64) throws(TranscodeError) -> UInt64? {
    let token = try take()
    if token.kind == .null { return nil }
    return try unsigned(token, upTo: limit)
  }

  /// The unsigned integer `token`.
  @inline(__always)
  func unsigned(_ token: JSONToken, upTo limit: UInt64) throws(TranscodeError) -> UInt64 {
    guard token.kind == .number || token.kind == .string else {
      throw TranscodeError("expected an unsigned integer", at: token.start)
    }
    let text = tokens.bytes(of: token)
    guard let value = JSONNumber.uint64(text) ?? wholeDouble(text).flatMap({ UInt64(exactly: $0) }), value <= limit
    else { throw TranscodeError("expected an unsigned integer up to \(limit)", at: token.start) }
    return value
  }

  /// Protobuf's JSON mapping lets an integer be written as `1e3` or `1.0`.
  private func wholeDouble(_ text: ByteView) -> Double? { JSONNumber.double(text) }

  mutating func double(_ field: Int, into out: inout ByteBuffer) throws(TranscodeError) {
    let token = try take()
    if token.kind != .null { out.appendField(field, double: try double(token)) }
  }

  /// The number `token`.
  func double(_ token: JSONToken) throws(TranscodeError) -> Double {
    let text = tokens.bytes(of: token)
    let value: Double?
    switch token.kind {
    case .number: value = JSONNumber.double(text)
    case .string:
      value =
        text.equals("NaN")
        ? .nan
        : text.equals("Infinity") ? .infinity : text.equals("-Infinity") ? -.infinity : JSONNumber.double(text)
    default: value = nil
    }
    guard let value else { throw TranscodeError("expected a number", at: token.start) }
    return value
  }

  /// An enum by its number, or by the protobuf name, as Tempo writes it. 0 is written too where it was spelled out.
  mutating func enumeration<Names: EnumNames>(
    _ field: Int, _ names: Names.Type, into out: inout ByteBuffer
  ) throws(TranscodeError) {
    let token = try take()
    let text = tokens.bytes(of: token)
    let value: Int64?
    switch token.kind {
    case .number: value = JSONNumber.int64(text)
    case .string: value = Names.value(of: text).map(Int64.init) ?? JSONNumber.int64(text)
    default: return try absent(token, "an enum's number")
    }
    guard let value, let number = Int32(exactly: value) else {
      throw TranscodeError("unknown \(Names.what)", at: token.start)
    }
    out.appendField(field, varint: UInt64(bitPattern: Int64(number)))
  }

  mutating func base64(_ field: Int, into out: inout ByteBuffer) throws(TranscodeError) {
    let token = try take()
    guard token.kind == .string else { return try absent(token, "base64") }
    try appendBase64(field, token, into: &out)
  }

  private func appendBase64(_ field: Int, _ token: JSONToken, into out: inout ByteBuffer) throws(TranscodeError) {
    // JSON may escape '/' as '\/'.
    let decoded: [UInt8]? =
      token.hasEscapes
      ? Array(JSONUnescape.string(tokens.bytes(of: token)).utf8).withByteView { Base64.decode($0) }
      : Base64.decode(tokens.bytes(of: token))
    guard let decoded else { throw TranscodeError("invalid base64", at: token.start) }
    decoded.withByteView { out.appendField(field, bytes: $0) }
  }

  /// An id of `bytes` bytes as so many pairs of hexadecimal digits; `false`, and nothing has happened, for anything else.
  @inline(__always)
  func plainIdentifier(_ field: Int, _ text: ByteView, bytes: Int, into out: inout ByteBuffer) -> Bool {
    guard text.count == 2 &* bytes else { return false }
    let start = out.count
    out.appendTag(field, .lengthDelimited)
    out.append(UInt8(truncatingIfNeeded: bytes))
    var decoded = 0
    out.append(upTo: bytes) {
      decoded = Hex.decode(text, into: $0)
      return decoded
    }
    if decoded == bytes { return true }
    out.truncate(to: start)
    return false
  }

  /// A trace or span id of `bytes` bytes: hex as OTLP/JSON has it, base64 as Tempo answers. The two are told apart by
  /// their length. An empty id is an absent one.
  mutating func identifier(_ field: Int, bytes: Int, into out: inout ByteBuffer) throws(TranscodeError) {
    let token = try take()
    guard token.kind == .string else { return try absent(token, "an id") }
    let text = tokens.bytes(of: token)
    if text.isEmpty { return }
    if plainIdentifier(field, text, bytes: bytes, into: &out) { return }
    if text.count == (bytes + 2) / 3 * 4 { return try appendBase64(field, token, into: &out) }
    let count = text.count / 2
    var decoded = 0
    out.appendTag(field, .lengthDelimited)
    out.appendVarint(UInt64(count))
    out.append(upTo: count) {
      decoded = Hex.decode(text, into: $0)
      return decoded
    }
    // Hex.decode stops at the first byte that is no digit.
    guard decoded == count, text.count & 1 == 0 else {
      throw TranscodeError("invalid id: expected \(2 * bytes) hexadecimal digits", at: token.start)
    }
  }
}
