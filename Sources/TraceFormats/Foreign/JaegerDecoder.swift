import JSON
import OTLP
import Platform

/// Reads Jaeger's JSON: traces as its API answers them and its user interface saves them, and spans with their process as
/// Elasticsearch holds them.
struct JaegerDecoder: ~Copyable {
  var span = SpanDraft()
  var references: [Reference] = []
  private var hasStatusCode = false
  private var isError = false
  /// What the span says of its scope, as the text has it.
  private var scope = ByteView.empty
  private var version = ByteView.empty
  private var waiting: [Waiting] = []
  private var waitingBytes = ByteBuffer(capacity: 4096)

  /// A span whose process stands further on in the trace.
  private struct Waiting {
    var fields: Range<Int>
    var process: Process
    var scope: ByteView
    var version: ByteView
  }

  /// What a span says of its process: its text, or the id under which the trace has it.
  private struct Process {
    var text = ByteView.empty
    var start = 0
    var isInline = false
  }

  private static let format = "Jaeger JSON"

  struct Reference {
    var isChildOf: Bool
    var traceID: (high: UInt64, low: UInt64)
    var spanID: UInt64
  }

  /// One trace, its object just opened: spans, and the processes that they name. What of a span cannot be read goes to
  /// `bad`, and the others stay.
  mutating func trace(
    _ json: inout TokenReader, at start: Int, into groups: inout SpanGroups,
    bad: (TranscodeError) throws(TranscodeError) -> Void
  ) throws(TranscodeError) {
    waiting.removeAll(keepingCapacity: true)
    waitingBytes.removeAll()
    json.oddity = nil
    var traceID: (high: UInt64, low: UInt64)?
    var processes: [(id: ByteView, process: Process)] = []
    var hasSpans = false
    while let key = try json.nextKey() {
      if key.equals("spans") {
        hasSpans = true
        try json.elements { (json, token) throws(TranscodeError) in
          guard token.kind == .objectStart else {
            try json.odd(token, "a span")
            if let complaint = json.takeOddity(Self.format, in: "trace", at: start) { try bad(complaint) }
            return
          }
          guard let process = try read(&json, at: token.start, traceID: traceID, bad: bad) else { return }
          let start = waitingBytes.count
          waitingBytes.append(span.fields.view)
          waiting.append(
            Waiting(fields: start..<waitingBytes.count, process: process, scope: scope, version: version))
        }
      } else if key.equals("processes") {
        try json.members { (json, id) throws(TranscodeError) in
          guard let (text, start) = try json.raw(.objectStart, "an object") else { return }
          processes.append((id, Process(text: text, start: start, isInline: true)))
        }
      } else if key.equals("traceID") {
        traceID = try json.traceID(takesAny: true) ?? traceID
      } else {
        try json.skip()
      }
      if let complaint = json.takeOddity(Self.format, in: "trace", at: start) { try bad(complaint) }
    }
    if !hasSpans { try bad(json.lack(Self.format, "trace", at: start, of: "spans")) }
    for one in waiting {
      let text = one.process.text
      let process = one.process.isInline ? one.process : processes.last { $0.id == text }?.process
      try add(
        waitingBytes.view[one.fields], process ?? Process(), one.scope, one.version, json, into: &groups, bad: bad)
    }
    waiting.removeAll(keepingCapacity: true)
  }

  /// A span with its process inside, its object just opened.
  mutating func span(
    _ json: inout TokenReader, at start: Int, into groups: inout SpanGroups,
    bad: (TranscodeError) throws(TranscodeError) -> Void
  ) throws(TranscodeError) {
    guard let process = try read(&json, at: start, traceID: nil, bad: bad) else { return }
    try add(
      span.fields.view, process.isInline ? process : Process(), scope, version, json, into: &groups, bad: bad)
  }

  /// Puts a span into the group of its process. What cannot be read of a process goes to `bad`; its spans stay.
  private func add(
    _ span: ByteView, _ process: Process, _ scope: ByteView, _ version: ByteView, _ json: TokenReader,
    into groups: inout SpanGroups, bad: (TranscodeError) throws(TranscodeError) -> Void
  ) throws(TranscodeError) {
    let key = SpanGroups.Key(resource: process.text, scope: scope, version: version)
    var oddity: TranscodeError?
    try groups.add(span, key) { (resource, scope) throws(TranscodeError) in
      oddity = try JaegerDecoder.header(key, &resource, &scope)?.moved(by: process.start)
    }
    if let oddity { try bad(json.complaint(Self.format, "process", oddity)) }
  }

