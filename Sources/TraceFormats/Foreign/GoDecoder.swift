import JSON
import OTLP
import Platform

/// Reads spans of Go's stdouttrace exporter.
struct GoDecoder: ~Copyable {
  private var span = SpanDraft()

  /// One span, its object just opened. What cannot be read goes to `bad`.
  mutating func span(
    _ json: inout TokenReader, at start: Int, into groups: inout SpanGroups,
    bad: (TranscodeError) throws(TranscodeError) -> Void
  ) throws(TranscodeError) {
    span.reset()
    json.oddity = nil
    var key = SpanGroups.Key()
    var resourceStart = 0
    var scopeStart = 0
    while let name = try json.nextKey() {
      if name.equals("Name") {
        try json.string(5, into: &span.fields)
      } else if name.equals("SpanContext") {
        (span.traceID, span.spanID) = try context(&json, state: true)
      } else if name.equals("Parent") {
        span.parentID = try context(&json, state: false).span
      } else if name.equals("SpanKind") {
        span.kind = Int(min(5, try json.count() ?? 0))
      } else if name.equals("StartTime") {
        span.start = try json.rfc3339()
      } else if name.equals("EndTime") {
        span.end = try json.rfc3339()
      } else if name.equals("Attributes") {
        try Self.attributes(&json, 9, into: &span.fields)
      } else if name.equals("Events") || name.equals("MessageEvents") {
        try events(&json)
      } else if name.equals("Links") {
        try links(&json)
      } else if name.equals("Status") {
        try status(&json)
      } else if name.equals("DroppedAttributes") || name.equals("DroppedAttributeCount") {
        if let count = try json.count(), count > 0 { span.fields.appendField(10, varint: count) }
      } else if name.equals("DroppedEvents") {
        if let count = try json.count(), count > 0 { span.fields.appendField(12, varint: count) }
      } else if name.equals("DroppedLinks") {
        if let count = try json.count(), count > 0 { span.fields.appendField(14, varint: count) }
      } else if name.equals("Resource") {
        if let list = try json.raw(.arrayStart, "an array") { (key.resource, resourceStart) = list }
      } else if name.equals("InstrumentationScope") || name.equals("InstrumentationLibrary") {
        if let object = try json.raw(.objectStart, "an object") { (key.scope, scopeStart) = object }
      } else {
        try json.skip()
      }
    }
    if let complaint = span.complaint(&json, "Go stdouttrace", at: start, traceID: "TraceID", spanID: "SpanID") {
      return try bad(complaint)
    }
    span.finish()
    var oddities: [TranscodeError] = []
    try groups.add(span.fields.view, key) { (resource, scope) throws(TranscodeError) in
      if !key.resource.isEmpty {
        var inner = TokenReader(JSONTokenizer(key.resource))
        try Self.attributes(&inner, 1, into: &resource)
        if let oddity = inner.oddity { oddities.append(oddity.moved(by: resourceStart)) }
      }
      guard !key.scope.isEmpty else { return }
      var inner = TokenReader(JSONTokenizer(key.scope))
      try inner.members { (json, name) throws(TranscodeError) in
        if name.equals("Name") {
          try json.string(1, into: &scope)
        } else if name.equals("Version") {
          try json.string(2, into: &scope)
        } else {
          try json.skip()
        }
      }
      if let oddity = inner.oddity { oddities.append(oddity.moved(by: scopeStart)) }
    }
    for oddity in oddities { try bad(json.complaint("Go stdouttrace", "resource or scope", oddity)) }
  }

  private mutating func context(
    _ json: inout TokenReader, state: Bool
  ) throws(TranscodeError) -> (trace: (high: UInt64, low: UInt64)?, span: UInt64?) {
    var trace: (high: UInt64, low: UInt64)?
    var span: UInt64?
    guard try json.beginObject() else { return (nil, nil) }
    while let key = try json.nextKey() {
      if key.equals("TraceID") {
        trace = try json.traceID() ?? trace
      } else if key.equals("SpanID") {
        span = try json.spanID() ?? span
      } else if key.equals("TraceState"), state {
        // A string, or in early versions an object.
        let token = try json.take()
        if token.kind == .string, token.count > 0 { json.append(3, token, to: &self.span.fields) }
        try json.skipRest(of: token)
      } else {
        try json.skip()
      }
    }
    return (trace, span)
  }

