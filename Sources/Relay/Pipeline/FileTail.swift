import Compression
import Libc
import OTLP
import Platform
import TraceFormats

/// What to do with the end of a file before batches are appended to it.
///
/// A crash in the middle of a write leaves a part of a batch there, and what came after it could not be read: that part is
/// to be cut off. Nothing else is, whatever the file holds.
enum FileTail: Equatable {
  /// Whole batches, or something that is not ours to judge.
  case whole
  /// A part of a batch from this offset on.
  case torn(from: Int)
  /// All there, except for the line's end.
  case lacksNewline
  /// What is appended would not be read, since the file holds something else.
  case foreign
  /// Readers come no further than this offset, and what follows is neither zero nor a batch cut off.
  case damaged(at: Int)

  /// How batches are told from one another.
  enum Form { case lines, stream, gzip }

  /// Looks at the end of the `size` bytes in `file`.
  static func examine(_ file: borrowing FileDescriptor, size: Int, form: Form) throws(SystemError) -> FileTail {
    if size == 0 { return .whole }
    return switch form {
    case .lines: try lines(file, size)
    case .stream: try stream(file, size)
    case .gzip: try gzip(file, size)
    }
  }

  /// The longest message that readers take, and so the longest a batch can be.
  private static let longest = TraceInputOptions().maximumRecord

