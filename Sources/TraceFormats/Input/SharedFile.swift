import Compression
import OTLP
import Platform

/// One plain file that several threads read at the same time.
///
/// The file is divided into blocks of equal size, and a chunk is made of the records that begin in one block. Whoever
/// claims a block reads it without waiting for anybody; where its first record begins is learnt from whoever has the
/// block before, who passes it on before decoding anything. Lengths are only jumped over for that, so that the part that
/// one thread does for all is small.
final class SharedFile: Sendable {
  private let name: String
  private let descriptor: FileDescriptor
  private let size: Int
  private let format: TraceFormat
  private let maximumRecord: Int
  private let skipsBad: Bool
  private let buffers: ChunkBuffers
  private let findings: InputFindings
  private let front = Monitor(Front())

  /// How far records were found.
  private struct Front {
    /// The block that comes next.
    var block = 0
    /// Where the first record begins that does not belong to a block before it, and on which line.
    var offset = 0
    var line = 1
    /// Nothing behind can be read.
    var isClosed = false
  }

  /// Bytes a block has. Smaller ones stay in a core's cache; of larger ones less is read twice, since the last record of
  /// a block is read by its owner and by the next one's.
  static let blockSize = 512 << 10

  /// How much more is read where the end of a record is not known.
  private static let stepSize = 64 << 10

  /// Nil when `path` is not a plain file in a known format: the one-way reader takes those.
  init?(path: String, options: TraceInputOptions, buffers: ChunkBuffers, findings: InputFindings) {
    guard path != "-", !options.follow, let file = try? FileDescriptor.openForReading(path),
      let status = try? file.status(), status.isRegular, status.size > 0
    else { return nil }
    var head = ByteBuffer(capacity: UnknownContent.detectionLength)
    head.append(upTo: UnknownContent.detectionLength) { room in (try? file.read(into: room, at: 0)) ?? 0 }
    let detect = options.isProtobuf ? TraceFormat.detectProtobuf : TraceFormat.detect
    guard !head.isEmpty, FileCompression.detect(head.view) == .none, !TarArchive.detect(head.view),
      let format = options.format ?? detect(head.view)
    else { return nil }
    guard format != .json || !Self.beginsWithLongDocument(file, size: status.size) else { return nil }
    name = path
    descriptor = file
    size = status.size
    self.format = format
    maximumRecord = options.maximumRecord
    self.buffers = buffers
    self.findings = findings
    skipsBad = options.skipsBad
  }

  /// Whether the first document is longer than a chunk, so that it is cut by a reader that goes from its beginning.
  private static func beginsWithLongDocument(_ file: borrowing FileDescriptor, size: Int) -> Bool {
    guard size > TraceReader.chunkSize else { return false }
    var head = ByteBuffer(capacity: TraceReader.chunkSize)
    while head.count < TraceReader.chunkSize {
      let before = head.count
      head.append(upTo: TraceReader.chunkSize - before) { room in (try? file.read(into: room, at: before)) ?? 0 }
      if head.count == before { return false }
    }
    var scanner = RecordScanner(.json, until: 1)
    return scanner.scan(head.view, limit: .max) == 0
  }

  /// How many blocks there are. What is appended to the file from now on is not read.
  var blocks: Int { (size + Self.blockSize - 1) / Self.blockSize }

  /// The records that begin in one block, and why what follows them cannot be read. Each block is asked for once, in
  /// ascending order, by any thread.
  func read(_ block: Int, index: Int) throws(InputError) -> (chunk: TraceChunk?, failure: InputError?) {
    var start = startIfKnown(of: block)
    // What belongs to the block before is not read where that is known already.
    let from = max(block * Self.blockSize, start?.offset ?? 0)
    let blockEnd = (block + 1) * Self.blockSize
    let buffer = buffers.take()
    do throws(SystemError) {
      while from + buffer.bytes.count < blockEnd {
        if try extend(buffer, from, by: blockEnd - from - buffer.bytes.count) == 0 { break }
      }
    } catch {
      close()
      throw InputError(name, .whole, error.reason)
    }
    if start == nil { start = waitForStart(of: block) }
    guard let start else { return (nil, nil) }
    let skipped = start.offset - from
    guard skipped < buffer.bytes.count else {
      pass(block, offset: start.offset, line: start.line)
      buffers.give(buffer)
      return (nil, nil)
    }
    let (end, isTorn, failure) = findEnd(buffer, from: from, skipped: skipped, until: blockEnd, line: start.line)
    buffer.bytes.truncate(to: skipped + end)
    let records = buffer.bytes.view.dropFirst(skipped)
    if failure == nil {
      pass(block, offset: start.offset + end, line: start.line + (format == .json ? records.count(of: 0x0a) : 0))
    } else {
      close()
    }
    if end == 0 {
      buffers.give(buffer)
      return (nil, failure)
    }
    let chunk = TraceChunk(
      source: name, index: index, format: format, offset: start.offset, line: start.line, buffer, skipped: skipped,
      isTorn: isTorn, from: buffers, findings: findings, file: self)
    return (chunk, failure)
  }

