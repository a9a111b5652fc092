import JSON
import Platform

/// Messages that are read by table.
extension JSONTranscoder {
  /// The members of an object that was just opened, as the fields of `schema`.
  mutating func members(of schema: MessageSchema, into out: inout ByteBuffer) throws(TranscodeError) {
    var next = 0
    while let key = try nextKey() {
      guard let index = schema.index(of: key, from: next) else {
        try unknown(key, mayHoldTelemetry: schema.isContainer)
        continue
      }
      next = index + 1
      try value(of: schema.fields[index], into: &out)
    }
  }

  /// Passes over a member that is not known. Where telemetry may stand in it, that is noted.
  mutating func unknown(
    _ key: ByteView, mayHoldTelemetry: Bool, orObject: Bool = true
  ) throws(TranscodeError) {
    let token = try take()
    do throws(JSONError) { try tokens.skipRest(of: token) } catch { throw TranscodeError(error) }
    guard mayHoldTelemetry, notUnderstood == nil, token.kind == .arrayStart || orObject && token.kind == .objectStart,
      tokens.position - token.start > 2
    else { return }
    notUnderstood = NotUnderstood(key: String(key), offset: token.start)
  }

  private mutating func value(of field: FieldSchema, into out: inout ByteBuffer) throws(TranscodeError) {
    let number = field.number
    switch field.kind {
    case .string: try string(number, into: &out)
    case .bool: try bool(number, into: &out)
    case .double: try double(number, into: &out)
    case .uint32: try uint32(number, into: &out)
    case .sint32: try sint32(number, into: &out)
    case .fixed32: try fixed32(number, into: &out)
    case .fixed64: try fixed64(number, into: &out)
    case .sfixed64: try sfixed64(number, into: &out)
    case .identifier(let bytes): try identifier(number, bytes: bytes, into: &out)
    case .enumeration(let names): try enumeration(number, names, into: &out)
    case .keyValues: try keyValues(number, into: &out)
    case .anyValue:
      try message(number, reserving: 1, into: &out) { (json, out) throws(TranscodeError) in
        try json.anyValue(depth: 0, into: &out)
      }
    case .message(let schema):
      try message(number, reserving: schema.lengthWidth, into: &out) { (json, out) throws(TranscodeError) in
        try json.members(of: schema, into: &out)
      }
    case .messages(let schema):
      try messages(number, reserving: schema.lengthWidth, into: &out) { (json, out) throws(TranscodeError) in
        try json.members(of: schema, into: &out)
      }
    case .spans:
      try messages(number, reserving: 2, into: &out) { (json, out) throws(TranscodeError) in try json.span(into: &out) }
    case .strings:
      try elements(into: &out) { (json, token, out) throws(TranscodeError) in
        guard token.kind == .string else { throw TranscodeError("expected a string", at: token.start) }
        json.string(number, token, into: &out)
      }
    case .fixed64s:
      try packed(number, into: &out) { (json, token, out) throws(TranscodeError) in
        out.append(littleEndian: try json.unsigned(token, upTo: .max))
      }
    case .uint64s:
      try packed(number, into: &out) { (json, token, out) throws(TranscodeError) in
        out.appendVarint(try json.unsigned(token, upTo: .max))
      }
    case .doubles:
      try packed(number, into: &out) { (json, token, out) throws(TranscodeError) in
        out.append(littleEndian: try json.double(token).bitPattern)
      }
    }
  }

  /// An array of scalars, each of which `body` writes.
  private mutating func elements(
    into out: inout ByteBuffer,
    _ body: (inout JSONTranscoder, JSONToken, inout ByteBuffer) throws(TranscodeError) -> Void
  ) throws(TranscodeError) {
    let start = try take()
    guard start.kind == .arrayStart else { return try absent(start, "an array") }
    while case let token = try take(), token.kind != .arrayEnd { try body(&self, token, &out) }
  }

  /// An array of numbers as the packed field `field`; nothing at all when it is empty.
  private mutating func packed(
    _ field: Int, into out: inout ByteBuffer,
    _ body: (inout JSONTranscoder, JSONToken, inout ByteBuffer) throws(TranscodeError) -> Void
  ) throws(TranscodeError) {
    let start = out.count
    out.appendTag(field, .lengthDelimited)
    let mark = out.beginLengthDelimited(reserving: 1)
    try elements(into: &out, body)
    if out.count == mark { return out.truncate(to: start) }
    out.endLengthDelimited(mark, reserved: 1)
  }
}
