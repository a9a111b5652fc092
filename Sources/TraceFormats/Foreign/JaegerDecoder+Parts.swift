import JSON
import OTLP
import Platform

/// Logs, warnings and references of a span.
extension JaegerDecoder {
  mutating func logs(_ json: inout TokenReader) throws(TranscodeError) {
    guard try json.beginArray() else { return }
    while case let token = try json.take(), token.kind != .arrayEnd {
      guard token.kind == .objectStart else {
        try json.odd(token, "a log")
        continue
      }
      span.fields.appendTag(11, .lengthDelimited)
      let mark = span.fields.beginLengthDelimited(reserving: 1)
      var hasName = false
      while let key = try json.nextKey() {
        if key.equals("timestamp") {
          if let time = try time(&json) { span.fields.appendField(1, fixed64: time) }
        } else if key.equals("fields") {
          guard try json.beginArray() else { continue }
          while case let token = try json.take(), token.kind != .arrayEnd {
            guard token.kind == .objectStart else {
              try json.odd(token, "a field")
              continue
            }
            let tag = try Tag.read(&json)
            guard let key = tag.key else { continue }
            if !hasName, json.tokens.bytes(of: key).equals("event"), let value = tag.value, value.kind == .string {
              hasName = true
              json.append(2, value, to: &span.fields)
            } else {
              span.fields.appendAttribute(3, json, key) { tag.append(json, to: &$0) }
            }
          }
        } else {
          try json.skip()
        }
      }
      span.fields.endLengthDelimited(mark, reserved: 1)
    }
  }

  /// What Jaeger found wrong with the span, under the name that Jaeger itself gives it in OTLP.
  mutating func warnings(_ json: inout TokenReader) throws(TranscodeError) {
    var texts: [JSONToken] = []
    let first = try json.take()
    guard first.kind == .arrayStart else { return try json.odd(first, "an array") }
    while case let token = try json.take(), token.kind != .arrayEnd {
      if token.kind == .string { texts.append(token) } else { try json.odd(token, "a warning") }
    }
    if texts.isEmpty { return }
    let name: StaticString = "@jaeger@warnings"
    span.fields.appendAttribute(9, ByteView(start: name.utf8Start, count: name.utf8CodeUnitCount)) { out in
      out.appendField(5, reserving: 1) { out in
        for text in texts { out.appendField(1, reserving: 1) { json.append(1, text, to: &$0) } }
      }
    }
  }

  mutating func readReferences(_ json: inout TokenReader) throws(TranscodeError) {
    guard try json.beginArray() else { return }
    while case let token = try json.take(), token.kind != .arrayEnd {
      guard token.kind == .objectStart else {
        try json.odd(token, "a reference")
        continue
      }
      var isChildOf = true
      var traceID: (high: UInt64, low: UInt64)?
      var spanID: UInt64?
      while let key = try json.nextKey() {
        if key.equals("refType") {
          // Protobuf leaves CHILD_OF out, which is its 0.
          let type = try json.take()
          try json.skipRest(of: type)
          let text = json.tokens.bytes(of: type)
          isChildOf = !(text.equals("FOLLOWS_FROM") || text.equals("follows-from") || text.equals("1"))
        } else if key.equals("traceID") || key.equals("traceId") {
          traceID = try json.traceID(takesAny: true) ?? traceID
        } else if key.equals("spanID") || key.equals("spanId") {
          spanID = try json.spanID(takesAny: true) ?? spanID
        } else {
          try json.skip()
        }
      }
      if let spanID, let traceID = traceID ?? span.traceID {
        references.append(Reference(isChildOf: isChildOf, traceID: traceID, spanID: spanID))
      }
    }
  }

  /// The first CHILD_OF in the same trace is the parent, else the first FOLLOWS_FROM there; the others are links.
  mutating func applyReferences() {
    guard !references.isEmpty, let own = span.traceID else { return }
    let parent =
      references.firstIndex { $0.traceID == own && $0.isChildOf } ?? references.firstIndex { $0.traceID == own }
    if let parent { span.parentID = references[parent].spanID }
    for (index, reference) in references.enumerated() where index != parent {
      span.fields.appendField(13, reserving: 1) { link in
        link.appendField(1, traceID: reference.traceID)
        link.appendField(2, spanID: reference.spanID)
        let type: StaticString = reference.isChildOf ? "child_of" : "follows_from"
        link.appendAttribute(
          4, "opentracing.ref_type", string: ByteView(start: type.utf8Start, count: type.utf8CodeUnitCount))
      }
    }
  }
}
