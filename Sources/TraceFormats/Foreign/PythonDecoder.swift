import JSON
import OTLP
import Platform

/// Reads spans of Python's ConsoleSpanExporter.
struct PythonDecoder: ~Copyable {
  private var span = SpanDraft()

  /// One span, its object just opened. What cannot be read goes to `bad`.
  mutating func span(
    _ json: inout TokenReader, at start: Int, into groups: inout SpanGroups,
    bad: (TranscodeError) throws(TranscodeError) -> Void
  ) throws(TranscodeError) {
    span.reset()
    json.oddity = nil
    var group = SpanGroups.Key()
    var resourceStart = 0
    while let name = try json.nextKey() {
      if name.equals("name") {
        try json.string(5, into: &span.fields)
      } else if name.equals("context") {
        (span.traceID, span.spanID) = try context(&json)
      } else if name.equals("parent_id") {
        span.parentID = try json.spanID() ?? span.parentID
      } else if name.equals("kind") {
        if let token = try json.string() {
          let word = json.tokens.bytes(of: token)
          span.kind = OTLPWords.kind(
            word.dropFirst((word.lastIndex(of: UInt8(ascii: "."), before: word.count) ?? -1) + 1))
        }
      } else if name.equals("start_time") {
        span.start = try json.rfc3339()
      } else if name.equals("end_time") {
        span.end = try json.rfc3339()
      } else if name.equals("attributes") {
        try json.attributes(9, into: &span.fields)
      } else if name.equals("events") {
        try list(&json, 11, "an event")
      } else if name.equals("links") {
        try list(&json, 13, "a link")
      } else if name.equals("status") {
        try status(&json)
      } else if name.equals("resource") {
        if let object = try json.raw(.objectStart, "an object") { (group.resource, resourceStart) = object }
      } else {
        try json.skip()
      }
    }
    if let complaint = span.complaint(&json, "Python console output", at: start, traceID: "trace_id", spanID: "span_id")
    {
      return try bad(complaint)
    }
    span.finish()
    var oddity: TranscodeError?
    try groups.add(span.fields.view, group) { (resource, _) throws(TranscodeError) in
      guard !group.resource.isEmpty else { return }
      var inner = TokenReader(JSONTokenizer(group.resource))
      // Early versions wrote the attributes without an object around them.
      var isPlain = true
      try inner.members { (json, name) throws(TranscodeError) in
        if name.equals("attributes") {
          isPlain = false
          try json.attributes(1, into: &resource)
        } else {
          try json.skip()
        }
      }
      if isPlain, inner.oddity == nil {
        inner = TokenReader(JSONTokenizer(group.resource))
        try inner.attributes(1, into: &resource)
      }
      oddity = inner.oddity?.moved(by: resourceStart)
    }
    if let oddity { try bad(json.complaint("Python console output", "resource", oddity)) }
  }

  private mutating func context(
    _ json: inout TokenReader
  ) throws(TranscodeError) -> (trace: (high: UInt64, low: UInt64)?, span: UInt64?) {
    var trace: (high: UInt64, low: UInt64)?
    var span: UInt64?
    guard try json.beginObject() else { return (nil, nil) }
    while let key = try json.nextKey() {
      if key.equals("trace_id") {
        trace = try json.traceID() ?? trace
      } else if key.equals("span_id") {
        span = try json.spanID() ?? span
      } else {
        try json.skip()
      }
    }
    return (trace, span)
  }

  /// Events or links, as the repeated field `field`.
  private mutating func list(_ json: inout TokenReader, _ field: Int, _ what: String) throws(TranscodeError) {
    guard try json.beginArray() else { return }
    while case let token = try json.take(), token.kind != .arrayEnd {
      guard token.kind == .objectStart else {
        try json.odd(token, what)
        continue
      }
      span.fields.appendTag(field, .lengthDelimited)
      let mark = span.fields.beginLengthDelimited(reserving: 1)
      while let key = try json.nextKey() {
        if key.equals("name") {
          try json.string(2, into: &span.fields)
        } else if key.equals("timestamp") {
          span.fields.appendField(1, fixed64: try json.rfc3339())
        } else if key.equals("attributes") {
          try json.attributes(field == 11 ? 3 : 4, into: &span.fields)
        } else if key.equals("context") {
          let (trace, id) = try context(&json)
          if let trace { span.fields.appendField(1, traceID: trace) }
          if let id { span.fields.appendField(2, spanID: id) }
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
      if key.equals("status_code") {
        if let token = try json.string() {
          let word = json.tokens.bytes(of: token)
          span.status = OTLPWords.status(
            word.dropFirst((word.lastIndex(of: UInt8(ascii: "."), before: word.count) ?? -1) + 1))
        }
      } else if key.equals("description") {
        span.statusMessage.append(try json.text())
      } else {
        try json.skip()
      }
    }
  }
}
