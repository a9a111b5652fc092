import OTLP
import Platform

/// Cuts one file or pipe into chunks of whole records. Compression and format are detected.
struct TraceReader: ~Copyable {
  /// The path, or `stdin`; of a member of an archive with its name behind.
  private(set) var name: String
  private let archiveName: String
  /// Where what is read is an archive.
  private var archive: TarArchive?
  private let options: TraceInputOptions
  private var source: ByteSource
  /// What was read and not given out, in `buffer`.
  private var buffer: ChunkBuffers.Buffer
  private let buffers: ChunkBuffers
  private var scanner: RecordScanner?
  private var balance = JSONBalance()
  /// Cuts the document that is being read, when it is a long one.
  private var cutter: DocumentCutter?
  private let findings: InputFindings
  private var offset = 0
  private var line = 1

  /// How many bytes a chunk has where the records allow it.
  static let chunkSize = 1 << 20

  /// - Parameter path: `-` is standard input.
  init(
    path: String, options: TraceInputOptions, start: TracePosition = TracePosition(), buffers: ChunkBuffers,
    findings: InputFindings
  ) throws(InputError) {
    self.findings = findings
    archiveName = path == "-" ? "stdin" : path
    name = archiveName
    self.options = options
    self.buffers = buffers
    buffer = buffers.take()
    source = try Self.open(path, at: start.offset)
    if start.offset > 0 {
      offset = start.offset
      line = max(1, start.line)
    }
  }

  private static func open(_ path: String, at offset: Int) throws(InputError) -> ByteSource {
    if path == "-" { return ByteSource(.standardInput) }
    var source: ByteSource
    do throws(SystemError) { source = ByteSource(try .openForReading(path)) } catch {
      throw InputError(path, .whole, error.reason)
    }
    if offset > 0 {
      do throws(SourceError) { try source.skip(offset) } catch { throw InputError(path, .whole, error.message) }
    }
    return source
  }

  var bytesRead: Int { archive?.bytesRead ?? source.bytesRead }

  private var pending: ByteView { buffer.bytes.view }

  /// Whether the last read met the end.
  var isAtEnd: Bool { source.isAtEnd }

  /// Waits for data up to `milliseconds`; `false` when none came.
  func wait(milliseconds: Int32) -> Bool { source.isReady(milliseconds: milliseconds) }

  /// The next records as a chunk with the number `index`; `nil` at the end, or, when the input is followed, when
  /// nothing more is there yet.
  mutating func next(index: Int) throws(InputError) -> TraceChunk? {
    if options.follow { source.resume() }
    while true {
      let whole = try scan()
      if whole > 0, pending.count >= Self.chunkSize || source.isAtEnd || !source.isReady() {
        return take(whole, index: index)
      }
      if let piece = cut() { return take(piece, index: index) }
      if source.isAtEnd {
        if options.follow { return nil }
        if !source.endsWhole {
          try bad(error(at: pending.count, "compressed data ends early"))
          source.end()
        }
        if let rest = try takeRest(index: index) { return rest }
        guard try nextMember() else { return nil }
        continue
      }
      if options.follow, !source.isReady() { return nil }
      do throws(SourceError) { try source.read(into: &buffer.bytes) } catch {
        let failure = self.error(at: pending.count, error.message)
        if case .system = error { throw failure }
        // What was decompressed before the damage is read as if the input ended there.
        try bad(failure)
        source.end()
      }
      if whole == 0, pending.count > options.maximumRecord + (1 << 20) {
        throw error(at: 0, "a record is larger than \(options.maximumRecord) bytes")
      }
    }
  }

  /// How many bytes at the front of `pending` are whole records. At the end, and where a live source pauses, that
  /// includes a JSON document with nothing behind it.
  private mutating func scan() throws(InputError) -> Int {
    if scanner == nil {
      if archive == nil, TarArchive.detect(pending) {
        try enterArchive()
        return 0
      }
      guard pending.count >= UnknownContent.detectionLength || (source.isAtEnd && !pending.isEmpty) || isPaused else {
        return 0
      }
      let detect = options.isProtobuf ? TraceFormat.detectProtobuf : TraceFormat.detect
      guard let format = options.format ?? detect(pending) else {
        throw error(at: 0, UnknownContent.refusal(of: pending))
      }
      scanner = RecordScanner(format)
    }
    if cutter != nil { return 0 }
    let pending = pending
    let whole = scanner?.scan(pending, limit: options.maximumRecord) ?? 0
    if let overlong = scanner?.overlong {
      throw error(at: overlong, "a record is larger than \(options.maximumRecord) bytes")
    }
    if scanner?.format == .json, whole < pending.count, source.isAtEnd || !source.isReady(),
      balance.isWhole(pending, from: whole)
    {
      return pending.count
    }
    return whole
  }