  private static func lines(_ file: borrowing FileDescriptor, _ size: Int) throws(SystemError) -> FileTail {
    let newline = UInt8(ascii: "\n")
    let last = try file.bytes(at: size - 1, count: 1)
    if last == [newline] { return .whole }
    // No text ends in zeros: a power cut has left them in place of data.
    if last == [0] {
      let tail = try tail(of: file, size) { $0.lastIndex { $0 != 0 } }
      return .torn(from: tail.start + (tail.found.map { $0 + 1 } ?? 0))
    }
    let tail = try tail(of: file, size) { $0.lastIndex(of: newline) }
    let lineStart = tail.found.map { $0 + 1 } ?? 0
    let line = tail.bytes[lineStart...]
    // Only what this program wrote is cut.
    guard line.starts(with: Array(#"{"resourceSpans":"#.utf8).prefix(line.count)) else { return .lacksNewline }
    return isDocument(Array(line)) ? .lacksNewline : .torn(from: tail.start + lineStart)
  }

  /// The end of the file, as much of it as it takes until `find` finds something, or the longest batch.
  private static func tail(
    of file: borrowing FileDescriptor, _ size: Int, until find: ([UInt8]) -> Int?
  ) throws(SystemError) -> (start: Int, bytes: [UInt8], found: Int?) {
    var window = 1 << 20
    while true {
      let start = max(0, size - window)
      let bytes = try file.bytes(at: start, count: size - start)
      let found = find(bytes)
      if found != nil || start == 0 || window >= longest { return (start, bytes, found) }
      window *= 4
    }
  }

  private static func isDocument(_ line: [UInt8]) -> Bool {
    line.withByteView { view in
      var transcoder = JSONTranscoder(view)
      var message = ByteBuffer(capacity: view.count / 2 + 64)
      return (try? transcoder.next(into: &message)) != nil
    }
  }

  private static func stream(_ file: borrowing FileDescriptor, _ size: Int) throws(SystemError) -> FileTail {
    var offset = 0
    // An empty message is one too. Only when nothing but zeros follow are they what a power cut left in place of data.
    var zeros: Int?
    var block: [UInt8] = []
    var blockStart = 0
    while offset < size {
      if offset < blockStart || offset + 4 > blockStart + block.count {
        block = try file.bytes(at: offset, count: min(64 << 10, size - offset))
        blockStart = offset
      }
      let at = offset - blockStart
      let header = block[at..<min(at + 4, block.count)]
      if header.isEmpty { break }
      if header.allSatisfy({ $0 == 0 }) {
        zeros = zeros ?? offset
        offset += 4
        continue
      }
      if header.count < 4 { return .torn(from: offset) }
      let length = header.reduce(0) { $0 << 8 | Int($1) }
      if length > longest { return offset == 0 ? .foreign : .damaged(at: offset) }
      if offset + 4 + length > size {
        let isBegun = try isBeginOfMessage(file, from: offset + 4, to: size, length: length)
        return isBegun ? .torn(from: offset) : offset == 0 ? .foreign : .damaged(at: offset)
      }
      zeros = nil
      offset += 4 + length
    }
    return zeros.map { .torn(from: $0) } ?? .whole
  }

  /// Whether the bytes up to `end` can be the first ones of a request of `length` bytes: whole fields 1 of it, and the
  /// begin of one that ends within the length.
  private static func isBeginOfMessage(
    _ file: borrowing FileDescriptor, from start: Int, to end: Int, length: Int
  ) throws(SystemError) -> Bool {
    var offset = start
    while offset < end {
      let head = try file.bytes(at: offset, count: min(11, end - offset))
      let (field, headLength) = head.withByteView { view -> (Int?, Int) in
        var cursor = WireCursor(view)
        guard let tag = try? cursor.nextTag(), tag == WireTag(field: 1, .lengthDelimited) else { return (nil, 0) }
        guard let size = try? cursor.varint() else { return (head.count < 11 ? 0 : nil, head.count) }
        return (Int(exactly: size), cursor.position - view.start)
      }
      // Blocks of the file that never reached the device read as zeros.
      guard let field else { return try isZero(file, from: offset, to: end) }
      guard field <= start + length - offset - headLength else { return false }
      offset += headLength + field
    }
    return true
  }

  private static func isZero(_ file: borrowing FileDescriptor, from start: Int, to end: Int) throws(SystemError) -> Bool
  {
    var offset = start
    while offset < end {
      let block = try file.bytes(at: offset, count: min(64 << 10, end - offset))
      if block.isEmpty { return true }
      if block.contains(where: { $0 != 0 }) { return false }
      offset += block.count
    }
    return true
  }

  private static func gzip(_ file: borrowing FileDescriptor, _ size: Int) throws(SystemError) -> FileTail {
    // How a member of ours begins: deflate, no flags, no time.
    let magic: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]
    let tail = try tail(of: file, size) { $0.lastIndex(of: magic) }
    guard let begin = tail.found else { return .whole }
    guard let length = memberLength(Array(tail.bytes[begin...])) else { return .torn(from: tail.start + begin) }
    let rest = tail.bytes[(begin + length)...]
    // Fewer bytes of the next member than tell it for one, or zeros in its place.
    let isCut = !rest.isEmpty && (magic.starts(with: rest) || rest.allSatisfy { $0 == 0 })
    return isCut ? .torn(from: tail.start + begin + length) : .whole
  }

  /// The length of the gzip member at the front of `bytes`; `nil` when it is not all there.
  private static func memberLength(_ bytes: [UInt8]) -> Int? {
    bytes.withByteView { view in
      guard var decompressor = try? StreamDecompressor(.gzip) else { return nil }
      var rest = view
      return withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 8) { room in
        while true {
          let before = rest.count
          guard let produced = try? decompressor.decompress(&rest, into: room) else { return nil }
          if decompressor.isAtBoundary { return view.count - rest.count }
          if produced == 0, rest.count == before { return nil }
        }
      }
    }
  }
}

extension FileDescriptor {
  /// The bytes at `offset`, as many of `count` as there are.
  borrowing func bytes(at offset: Int, count: Int) throws(SystemError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var got = 0
    while got < count {
      let n = bytes.withUnsafeMutableBytes { room in
        pread(rawValue, room.baseAddress.map { $0 + got }, count - got, off_t(offset + got))
      }
      if n == 0 { break }
      if n > 0 { got += n } else if errno != EINTR { throw SystemError("read") }
    }
    bytes.removeLast(count - got)
    return bytes
  }
}

extension [UInt8] {
  /// Where `pattern` stands for the last time.
  fileprivate func lastIndex(of pattern: [UInt8]) -> Int? {
    guard count >= pattern.count else { return nil }
    return (0...count - pattern.count).last { start in self[start] == pattern[0] && self[start...].starts(with: pattern)
    }
  }
}