  /// The Resource of a process, given as its text, and the scope; what of the process is not as it should be.
  private static func header(
    _ key: SpanGroups.Key, _ resource: inout ByteBuffer, _ scope: inout ByteBuffer
  ) throws(TranscodeError) -> TranscodeError? {
    if !key.scope.isEmpty { scope.appendField(1, string: JSONUnescape.string(key.scope)) }
    if !key.version.isEmpty { scope.appendField(2, string: JSONUnescape.string(key.version)) }
    guard !key.resource.isEmpty else { return nil }
    var process = TokenReader(JSONTokenizer(key.resource))
    try process.members { (json, name) throws(TranscodeError) in
      if name.equals("serviceName") {
        guard let token = try json.string() else { return }
        resource.appendAttribute(1, "service.name") { json.append(1, token, to: &$0) }
      } else if name.equals("tags") {
        try json.objects { (json) throws(TranscodeError) in
          let tag = try Tag.read(&json)
          if let key = tag.key { resource.appendAttribute(1, json, key) { tag.append(json, to: &$0) } }
        }
      } else if name.equals("tag") {
        try tagMap(&json) { (json, key, tag) in resource.appendAttribute(1, key) { tag.append(json, to: &$0) } }
      } else {
        try json.skip()
      }
    }
    return process.oddity
  }

  /// Tags as Elasticsearch may hold them: an object, with `@` in keys where a dot was.
  private static func tagMap(
    _ json: inout TokenReader, _ body: (TokenReader, ByteView, Tag) -> Void
  ) throws(TranscodeError) {
    try json.members { (json, name) throws(TranscodeError) in
      var key = [UInt8](name)
      for index in key.indices where key[index] == UInt8(ascii: "@") { key[index] = UInt8(ascii: ".") }
      var tag = Tag()
      let (token, text) = try json.raw()
      tag.value = token
      if token.kind == .objectStart || token.kind == .arrayStart { tag.container = text }
      key.withByteView { body(json, $0, tag) }
    }
  }

  /// Reads a span into `span`; its process, as an id or as text, or nil when it is no span, which `bad` was told.
  private mutating func read(
    _ json: inout TokenReader, at start: Int, traceID: (high: UInt64, low: UInt64)?,
    bad: (TranscodeError) throws(TranscodeError) -> Void
  ) throws(TranscodeError) -> Process? {
    span.reset()
    references.removeAll(keepingCapacity: true)
    scope = .empty
    version = .empty
    var process = Process()
    hasStatusCode = false
    isError = false
    var duration: UInt64 = 0
    json.oddity = nil
    while let key = try json.nextKey() {
      switch key.count {
      case 4 where key.equals("tags"): try tags(&json)
      case 4 where key.equals("logs"): try logs(&json)
      case 3 where key.equals("tag"):
        var tags: [(key: [UInt8], tag: Tag)] = []
        try JaegerDecoder.tagMap(&json) { _, key, tag in tags.append(([UInt8](key), tag)) }
        for one in tags {
          one.key.withByteView { key in
            if !special(key, one.tag, json) {
              span.fields.appendAttribute(9, key) { one.tag.append(json, to: &$0) }
            }
          }
        }
      case 6 where key.equals("spanID") || key.equals("spanId"):
        span.spanID = try json.spanID(takesAny: true) ?? span.spanID
      case 7 where key.equals("traceID") || key.equals("traceId"):
        span.traceID = try json.traceID(takesAny: true) ?? span.traceID
      case 7 where key.equals("process"):
        guard let (text, start) = try json.raw(.objectStart, "an object") else { continue }
        process = Process(text: text, start: start, isInline: true)
      case 8 where key.equals("duration"): duration = try time(&json) ?? 0
      case 8 where key.equals("warnings"): try warnings(&json)
      case 9 where key.equals("startTime"): span.start = try time(&json) ?? 0
      case 9 where key.equals("processID") && !process.isInline:
        if let token = try json.string() { process.text = json.tokens.bytes(of: token) }
      case 10 where key.equals("references"): try readReferences(&json)
      case 12 where key.equals("parentSpanID"):
        span.parentID = try json.spanID(takesAny: true) ?? span.parentID
      case 13 where key.equals("operationName"): try json.string(5, into: &span.fields)
      default: try json.skip()
      }
    }
    span.end = span.start.addingSaturating(duration)
    if isError, !hasStatusCode { span.status = 2 }
    if span.traceID == nil { span.traceID = traceID }
    if let complaint = span.complaint(&json, Self.format, at: start, traceID: "traceID", spanID: "spanID") {
      try bad(complaint)
      return nil
    }
    applyReferences()
    span.finish()
    return process
  }