  /// A piece of a document that is longer than a chunk; nil where none can be had yet. Of a followed input documents are
  /// read whole, since it may be left and found again between two of them only.
  private mutating func cut() -> DocumentCutter.Piece? {
    guard scanner?.format == .json, !options.follow, cutter != nil || pending.count >= Self.chunkSize else {
      return nil
    }
    if cutter == nil { cutter = DocumentCutter() }
    let pending = pending
    cutter?.scan(pending)
    guard pending.count >= Self.chunkSize || cutter?.end != nil, let piece = cutter?.next() else { return nil }
    if cutter?.end != nil {
      cutter = nil
      scanner = RecordScanner(.json)
      balance = JSONBalance()
    }
    return piece
  }

  private mutating func take(_ piece: DocumentCutter.Piece, index: Int) -> TraceChunk {
    let out = buffers.take()
    out.bytes.append(piece.prefix)
    out.bytes.append(pending.prefix(piece.count))
    out.bytes.append(piece.suffix)
    let linesInFront = piece.prefix.count { $0 == 0x0a }
    let chunk = TraceChunk(
      source: name, index: index, format: .json, offset: offset - piece.prefix.count, line: line - linesInFront, out,
      continues: piece.continues, from: buffers, findings: findings)
    offset += piece.consumed
    line += pending.prefix(piece.consumed).count(of: 0x0a)
    let rest = buffers.take()
    rest.bytes.append(pending.dropFirst(piece.consumed))
    buffers.give(buffer)
    buffer = rest
    return chunk
  }

  /// A live source that gave something and has nothing more just now.
  private var isPaused: Bool { pending.count >= 5 && !source.isAtEnd && !source.isReady() }

  /// What was read is the beginning of an archive: its members are read from now on.
  private mutating func enterArchive() throws(InputError) {
    var outer = ByteSource(empty: ())
    swap(&outer, &source)
    archive = TarArchive(outer, beginning: pending)
    buffer.bytes.removeAll()
    source.end()
    _ = try nextMember()
  }

  /// Begins with the next member of the archive; `false` when there is none.
  private mutating func nextMember() throws(InputError) -> Bool {
    guard let archive else { return false }
    do throws(SourceError) {
      guard try archive.next() else { return false }
    } catch {
      try bad(InputError(archiveName, .whole, error.message))
      return false
    }
    name = "\(archiveName):\(archive.name)"
    source = ByteSource(member: archive)
    scanner = nil
    cutter = nil
    balance = JSONBalance()
    offset = 0
    line = 1
    buffer.bytes.removeAll()
    return true
  }

  /// Counts a bad record, or throws it.
  private func bad(_ error: InputError) throws(InputError) {
    guard options.skipsBad else { throw error }
    findings.skip(error)
  }

  /// What a followed source whose writers have gone leaves behind its last whole record, for the decoder to report.
  mutating func rest(index: Int) throws(InputError) -> TraceChunk? {
    if !source.endsWhole { try bad(error(at: pending.count, "compressed data ends early")) }
    return try takeRest(index: index)
  }

  /// What is left at the end: cut records, which the decoder reports, or nothing.
  private mutating func takeRest(index: Int) throws(InputError) -> TraceChunk? {
    guard !pending.isEmpty, let format = scanner?.format else { return nil }
    if format == .stream {
      let failure = error(at: 0, "the last record is cut off")
      guard options.skipsBad else { throw failure }
    }
    if let open = cutter {
      cutter = nil
      return take(open.rest(pending.count), index: index)
    }
    return take(pending.count, index: index, isTorn: format != .json)
  }

  private mutating func take(_ count: Int, index: Int, isTorn: Bool = false) -> TraceChunk {
    let whole = buffer
    buffer = buffers.take()
    buffer.bytes.append(whole.bytes.view.dropFirst(count))
    whole.bytes.truncate(to: count)
    scanner?.remove(count)
    balance.remove(count)
    let format = scanner?.format ?? .json
    let startLine = line
    if format == .json { line += whole.bytes.view.count(of: 0x0a) }
    let start = offset
    offset += count
    return TraceChunk(
      source: name, index: index, format: format, offset: start, line: startLine, whole, isTorn: isTorn, from: buffers,
      findings: findings)
  }

  private func error(at position: Int, _ message: String) -> InputError {
    guard scanner?.format == .json else {
      return InputError(name, offset == 0 && position == 0 ? .whole : .byte(offset + position), message)
    }
    return InputError(name, .line(line + pending.prefix(position).count(of: 0x0a)), message)
  }
}
