import JSON
import OTLP
import Platform

/// The decoders of formats other than OTLP, and the spans they have read.
struct ForeignDecoders: ~Copyable {
  var jaeger = JaegerDecoder()
  var zipkin = ZipkinDecoder()
  var tempo = TempoSearchDecoder()
  var go = GoDecoder()
  var python = PythonDecoder()
  var groups = SpanGroups()
  var message = ByteBuffer(capacity: 0)

  /// Spans are handed out when so many bytes of them wait.
  static let flushSize = 256 << 10
}

/// Records passed over in one text.
private struct Oddities {
  let skipsBad: Bool
  var count = 0
  var first: TranscodeError?

  init(skipsBad: Bool) { self.skipsBad = skipsBad }

  mutating func note(_ error: TranscodeError) throws(TranscodeError) {
    guard skipsBad else { throw error }
    count += 1
    if first == nil { first = error }
  }
}

/// Why a document ends early.
private enum DocumentError: Error {
  /// The text at this place, or what it says.
  case text(TranscodeError)
  /// What was decoded is refused by whoever takes it.
  case message(WireError)
}

/// Runs `body`, whose error is one of the text.
private func text<Result>(_ body: () throws(TranscodeError) -> Result) throws(DocumentError) -> Result {
  do throws(TranscodeError) { return try body() } catch { throw .text(error) }
}

/// JSON documents of any format.
extension TraceDecoder {
  typealias Body = (ByteView, OTLPSignal) throws(WireError) -> Void

  /// The documents in `text`; `position` says where in the input something at an offset in it is.
  mutating func json(
    _ text: ByteView, in chunk: TraceChunk, at position: (Int) -> InputError.Position, _ body: Body
  ) throws(InputError) {
    var json = TokenReader(JSONTokenizer(text, depthLimit: 256, manyDocuments: true))
    continuesDocument = chunk.continues
    json.origin = chunk.format == .json ? chunk.offset : 0
    defer { if json.madeIDs.count > 0 { note(json.madeIDs, in: chunk, at: position) } }
    var oddities = Oddities(skipsBad: skipsBad)
    var isMore = true
    while isMore {
      let start = json.tokens.position
      var failure: InputError?
      var isCut = false
      leaf = start
      do throws(DocumentError) {
        isMore = try value(&json, &oddities, chunk, position, body)
        if !isMore || foreign.groups.size >= ForeignDecoders.flushSize { try flush(body) }
      } catch {
        switch error {
        case .text(let error):
          failure = InputError(chunk.source, position(error.offset), error.message)
          isCut = error.isEnd
        case .message(let error): failure = InputError(chunk.source, position(start), error.description)
        }
      }
      if let first = oddities.first {
        skipped += oddities.count
        if firstSkipped == nil { firstSkipped = InputError(chunk.source, position(first.offset), first.message) }
        oddities = Oddities(skipsBad: skipsBad)
      }
      guard let failure else { continue }
      // What came before goes out, and of a document that is cut what is whole in it.
      if skipsBad, isCut { keepWhole(of: text, from: leaf, chunk, body) }
      do throws(DocumentError) { try flush(body) } catch {}
      try bad(failure)
      Self.resume(&json.tokens, text)
      isMore = true
    }
  }

  private func note(
    _ place: JSONTranscoder.NotUnderstood?, in chunk: TraceChunk, at position: (Int) -> InputError.Position
  ) {
    guard let place else { return }
    chunk.findings.notUnderstood(
      InputError(chunk.source, position(place.offset), "\"\(place.key.prefix(60))\" is not known and was not read"))
  }

  private func note(_ made: MadeIDs, in chunk: TraceChunk, at position: (Int) -> InputError.Position) {
    guard let first = made.first else { return }
    chunk.findings.madeIDs(
      made.count,
      first: InputError(chunk.source, position(first.offset), "\"\(first.text)\" is no id in hexadecimal digits"))
  }

