import Compression
import Libc
import OTLP
import Platform

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
    if try file.bytes(at: size - 1, count: 1) == [newline] { return .whole }
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
    var block: [UInt8] = []
    var blockStart = 0
    while offset < size {
      if offset + 4 > size { return .torn(from: offset) }
      if offset < blockStart || offset + 4 > blockStart + block.count {
        block = try file.bytes(at: offset, count: min(64 << 10, size - offset))
        blockStart = offset
        if block.count < 4 { return .whole }
      }
      let at = offset - blockStart
      let length = block[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
      if length > longest { return offset == 0 ? .foreign : .whole }
      // No batch is empty: these are zeros that a power cut left in place of data.
      if length == 0 || offset + 4 + length > size { return .torn(from: offset) }
      offset += 4 + length
    }
    return .whole
  }

  private static func gzip(_ file: borrowing FileDescriptor, _ size: Int) throws(SystemError) -> FileTail {
    // How a member of ours begins: deflate, no flags, no time.
    let magic: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]
    let tail = try tail(of: file, size) { $0.lastIndex(of: magic) }
    guard let begin = tail.found else { return .whole }
    guard let length = memberLength(Array(tail.bytes[begin...])) else { return .torn(from: tail.start + begin) }
    let rest = tail.bytes[(begin + length)...]
    // Fewer bytes of the next member than tell it for one.
    return rest.isEmpty || !magic.starts(with: rest) ? .whole : .torn(from: tail.start + begin + length)
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
  fileprivate borrowing func bytes(at offset: Int, count: Int) throws(SystemError) -> [UInt8] {
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