  private mutating func tags(_ json: inout TokenReader) throws(TranscodeError) {
    guard try json.beginArray() else { return }
    while true {
      if plainTag(&json) { continue }
      let token = try json.take()
      if token.kind == .arrayEnd { return }
      guard token.kind == .objectStart else {
        try json.odd(token, "a tag")
        continue
      }
      let tag = try Tag.read(&json)
      guard let key = tag.key, !special(json.tokens.bytes(of: key), tag, json) else { continue }
      span.fields.appendAttribute(9, json, key) { tag.append(json, to: &$0) }
    }
  }

  /// A time or a duration: µs, or, where Jaeger wrote its protobuf as JSON, RFC 3339 or seconds.
  func time(_ json: inout TokenReader) throws(TranscodeError) -> UInt64? {
    guard let token = try json.number() else { return nil }
    let text = json.tokens.bytes(of: token)
    if let time = Microseconds.nanoseconds(text) { return time }
    if token.kind == .string {
      if let time = Timestamp(rfc3339: String(text)) { return UInt64(clamping: time.nanoseconds) }
      if let length = DurationText.parse(String(text)) { return UInt64(clamping: length) }
    }
    try json.odd(token, "a number of microseconds")
    if json.oddity == nil { json.oddity = TranscodeError("expected a number of microseconds", at: token.start) }
    return nil
  }

  /// A tag whose value is a string, a whole number or a boolean, exactly as compact writers write it, and which stands for
  /// no field of its own. `false`, and nothing has happened, for anything else.
  @inline(__always)
  private mutating func plainTag(_ json: inout TokenReader) -> Bool {
    guard var ahead = json.tokens.speculateOnElement(), ahead.skip("{\"key\":\""), let key = ahead.plainString(),
      ahead.skip(",\"type\":\"string\",\"value\":\""), let text = ahead.plainString(), ahead.skip("}"),
      !Self.isSpecial(key)
    else { return false }
    let value = 1 &+ varintSize(UInt64(text.count)) &+ text.count
    let size = 1 &+ varintSize(UInt64(key.count)) &+ key.count &+ 1 &+ varintSize(UInt64(value)) &+ value
    span.fields.appendTag(9, .lengthDelimited)
    span.fields.appendVarint(UInt64(size))
    span.fields.appendField(1, bytes: key)
    span.fields.appendTag(2, .lengthDelimited)
    span.fields.appendVarint(UInt64(value))
    span.fields.appendField(1, bytes: text)
    json.tokens.accept(ahead)
    return true
  }

  /// Whether a tag may stand for a field: `error`, `span.kind`, and what begins with `otel`, `inte` or `w3c.`.
  @inline(__always)
  private static func isSpecial(_ key: ByteView) -> Bool {
    guard key.count >= 5 else { return false }
    switch key.start.loadUnaligned(as: UInt32.self).littleEndian {
    case 0x6f72_7265, 0x6e61_7073, 0x6c65_746f, 0x6574_6e69, 0x2e63_3377: return true
    default: return false
    }
  }

  /// Takes a tag that stands for a field of OTLP; `false` for any other.
  private mutating func special(
    _ key: ByteView, _ tag: Tag, _ json: TokenReader
  ) -> Bool {
    guard JaegerDecoder.isSpecial(key), let value = tag.value else { return false }
    let text = value.kind == .string ? json.tokens.bytes(of: value) : .empty
    if key.equals("span.kind") {
      span.kind = OTLPWords.kind(text)
      return span.kind != 0
    }
    if key.equals("error") {
      if tag.isTrue(json) { isError = true }
      return tag.isTrue(json) || tag.isFalse(json)
    }
    if key.equals("otel.status_code") {
      hasStatusCode = true
      span.status = OTLPWords.status(text)
    } else if key.equals("otel.status_description") {
      span.statusMessage.append(json.text(of: value))
    } else if key.equals("otel.scope.name") || key.equals("otel.library.name") {
      scope = text
    } else if key.equals("otel.scope.version") || key.equals("otel.library.version") {
      version = text
    } else if key.equals("w3c.tracestate") {
      json.append(3, value, to: &span.fields)
    } else {
      return key.equals("internal.span.format")
    }
    return true
  }
}