  /// Goes on with the next line that begins a document: what is broken may have many lines, indented ones.
  private static func resume(_ tokens: inout JSONTokenizer, _ text: ByteView) {
    repeat {
      tokens.skipLine()
    } while tokens.position < text.count
      && text[tokens.position] != UInt8(ascii: "{") && text[tokens.position] != UInt8(ascii: "[")
  }

  /// Reads the document that begins at `start` and is cut again, without what is cut.
  private mutating func keepWhole(of text: ByteView, from start: Int, _ chunk: TraceChunk, _ body: Body) {
    var repaired = ByteBuffer(capacity: 16)
    guard TornDocument.repair(text.dropFirst(start), into: &repaired) else { return }
    var json = TokenReader(JSONTokenizer(repaired.view, depthLimit: 256, manyDocuments: true))
    var oddities = Oddities(skipsBad: true)
    do throws(DocumentError) {
      _ = try value(&json, &oddities, chunk, { _ in .whole }, body)
      // The spans that wait point into the repaired text.
      try flush(body)
    } catch {
      // It counts as the one bad record that the cut is.
    }
  }

  /// Hands out the spans that wait.
  private mutating func flush(_ body: Body) throws(DocumentError) {
    guard !foreign.groups.isEmpty else { return }
    foreign.message.removeAll()
    foreign.groups.flush(into: &foreign.message)
    do throws(WireError) { try body(foreign.message.view, .traces) } catch { throw .message(error) }
  }

  /// One value, which may hold others; `false` where there is none: at the end of the text or of the array around it.
  private mutating func value(
    _ json: inout TokenReader, _ oddities: inout Oddities, _ chunk: TraceChunk,
    _ position: (Int) -> InputError.Position, _ body: Body, depth: Int = 0
  ) throws(DocumentError) -> Bool {
    let kind: DocumentKind
    do throws(JSONError) { kind = try DocumentKind.of(json.tokens) } catch {
      // The reader goes where the error is, so that what follows it can be looked for.
      json.tokens.skip(to: error.offset)
      throw .text(TranscodeError(error))
    }
    leaf = json.tokens.position
    if kind.isDocument {
      if !continuesDocument { formats[kind.name, default: 0] += 1 }
      continuesDocument = false
    }
    switch kind {
    case .end:
      _ = try text { () throws(TranscodeError) in try json.take() }
      return false
    case .otlp: try otlp(&json, chunk, position, body)
    case .resource(let signal): try resource(&json, signal, position, body, chunk)
    case .array:
      guard depth < 8 else {
        throw .text(TranscodeError("arrays in arrays in arrays, and no traces", at: json.tokens.position))
      }
      _ = try text { () throws(TranscodeError) in try json.take() }
      while try value(&json, &oddities, chunk, position, body, depth: depth + 1) {
        if foreign.groups.size >= ForeignDecoders.flushSize { try flush(body) }
      }
    case .jaegerAnswer: try member("data", &json, &oddities, chunk, position, body, depth)
    case .elasticAnswer: try member("hits", &json, &oddities, chunk, position, body, depth)
    case .elasticHit: try member("_source", &json, &oddities, chunk, position, body, depth)
    case .tempoSearch: try member("traces", &json, &oddities, chunk, position, body, depth)
    case .empty: try text { () throws(TranscodeError) in try json.skip() }
    case .jaegerTrace, .jaegerSpan, .zipkinSpan, .tempoTrace, .goSpan, .pythonSpan:
      try text { () throws(TranscodeError) in try span(kind, &json, &oddities) }
    case .unknown(let what):
      try text { () throws(TranscodeError) in
        let start = json.tokens.position
        try json.skip()
        try oddities.note(TranscodeError("JSON, but neither OTLP nor another format of traces: \(what)", at: start))
      }
    }
    return true
  }

