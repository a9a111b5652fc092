import JSON
import Platform

/// Turns OTLP/JSON into OTLP protobuf in one pass of the tokenizer, without a tree and without objects.
///
/// Follows the JSON mapping of the OTLP specification: lowerCamelCase keys, ids in hex of either case, enums as
/// integers, 64-bit integers as strings or numbers, `null` as absent, unknown keys ignored. Tempo's trace JSON is read as
/// well: `batches` or `trace` at the top, ids in base64, enums by name; so is Jaeger's `result`.
public struct JSONTranscoder {
  /// Where it stands in the text.
  public internal(set) var tokens: JSONTokenizer
  /// What is read; `nil`: whichever signal a document has.
  private let expected: OTLPSignal?

  /// A member that is not known and may hold telemetry.
  public struct NotUnderstood: Sendable, Equatable {
    public let key: String
    /// Where its value begins, in bytes from the start of the text.
    public let offset: Int
  }

  /// The first member that is not known where spans, metrics or log records are looked for; unknown members elsewhere are
  /// ignored, as OTLP demands.
  public internal(set) var notUnderstood: NotUnderstood?

  /// - Parameters:
  ///   - text: one document, or several with or without space between them.
  ///   - signal: what the documents hold; what they hold of other signals is unknown, and ignored. `nil`: it is seen from
  ///     each document, which must be of one signal.
  public init(_ text: ByteView, signal: OTLPSignal? = .traces) {
    tokens = JSONTokenizer(text, depthLimit: 256, manyDocuments: true)
    expected = signal
  }

  /// Goes on where another reader of the same text stands.
  public init(continuing tokens: JSONTokenizer, signal: OTLPSignal? = .traces) {
    self.tokens = tokens
    expected = signal
  }

  /// Byte offset of what will be read next.
  public var position: Int { tokens.position }

  /// What one document held.
  public struct Document: Sendable, Equatable {
    /// The signal of which there was a key; a document without one is an empty request to a receiver, and something else
    /// than telemetry in a file.
    public var signal: OTLPSignal?
    /// Whether there was any key at all.
    public var isEmpty = true
    /// Further signals of the same document, which were passed over: read it again for each of them.
    public var others: [OTLPSignal] = []
  }

  /// Appends the next document's TracesData, MetricsData or LogsData to `out`; `nil` when nothing is left. On an error
  /// `out` may hold part of the document: truncate it.
  public mutating func next(into out: inout ByteBuffer) throws(TranscodeError) -> Document? {
    let token = try take()
    switch token.kind {
    case .end: return nil
    case .objectStart:
      var document = Document()
      try data(&document, into: &out)
      return document
    default: throw TranscodeError("expected an object with \((expected ?? .traces).dataKey)", at: token.start)
    }
  }

  /// Appends the object that comes next, a ResourceSpans, ResourceMetrics or ResourceLogs, as the only one of its request.
  public mutating func nextResource(_ signal: OTLPSignal, into out: inout ByteBuffer) throws(TranscodeError) {
    let schema = signal.resourceElement
    try message(1, reserving: schema.lengthWidth, into: &out) { (json, out) throws(TranscodeError) in
      try json.members(of: schema, into: &out)
    }
  }

  /// Appends the array of attributes that comes next as the repeated field `field`.
  public mutating func attributes(_ field: Int, into out: inout ByteBuffer) throws(TranscodeError) {
    try keyValues(field, into: &out)
  }

  /// Gives up on the current document and goes on behind the next line feed.
  public mutating func skipLine() { tokens.skipLine() }

  private mutating func data(_ document: inout Document, into out: inout ByteBuffer) throws(TranscodeError) {
    while let key = try nextKey() {
      document.isEmpty = false
      if let signal = signal(of: key) {
        guard note(signal, in: &document) else {
          try skip()
          continue
        }
        let schema = signal.resourceElement
        try messages(1, reserving: schema.lengthWidth, into: &out) { (json, out) throws(TranscodeError) in
          try json.members(of: schema, into: &out)
        }
      } else if expected != .metrics, expected != .logs, key.equals("trace") || key.equals("result") {
        guard note(.traces, in: &document) else {
          try skip()
          continue
        }
        if try beginObject() { try data(&document, into: &out) }
      } else {
        try unknown(key, mayHoldTelemetry: expected == nil, orObject: false)
      }
    }
  }

  /// Whether `signal` is the one that is read of the document.
  private func note(_ signal: OTLPSignal, in document: inout Document) -> Bool {
    if let first = document.signal, first != signal {
      if !document.others.contains(signal) { document.others.append(signal) }
      return false
    }
    document.signal = signal
    return true
  }