  /// Lets `body` see what stands in the file once more.
  func withBytes<Result>(at offset: Int, count: Int, _ body: (ByteView) -> Result) throws(InputError) -> Result {
    let buffer = buffers.take()
    defer { buffers.give(buffer) }
    do throws(SystemError) {
      while buffer.bytes.count < count {
        if try extend(buffer, offset, by: count - buffer.bytes.count) == 0 { break }
      }
    } catch { throw InputError(name, .whole, error.reason) }
    guard buffer.bytes.count == count else { throw InputError(name, .whole, "the file was cut off while it was read") }
    return body(buffer.bytes.view)
  }

  /// How many bytes behind the first `skipped` in `buffer`, which begins at `from` in the file, are whole records that
  /// begin in front of `blockEnd`. Reads on where the last of them ends behind it.
  private func findEnd(
    _ buffer: ChunkBuffers.Buffer, from: Int, skipped: Int, until blockEnd: Int, line: Int
  ) -> (end: Int, isTorn: Bool, failure: InputError?) {
    let stop = blockEnd - from - skipped
    var scanner = RecordScanner(format, until: stop)
    while true {
      let records = buffer.bytes.view.dropFirst(skipped)
      let end = scanner.scan(records, limit: maximumRecord)
      if scanner.overlong != nil || records.count > maximumRecord + (1 << 20) {
        return (end, false, error(from + skipped + end, line, "a record is larger than \(maximumRecord) bytes"))
      }
      if end >= stop { return (end, false, nil) }
      do throws(SystemError) {
        if try extend(buffer, from, by: scanner.missing > 0 ? scanner.missing : Self.stepSize) > 0 { continue }
      } catch { return (end, false, InputError(name, .whole, error.reason)) }
      // The end of the file. What is cut off is for the decoder to report, which cannot see where a frame should end.
      let isTorn = format != .json && end < records.count
      if format != .stream || !isTorn || skipsBad { return (records.count, isTorn, nil) }
      return (end, false, error(from + skipped + end, line, "the last record is cut off"))
    }
  }

  private func error(_ offset: Int, _ line: Int, _ message: String) -> InputError {
    InputError(name, format == .json ? .line(line) : offset == 0 ? .whole : .byte(offset), message)
  }

  /// Appends what stands in the file behind what `buffer`, which begins at `from`, holds of it; returns how much came.
  private func extend(_ buffer: ChunkBuffers.Buffer, _ from: Int, by count: Int) throws(SystemError) -> Int {
    var failure: SystemError?
    let before = buffer.bytes.count
    buffer.bytes.append(upTo: count) { room in
      do throws(SystemError) { return try descriptor.read(into: room, at: from + before) } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    return buffer.bytes.count - before
  }

  /// Where the first record of `block` begins, if the owner of the block before has said so.
  private func startIfKnown(of block: Int) -> (offset: Int, line: Int)? {
    front.withLock { !$0.isClosed && $0.block == block ? ($0.offset, $0.line) : nil }
  }

  /// Where the first record of `block` begins; nil when nothing there can be read.
  private func waitForStart(of block: Int) -> (offset: Int, line: Int)? {
    front.wait { front in
      if front.isClosed { return .done(nil) }
      return front.block == block ? .done((front.offset, front.line)) : .wait(until: nil)
    }
  }

  private func pass(_ block: Int, offset: Int, line: Int) {
    front.withLock { front in
      front.block = block + 1
      front.offset = offset
      front.line = line
    }
    front.broadcast()
  }

  private func close() {
    front.withLock { $0.isClosed = true }
    front.broadcast()
  }
}
