import OTLP
import Platform

/// Whole records as they were read, not yet decoded: what one thread takes to work on.
public final class TraceChunk: Sendable {
  /// The path, or `stdin`.
  public let source: String
  /// The chunk's place among all that its input gave out, from 0.
  public let index: Int
  let format: TraceFormat
  /// Where the chunk begins in the decompressed data, in bytes.
  let offset: Int
  /// The line on which it begins, from 1 (JSON only).
  let line: Int
  /// Whether the input ends inside the chunk's last record.
  let isTorn: Bool
  /// Whether the first document in it is the rest of one that was cut, since it is a long one.
  let continues: Bool
  /// Where to say what was noticed.
  let findings: InputFindings
  /// The records stand behind the first `skipped` bytes of the buffer, which goes back to `buffers` with the chunk.
  private let buffer: ChunkBuffers.Buffer
  private let skipped: Int
  private let buffers: ChunkBuffers
  /// Where its bytes can be read once more; nil for those of pipes and of what was decompressed.
  public let place: Place?

  /// Where the bytes of a chunk stand in a file that stays open.
  public struct Place: Sendable {
    let file: SharedFile
    let offset: Int
    let count: Int

    /// Reads the bytes of the chunk again, into a buffer that is used again when `body` is done.
    public func withBytes<Result>(_ body: (ByteView) -> Result) throws(InputError) -> Result {
      try file.withBytes(at: offset, count: count, body)
    }
  }

  /// - Parameters:
  ///   - buffer: not to be written to from now on.
  ///   - skipped: how many bytes in front of the records belong to others.
  ///   - buffers: where the buffer was taken from.
  init(
    source: String, index: Int, format: TraceFormat, offset: Int, line: Int, _ buffer: ChunkBuffers.Buffer,
    skipped: Int = 0, isTorn: Bool = false, continues: Bool = false, from buffers: ChunkBuffers,
    findings: InputFindings,
    file: SharedFile? = nil
  ) {
    place = file.map { Place(file: $0, offset: offset, count: buffer.bytes.count - skipped) }
    self.isTorn = isTorn
    self.continues = continues
    self.findings = findings
    self.source = source
    self.index = index
    self.format = format
    self.offset = offset
    self.line = line
    self.buffer = buffer
    self.skipped = skipped
    self.buffers = buffers
  }

  deinit { buffers.give(buffer) }

  /// The records' bytes, valid while the chunk is.
  var view: ByteView { buffer.bytes.view.dropFirst(skipped) }

  /// Whether a request that was decoded from this chunk stands in the chunk itself, so that it lives as long; one that
  /// was transcoded does not.
  public func holds(_ request: ByteView) -> Bool { request.start >= view.start && request.end <= view.end }

  /// Where in the chunk a request stands that it holds.
  public func range(of request: ByteView) -> Range<Int> {
    let start = request.start - view.start
    return start..<(start + request.count)
  }

  /// The place behind the records.
  public var end: TracePosition {
    TracePosition(offset: offset + count, line: format == .json ? line + view.count(of: 0x0a) : line)
  }

  /// How many bytes the records take.
  public var count: Int { view.count }
}
