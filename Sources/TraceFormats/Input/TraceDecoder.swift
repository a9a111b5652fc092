import Compression
import OTLP
import Platform

/// Decodes chunks: every record becomes the bytes of one protobuf request. One per thread.
public struct TraceDecoder: ~Copyable {
  /// What the records may be.
  public enum Reading: Sendable, Equatable {
    case traces
    /// Any of the three signals. JSON tells which; protobuf does not, and is taken for the one given.
    case anySignal(protobuf: OTLPSignal)
  }

  let skipsBad: Bool
  let reading: Reading
  var scratch = ByteBuffer(capacity: 0)
  private var unpacked = ByteBuffer(capacity: 0)
  private var decompressor = Decompressor()
  var foreign = ForeignDecoders()
  /// Where the document, trace or span begins that was read last.
  var leaf = 0
  /// Messages of the chunk in OTLP protobuf; documents and messages in other formats, by format.
  private var messages = 0
  var formats: [String: Int] = [:]
  /// Whether the first document of a chunk was counted with the chunk before.
  var continuesDocument = false
  /// How many bad records were passed over.
  public internal(set) var skipped = 0
  /// The first of them.
  public internal(set) var firstSkipped: InputError?

  /// - Parameter skipsBad: count bad records and go on, instead of throwing.
  public init(skipsBad: Bool = false, reading: Reading = .traces) {
    self.skipsBad = skipsBad
    self.reading = reading
  }

  /// Calls `body` with each request in `chunk`, which holds traces. What `body` throws makes the record a bad one. The view
  /// is valid during the call.
  public mutating func forEachRequest(
    in chunk: TraceChunk, _ body: (RequestView) throws(WireError) -> Void
  ) throws(InputError) {
    try forEachMessage(in: chunk) { (message, _) throws(WireError) in try body(RequestView(message)) }
  }

  /// The same for any signal, which `body` is told.
  public mutating func forEachMessage(
    in chunk: TraceChunk, _ body: (ByteView, OTLPSignal) throws(WireError) -> Void
  ) throws(InputError) {
    defer {
      if messages > 0 { formats["OTLP protobuf"] = messages }
      messages = 0
      chunk.findings.add(formats: formats)
      formats.removeAll(keepingCapacity: true)
    }
    switch chunk.format {
    case .json:
      try json(chunk.view, in: chunk, at: { .line(chunk.line + chunk.view.prefix($0).count(of: 0x0a)) }, body)
    case .stream: try frames(chunk, body)
    case .protobuf: try record(chunk.view, chunk, at: 0, body)
    }
  }

  private var protobufSignal: OTLPSignal {
    switch reading {
    case .traces: .traces
    case .anySignal(let signal): signal
    }
  }

  private mutating func frames(
    _ chunk: TraceChunk, _ body: (ByteView, OTLPSignal) throws(WireError) -> Void
  ) throws(InputError) {
    var rest = chunk.view
    while rest.count >= 4 {
      let length = Int(UInt32(bigEndian: rest.start.loadUnaligned(as: UInt32.self)))
      if length > rest.count - 4 { break }
      try frame(rest[4..<(4 + length)], chunk, at: chunk.count - rest.count, body)
      rest = rest.dropFirst(4 + length)
    }
    guard !rest.isEmpty else { return }
    // The last frame is cut: what stands in it before the cut is whole.
    let position = InputError.Position.byte(chunk.offset + chunk.count - rest.count)
    if skipsBad, ContentEncoding.detect(rest.dropFirst(4)) == .identity {
      keepWhole(of: rest.dropFirst(4), chunk, protobufSignal, body)
    }
    try bad(InputError(chunk.source, position, "the last record is cut off"))
  }

  /// One frame: a message, or a message or a JSON document that was compressed by itself.
  private mutating func frame(
    _ bytes: ByteView, _ chunk: TraceChunk, at offset: Int, _ body: (ByteView, OTLPSignal) throws(WireError) -> Void
  ) throws(InputError) {
    let encoding = ContentEncoding.detect(bytes)
    if encoding == .identity { return try record(bytes, chunk, at: offset, body) }
    let position = InputError.Position.byte(chunk.offset + offset)
    unpacked.removeAll()
    do throws(CompressionError) {
      try decompressor.decompress(bytes, encoding, into: &unpacked, limit: TraceInputOptions.defaultMaximumRecord)
    } catch { return try bad(InputError(chunk.source, position, error.description)) }
    // `json` and `record` use other buffers.
    var message = ByteBuffer(capacity: 16)
    swap(&message, &unpacked)
    defer { swap(&message, &unpacked) }
    if message.view.hasPrefix([UInt8(ascii: "{")]) {
      try json(message.view, in: chunk, at: { _ in position }, body)
    } else {
      try record(message.view, chunk, at: offset, body)
    }
  }