  /// The value of one member of an object; the others are passed over.
  private mutating func member(
    _ name: StaticString, _ json: inout TokenReader, _ oddities: inout Oddities, _ chunk: TraceChunk,
    _ position: (Int) -> InputError.Position, _ body: Body, _ depth: Int
  ) throws(DocumentError) {
    guard depth < 8 else { throw .text(TranscodeError("nested too deep", at: json.tokens.position)) }
    _ = try text { () throws(TranscodeError) in try json.take() }
    while let key = try text({ () throws(TranscodeError) in try json.nextKey() }) {
      if key.equals(name) {
        _ = try value(&json, &oddities, chunk, position, body, depth: depth + 1)
      } else if key.equals("aggregations") {
        try text { () throws(TranscodeError) in
          try oddities.note(TranscodeError("an answer with aggregations, not with spans", at: json.tokens.position))
          try json.skip()
        }
      } else if key.equals("errors") || key.equals("error") {
        try text { () throws(TranscodeError) in
          let (token, text) = try json.raw()
          guard token.kind != .null, text.count > 2 else { return }
          try oddities.note(TranscodeError("an answer with an error: \(String(text.prefix(200)))", at: token.start))
        }
      } else {
        try text { () throws(TranscodeError) in try json.skip() }
      }
    }
  }

  /// A trace or a span of a foreign format.
  private mutating func span(
    _ kind: DocumentKind, _ json: inout TokenReader, _ oddities: inout Oddities
  ) throws(TranscodeError) {
    let start = try json.take().start
    let bad = { (error: TranscodeError) throws(TranscodeError) in try oddities.note(error) }
    switch kind {
    case .jaegerTrace: try foreign.jaeger.trace(&json, at: start, into: &foreign.groups, bad: bad)
    case .jaegerSpan: try foreign.jaeger.span(&json, at: start, into: &foreign.groups, bad: bad)
    case .zipkinSpan: try foreign.zipkin.span(&json, at: start, into: &foreign.groups, bad: bad)
    case .tempoTrace: try foreign.tempo.trace(&json, at: start, into: &foreign.groups, bad: bad)
    case .goSpan: try foreign.go.span(&json, at: start, into: &foreign.groups, bad: bad)
    default: try foreign.python.span(&json, at: start, into: &foreign.groups, bad: bad)
    }
  }

  /// A document of OTLP/JSON, of one signal or several.
  private mutating func otlp(
    _ json: inout TokenReader, _ chunk: TraceChunk, _ position: (Int) -> InputError.Position, _ body: Body
  ) throws(DocumentError) {
    let start = json.tokens
    var signal: OTLPSignal?
    var rest: [OTLPSignal] = []
    repeat {
      scratch.removeAll()
      var transcoder = JSONTranscoder(continuing: start, signal: rest.popLast())
      do throws(TranscodeError) {
        guard let document = try transcoder.next(into: &scratch) else { return }
        rest += document.others
        signal = document.signal
      } catch {
        json.tokens = transcoder.tokens
        throw .text(error)
      }
      json.tokens = transcoder.tokens
      note(transcoder.notUnderstood, in: chunk, at: position)
      try give(scratch.view, signal ?? .traces, body, chunk)
    } while !rest.isEmpty
  }

  /// A ResourceSpans, ResourceMetrics or ResourceLogs by itself.
  private mutating func resource(
    _ json: inout TokenReader, _ signal: OTLPSignal, _ position: (Int) -> InputError.Position, _ body: Body,
    _ chunk: TraceChunk
  ) throws(DocumentError) {
    scratch.removeAll()
    var transcoder = JSONTranscoder(continuing: json.tokens, signal: signal)
    do throws(TranscodeError) { try transcoder.nextResource(signal, into: &scratch) } catch {
      json.tokens = transcoder.tokens
      throw .text(error)
    }
    json.tokens = transcoder.tokens
    note(transcoder.notUnderstood, in: chunk, at: position)
    try give(scratch.view, signal, body, chunk)
  }

  /// Hands out a message, or, where only traces are read, counts what it holds of other signals.
  private func give(
    _ message: ByteView, _ signal: OTLPSignal, _ body: Body, _ chunk: TraceChunk
  ) throws(DocumentError) {
    do throws(WireError) {
      guard reading == .traces, signal != .traces else { return try body(message, signal) }
      chunk.findings.passOver(try RequestWalk(message, signal: signal).elements, signal)
    } catch { throw .message(error) }
  }
}