  /// `[{"Key":…,"Value":{"Type":…,"Value":…}}]` as attributes.
  private static func attributes(
    _ json: inout TokenReader, _ field: Int, into out: inout ByteBuffer
  ) throws(TranscodeError) {
    guard try json.beginArray() else { return }
    while case let token = try json.take(), token.kind != .arrayEnd {
      guard token.kind == .objectStart else {
        try json.odd(token, "an attribute")
        continue
      }
      out.appendTag(field, .lengthDelimited)
      let mark = out.beginLengthDelimited(reserving: 1)
      while let key = try json.nextKey() {
        if key.equals("Key") {
          try json.string(1, into: &out)
        } else if key.equals("Value") {
          out.appendTag(2, .lengthDelimited)
          let inner = out.beginLengthDelimited(reserving: 1)
          try value(&json, into: &out)
          out.endLengthDelimited(inner, reserved: 1)
        } else {
          try json.skip()
        }
      }
      out.endLengthDelimited(mark, reserved: 1)
    }
  }

  private static func value(_ json: inout TokenReader, into out: inout ByteBuffer) throws(TranscodeError) {
    guard try json.beginObject() else { return }
    var isFloat = false
    while let key = try json.nextKey() {
      if key.equals("Type") {
        if let token = try json.string() { isFloat = json.tokens.bytes(of: token).equals("FLOAT64") }
      } else if key.equals("Value") {
        let token = try json.take()
        if isFloat, token.kind == .number {
          out.appendField(4, double: JSONNumber.double(json.tokens.bytes(of: token)) ?? 0)
        } else {
          try json.appendValue(token, to: &out)
        }
      } else {
        try json.skip()
      }
    }
  }

  private mutating func events(_ json: inout TokenReader) throws(TranscodeError) {
    guard try json.beginArray() else { return }
    while case let token = try json.take(), token.kind != .arrayEnd {
      guard token.kind == .objectStart else {
        try json.odd(token, "an event")
        continue
      }
      span.fields.appendTag(11, .lengthDelimited)
      let mark = span.fields.beginLengthDelimited(reserving: 1)
      while let key = try json.nextKey() {
        if key.equals("Name") {
          try json.string(2, into: &span.fields)
        } else if key.equals("Time") {
          span.fields.appendField(1, fixed64: try json.rfc3339())
        } else if key.equals("Attributes") {
          try Self.attributes(&json, 3, into: &span.fields)
        } else {
          try json.skip()
        }
      }
      span.fields.endLengthDelimited(mark, reserved: 1)
    }
  }

  private mutating func links(_ json: inout TokenReader) throws(TranscodeError) {
    guard try json.beginArray() else { return }
    while case let token = try json.take(), token.kind != .arrayEnd {
      guard token.kind == .objectStart else {
        try json.odd(token, "a link")
        continue
      }
      span.fields.appendTag(13, .lengthDelimited)
      let mark = span.fields.beginLengthDelimited(reserving: 1)
      while let key = try json.nextKey() {
        if key.equals("SpanContext") {
          let (trace, id) = try context(&json, state: false)
          if let trace { span.fields.appendField(1, traceID: trace) }
          if let id { span.fields.appendField(2, spanID: id) }
        } else if key.equals("Attributes") {
          try Self.attributes(&json, 4, into: &span.fields)
        } else {
          try json.skip()
        }
      }
      span.fields.endLengthDelimited(mark, reserved: 1)
    }
  }

  private mutating func status(_ json: inout TokenReader) throws(TranscodeError) {
    guard try json.beginObject() else { return }
    while let key = try json.nextKey() {
      if key.equals("Code") {
        let token = try json.take()
        if token.kind == .string { span.status = OTLPWords.status(json.tokens.bytes(of: token)) }
        // Go's codes as numbers: 1 is an error, 2 is fine.
        if token.kind == .number {
          let code = JSONNumber.int64(json.tokens.bytes(of: token)) ?? 0
          span.status = code == 1 ? 2 : code == 2 ? 1 : 0
        }
        try json.skipRest(of: token)
      } else if key.equals("Description") {
        span.statusMessage.append(try json.text())
      } else {
        try json.skip()
      }
    }
  }
}