  /// The signal that a key at the top is of, when that is to be read.
  private func signal(of key: ByteView) -> OTLPSignal? {
    if key.equals("batches") { return expected == nil || expected == .traces ? .traces : nil }
    if let expected { return key.equals(expected.dataKey) ? expected : nil }
    return OTLPSignal.allCases.first { key.equals($0.dataKey) }
  }

  /// A member whose value is a string, as compact writers write it: ids, name and times. `false`, and nothing has
  /// happened, for anything else.
  @inline(__always)
  private mutating func plainSpanMember(into out: inout ByteBuffer) -> Bool {
    guard var ahead = tokens.speculateOnMember(), ahead.skip("\""), let key = ahead.plainString(), ahead.skip(":\""),
      let text = ahead.plainString()
    else { return false }
    switch key.count {
    case 4 where key.equals("name"): out.appendField(5, bytes: text)
    case 6 where key.equals("spanId"): guard plainIdentifier(2, text, bytes: 8, into: &out) else { return false }
    case 7 where key.equals("traceId"): guard plainIdentifier(1, text, bytes: 16, into: &out) else { return false }
    case 12 where key.equals("parentSpanId"): guard plainIdentifier(4, text, bytes: 8, into: &out) else { return false }
    case 15 where key.equals("endTimeUnixNano"):
      guard let time = JSONNumber.uint64(text) else { return false }
      out.appendField(8, fixed64: time)
    case 17 where key.equals("startTimeUnixNano"):
      guard let time = JSONNumber.uint64(text) else { return false }
      out.appendField(7, fixed64: time)
    default: return false
    }
    tokens.accept(ahead)
    return true
  }

  /// The keys are told apart by their length first: this is where the time goes.
  mutating func span(into out: inout ByteBuffer) throws(TranscodeError) {
    while true {
      if plainSpanMember(into: &out) { continue }
      guard let key = try nextKey() else { return }
      switch key.count {
      case 4 where key.equals("name"): try string(5, into: &out)
      case 4 where key.equals("kind"): try enumeration(6, SpanKindNames.self, into: &out)
      case 5 where key.equals("links"):
        try messages(13, reserving: 1, into: &out) { (json, out) throws(TranscodeError) in try json.link(into: &out) }
      case 5 where key.equals("flags"): try fixed32(16, into: &out)
      case 6 where key.equals("spanId"): try identifier(2, bytes: 8, into: &out)
      case 6 where key.equals("events"):
        try messages(11, reserving: 1, into: &out) { (json, out) throws(TranscodeError) in try json.event(into: &out) }
      case 6 where key.equals("status"):
        try message(15, reserving: 1, into: &out) { (json, out) throws(TranscodeError) in try json.status(into: &out) }
      case 7 where key.equals("traceId"): try identifier(1, bytes: 16, into: &out)
      case 10 where key.equals("attributes"): try keyValues(9, into: &out)
      case 10 where key.equals("traceState"): try string(3, into: &out)
      case 12 where key.equals("parentSpanId"): try identifier(4, bytes: 8, into: &out)
      case 15 where key.equals("endTimeUnixNano"): try fixed64(8, into: &out)
      case 17 where key.equals("startTimeUnixNano"): try fixed64(7, into: &out)
      case 17 where key.equals("droppedLinksCount"): try uint32(14, into: &out)
      case 18 where key.equals("droppedEventsCount"): try uint32(12, into: &out)
      case 22 where key.equals("droppedAttributesCount"): try uint32(10, into: &out)
      default: try skip()
      }
    }
  }

  private mutating func status(into out: inout ByteBuffer) throws(TranscodeError) {
    while let key = try nextKey() {
      if key.equals("code") {
        try enumeration(3, StatusCodeNames.self, into: &out)
      } else if key.equals("message") {
        try string(2, into: &out)
      } else {
        try skip()
      }
    }
  }

  private mutating func event(into out: inout ByteBuffer) throws(TranscodeError) {
    while let key = try nextKey() {
      if key.equals("timeUnixNano") {
        try fixed64(1, into: &out)
      } else if key.equals("name") {
        try string(2, into: &out)
      } else if key.equals("attributes") {
        try keyValues(3, into: &out)
      } else if key.equals("droppedAttributesCount") {
        try uint32(4, into: &out)
      } else {
        try skip()
      }
    }
  }

  private mutating func link(into out: inout ByteBuffer) throws(TranscodeError) {
    while let key = try nextKey() {
      if key.equals("traceId") {
        try identifier(1, bytes: 16, into: &out)
      } else if key.equals("spanId") {
        try identifier(2, bytes: 8, into: &out)
      } else if key.equals("traceState") {
        try string(3, into: &out)
      } else if key.equals("attributes") {
        try keyValues(4, into: &out)
      } else if key.equals("droppedAttributesCount") {
        try uint32(5, into: &out)
      } else if key.equals("flags") {
        try fixed32(6, into: &out)
      } else {
        try skip()
      }
    }
  }
}