  private mutating func record(
    _ bytes: ByteView, _ chunk: TraceChunk, at offset: Int, _ body: (ByteView, OTLPSignal) throws(WireError) -> Void
  ) throws(InputError) {
    let signal = protobufSignal
    messages += 1
    let position = InputError.Position.byte(chunk.offset + offset)
    do throws(WireError) {
      // What is to be skipped must be skipped whole, so it is walked to the last value before its first span is counted.
      if skipsBad { try RequestCheck.everything(in: bytes, signal: signal) }
      if signal != .traces || RequestCheck.mayHoldSpans(bytes) {
        return try pass(bytes, chunk, at: offset, signal, body)
      }
    } catch {
      if skipsBad, chunk.format == .protobuf { return try pieces(of: bytes, chunk, signal, body) }
      return try bad(InputError(chunk.source, position, error.description))
    }
    try bad(InputError(chunk.source, position, "OTLP protobuf, but not of traces: metrics or logs?"))
  }

  /// Each ResourceSpans of several messages that stand one after the other, since one of them is bad.
  private mutating func pieces(
    of bytes: ByteView, _ chunk: TraceChunk, _ signal: OTLPSignal,
    _ body: (ByteView, OTLPSignal) throws(WireError) -> Void
  ) throws(InputError) {
    var cursor = WireCursor(bytes)
    var start = cursor.position
    while !cursor.isAtEnd {
      var failure: WireError?
      do throws(WireError) {
        if let tag = try cursor.nextTag() { try cursor.skip(tag) }
      } catch {
        let rest = ByteView(start: start, end: bytes.end)
        if chunk.isTorn { keepWhole(of: rest, chunk, signal, body) }
        return try bad(InputError(chunk.source, .byte(chunk.offset + (start - bytes.start)), error.description))
      }
      let piece = ByteView(start: start, end: cursor.position)
      do throws(WireError) {
        try RequestCheck.everything(in: piece, signal: signal)
        if signal != .traces || RequestCheck.mayHoldSpans(piece) {
          try pass(piece, chunk, at: start - bytes.start, signal, body)
        }
      } catch { failure = error }
      if let failure {
        try bad(InputError(chunk.source, .byte(chunk.offset + (start - bytes.start)), failure.description))
      }
      start = cursor.position
    }
  }

  /// Hands out what is whole in a message that is cut.
  private mutating func keepWhole(
    of bytes: ByteView, _ chunk: TraceChunk, _ signal: OTLPSignal,
    _ body: (ByteView, OTLPSignal) throws(WireError) -> Void
  ) {
    var kept = ByteBuffer(capacity: bytes.count)
    RequestCheck.salvage(bytes, into: &kept)
    do throws(WireError) {
      try RequestCheck.everything(in: kept.view, signal: signal)
      if !kept.isEmpty { try pass(kept.view, chunk, at: 0, signal, body) }
    } catch {
      // Damaged as well as cut: it counts as the one bad record that the cut is.
    }
  }

  /// Hands out a message, which stands at `offset` in the chunk, with today's field numbers. What stands in unknown fields
  /// where telemetry is looked for is noted.
  private mutating func pass(
    _ bytes: ByteView, _ chunk: TraceChunk, at offset: Int, _ signal: OTLPSignal,
    _ body: (ByteView, OTLPSignal) throws(WireError) -> Void
  ) throws(WireError) {
    let fields = try RequestCheck.Fields(of: bytes)
    if let place = fields.unknown {
      chunk.findings.notUnderstood(
        InputError(
          chunk.source, .byte(chunk.offset + offset + place.offset),
          "field \(place.field) is not known and was not read"
        ))
    }
    guard fields.hasOldNames else { return try body(bytes, signal) }
    var rewritten = ByteBuffer(capacity: bytes.count)
    try OldNames.rewrite(bytes, into: &rewritten)
    try body(rewritten.view, signal)
  }

  mutating func bad(_ error: InputError) throws(InputError) {
    guard skipsBad else { throw error }
    skipped += 1
    if firstSkipped == nil { firstSkipped = error }
  }
}
