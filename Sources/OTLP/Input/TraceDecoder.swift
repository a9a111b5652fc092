import Compression
import Platform

/// Decodes chunks: every record becomes the bytes of one protobuf request. One per thread.
public struct TraceDecoder: ~Copyable {
  /// What the records may be.
  public enum Reading: Sendable, Equatable {
    case traces
    /// Any of the three signals. JSON tells which; protobuf does not, and is taken for the one given.
    case anySignal(protobuf: OTLPSignal)
  }

  private let skipsBad: Bool
  private let reading: Reading
  private var scratch = ByteBuffer(capacity: 0)
  private var unpacked = ByteBuffer(capacity: 0)
  private var decompressor = Decompressor()
  /// How many bad records were passed over.
  public private(set) var skipped = 0
  /// The first of them.
  public private(set) var firstSkipped: InputError?

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
      try frame(rest[4..<(4 + length)], chunk, at: chunk.count - rest.count, body)
      rest = rest.dropFirst(4 + length)
    }
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
    if unpacked.view.hasPrefix([UInt8(ascii: "{")]) {
      try json(unpacked.view, in: chunk, at: { _ in position }, body)
    } else {
      try record(unpacked.view, chunk, at: offset, body)
    }
  }

  private mutating func record(
    _ bytes: ByteView, _ chunk: TraceChunk, at offset: Int, _ body: (ByteView, OTLPSignal) throws(WireError) -> Void
  ) throws(InputError) {
    do throws(WireError) {
      // What is to be skipped must be skipped whole, so it is walked before its first span is counted.
      if skipsBad { _ = try RequestWalk(bytes, signal: protobufSignal) }
      try body(bytes, protobufSignal)
    } catch {
      try bad(InputError(chunk.source, .byte(chunk.offset + offset), error.description))
    }
  }

  /// The documents in `text`; `position` says where in the input something at an offset in it is.
  private mutating func json(
    _ text: ByteView, in chunk: TraceChunk, at position: (Int) -> InputError.Position,
    _ body: (ByteView, OTLPSignal) throws(WireError) -> Void
  ) throws(InputError) {
    var transcoder = JSONTranscoder(text, signal: reading == .traces ? .traces : nil)
    while true {
      scratch.removeAll()
      let start = transcoder.position
      let signal: OTLPSignal
      do throws(TranscodeError) {
        guard let document = try transcoder.next(into: &scratch) else { return }
        if document.signal == nil, !document.isEmpty {
          let keys = reading == .traces ? "resourceSpans" : "resourceSpans, resourceMetrics or resourceLogs"
          throw TranscodeError("no \(keys) in this document", at: start)
        }
        signal = document.signal ?? .traces
      } catch {
        try bad(InputError(chunk.source, position(error.offset), error.message))
        transcoder.skipLine()
        continue
      }
      do throws(WireError) { try body(scratch.view, signal) } catch {
        try bad(InputError(chunk.source, position(start), error.description))
      }
    }
  }

  private mutating func bad(_ error: InputError) throws(InputError) {
    guard skipsBad else { throw error }
    skipped += 1
    if firstSkipped == nil { firstSkipped = error }
  }
}
