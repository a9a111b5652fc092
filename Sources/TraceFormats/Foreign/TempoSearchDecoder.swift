import JSON
import OTLP
import Platform

/// Reads what Tempo answers to a search: of each trace the spans that matched.
struct TempoSearchDecoder: ~Copyable {
  private var span = SpanDraft()
  private static let format = "Tempo search answer"

  /// One trace of `traces`, its object just opened. What cannot be read goes to `bad`, also a trace without any span.
  mutating func trace(
    _ json: inout TokenReader, at start: Int, into groups: inout SpanGroups,
    bad: (TranscodeError) throws(TranscodeError) -> Void
  ) throws(TranscodeError) {
    json.oddity = nil
    var traceID: (high: UInt64, low: UInt64)?
    var hasSets = false
    var count = 0
    // The id may stand behind the spans: those are read where it is known.
    var sets: JSONTokenizer?
    while let key = try json.nextKey() {
      if key.equals("traceID") {
        traceID = try json.traceID() ?? traceID
      } else if key.equals("spanSets") || key.equals("spanSet") && !hasSets {
        if key.equals("spanSets") { hasSets = true }
        sets = json.tokens
        try json.skip()
      } else {
        try json.skip(unknown: key)
      }
    }
    if let complaint = json.takeOddity(Self.format, in: "trace", at: start) { try bad(complaint) }
    guard let traceID else { return try bad(json.lack(Self.format, "trace", at: start, of: "traceID")) }
    if let sets {
      var inner = TokenReader(sets)
      inner.origin = json.origin
      let first = try inner.take()
      if first.kind == .arrayStart {
        while case let token = try inner.take(), token.kind != .arrayEnd {
          guard token.kind == .objectStart else {
            try inner.odd(token, "a spanset")
            continue
          }
          count += try spanset(&inner, traceID, into: &groups, bad: bad)
        }
      } else if first.kind == .objectStart {
        count += try spanset(&inner, traceID, into: &groups, bad: bad)
      }
      if let complaint = inner.takeOddity(Self.format, in: "trace", at: start) { try bad(complaint) }
    }
    if count == 0 { try bad(json.lack(Self.format, "trace", at: start, of: "spans")) }
  }

  private mutating func spanset(
    _ json: inout TokenReader, _ traceID: (high: UInt64, low: UInt64), into groups: inout SpanGroups,
    bad: (TranscodeError) throws(TranscodeError) -> Void
  ) throws(TranscodeError) -> Int {
    var count = 0
    while let key = try json.nextKey() {
      guard key.equals("spans") else {
        try json.skip(unknown: key)
        continue
      }
      guard try json.beginArray() else { continue }
      while case let token = try json.take(), token.kind != .arrayEnd {
        guard token.kind == .objectStart else {
          try json.odd(token, "a span")
          continue
        }
        if try read(&json, at: token.start, traceID, into: &groups, bad: bad) { count += 1 }
      }
    }
    return count
  }

  private mutating func read(
    _ json: inout TokenReader, at start: Int, _ traceID: (high: UInt64, low: UInt64), into groups: inout SpanGroups,
    bad: (TranscodeError) throws(TranscodeError) -> Void
  ) throws(TranscodeError) -> Bool {
    if let complaint = json.takeOddity(Self.format, in: "trace", at: start) { try bad(complaint) }
    span.reset()
    span.traceID = traceID
    var duration: UInt64 = 0
    var service = ByteView.empty
    while let key = try json.nextKey() {
      if key.equals("spanID") {
        span.spanID = try json.spanID() ?? span.spanID
      } else if key.equals("name") {
        try json.string(5, into: &span.fields)
      } else if key.equals("startTimeUnixNano") {
        span.start = try json.count() ?? 0
      } else if key.equals("durationNanos") {
        duration = try json.count() ?? 0
      } else if key.equals("attributes") {
        // The same attributes as OTLP's, so that the same reader reads them.
        var transcoder = JSONTranscoder(continuing: json.tokens)
        let mark = span.fields.count
        try transcoder.attributes(9, into: &span.fields)
        json.tokens = transcoder.tokens
        service = names.view(of: try self.service(in: mark))
      } else {
        try json.skip()
      }
    }
    span.end = span.start.addingSaturating(duration)
    if let complaint = span.complaint(&json, Self.format, at: start, traceID: "traceID", spanID: "spanID") {
      try bad(complaint)
      return false
    }
    span.finish()
    try groups.add(span.fields.view, SpanGroups.Key(resource: service)) { (resource, _) in
      if !service.isEmpty { resource.appendAttribute(1, "service.name", string: service) }
    }
    return true
  }

  /// The names of services, which stand in no text that stays.
  private var names = NameStore()

  /// The service that the attributes behind `mark` name.
  private func service(in mark: Int) throws(TranscodeError) -> ByteView {
    var found = ByteView.empty
    do throws(WireError) {
      var attributes = RepeatedField<KeyValueView>(span.fields.view.dropFirst(mark), field: 9)
      while let attribute = try attributes.next() {
        if attribute.key.equals("service.name") || attribute.key.equals("resource.service.name"),
          case .string(let text) = try attribute.value
        {
          found = text
        }
      }
    } catch { throw TranscodeError(error.description, at: 0) }
    return found
  }
}

/// Texts that stay where they are.
final class NameStore {
  private var names: [[UInt8]: UnsafeMutableRawBufferPointer] = [:]

  deinit { for name in names.values { name.deallocate() } }

  /// A view of the same bytes that is valid while this object is.
  func view(of text: ByteView) -> ByteView {
    if text.isEmpty { return .empty }
    let key = [UInt8](text)
    if let known = names[key] { return ByteView(UnsafeRawBufferPointer(known)) }
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: key.count, alignment: 1)
    copy.copyBytes(from: key)
    names[key] = copy
    return ByteView(UnsafeRawBufferPointer(copy))
  }
}
