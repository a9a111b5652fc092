import Platform

/// The files in a tar archive, one after the other, as they come: the archive may be a pipe, and compressed.
///
/// Not thread-safe: its reader is the only one.
final class TarArchive {
  /// What a member is called, and how many bytes of it are left.
  private(set) var name = ""
  private var left = 0
  private var padding = 0
  private var source: ByteSource
  /// Decompressed bytes that were read and not given out.
  private var buffer = ByteBuffer(capacity: 0)
  private var position = 0
  private var longName: String?
  private(set) var isAtEnd = false

  static let blockSize = 512
  /// Names longer than that are damage.
  private static let maximumName = 64 << 10

  /// Whether data that begins with `head` is a tar archive: by its magic, and by the sum over its header.
  static func detect(_ head: ByteView) -> Bool {
    guard head.count >= blockSize, head[257..<262].equals("ustar") else { return false }
    return isValid(head.prefix(blockSize))
  }

  /// - Parameters:
  ///   - source: what follows `beginning`.
  ///   - beginning: bytes of the archive that were read from the source already.
  init(_ source: consuming ByteSource, beginning: ByteView) {
    self.source = source
    buffer.append(beginning)
  }

  var bytesRead: Int { source.bytesRead }

  /// Goes to the next file with content; `false` when there is none.
  func next() throws(SourceError) -> Bool {
    while !isAtEnd {
      try pass(left + padding)
      left = 0
      padding = 0
      guard try fill(Self.blockSize) else {
        isAtEnd = true
        if buffer.count > position { throw .archive("the archive is cut off") }
        return false
      }
      let header = buffer.view.dropFirst(position).prefix(Self.blockSize)
      // Two blocks of zeros end an archive.
      if header.first == 0, (0..<header.count).allSatisfy({ header[$0] == 0 }) {
        isAtEnd = true
        try finish()
        return false
      }
      guard Self.isValid(header), let size = Self.number(header[124..<136]) else {
        isAtEnd = true
        throw .archive("the archive is damaged")
      }
      let type = header[156]
      let short = Self.text(header[0..<100])
      let prefix = Self.text(header[345..<500])
      position += Self.blockSize
      left = size
      padding = (Self.blockSize - size % Self.blockSize) % Self.blockSize
      switch type {
      case UInt8(ascii: "L"), UInt8(ascii: "x"):
        // GNU's long name, or the attributes of POSIX, among which `path` may be.
        guard size <= Self.maximumName, try fill(size) else {
          isAtEnd = true
          throw .archive("the archive is damaged")
        }
        let content = buffer.view.dropFirst(position).prefix(size)
        longName = type == UInt8(ascii: "L") ? Self.text(content) : Self.path(in: content) ?? longName
      case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
        name = longName ?? (prefix.isEmpty ? short : "\(prefix)/\(short)")
        longName = nil
        let last = name.split(separator: "/").last ?? ""
        if size > 0, !last.hasPrefix(".") { return true }
      default: longName = nil
      }
    }
    return false
  }

  /// Appends what is at hand of the member; 0 at its end.
  func read(into out: inout ByteBuffer) throws(SourceError) -> Int {
    if left == 0 { return 0 }
    guard try fill(1) else { throw .archive("the archive is cut off") }
    let bytes = buffer.view.dropFirst(position).prefix(left)
    out.append(bytes)
    position += bytes.count
    left -= bytes.count
    return bytes.count
  }

  private func pass(_ count: Int) throws(SourceError) {
    var count = count
    while count > 0 {
      guard try fill(1) else { throw .archive("the archive is cut off") }
      let step = min(count, buffer.count - position)
      position += step
      count -= step
    }
  }

  /// Reads what stands behind the last member, where a cut or damage may show.
  private func finish() throws(SourceError) {
    repeat {
      buffer.removeAll()
      position = 0
      try source.read(into: &buffer)
    } while !buffer.isEmpty
    if !source.endsWhole { throw .archive("compressed data ends early") }
  }

  /// Reads on until `count` bytes are there; `false` when the archive ends before.
  private func fill(_ count: Int) throws(SourceError) -> Bool {
    while buffer.count - position < count {
      if position > 0 {
        buffer.removeFirst(position)
        position = 0
      }
      let before = buffer.count
      try source.read(into: &buffer)
      if buffer.count == before { return false }
    }
    return true
  }

  private static func isValid(_ header: ByteView) -> Bool {
    guard let expected = number(header[148..<156]) else { return false }
    var sum = 0
    for index in 0..<blockSize { sum += (148..<156).contains(index) ? 0x20 : Int(header[index]) }
    return sum == expected
  }

  /// An octal number, or, for large ones, GNU's binary one.
  private static func number(_ field: ByteView) -> Int? {
    if field[0] & 0x80 != 0 {
      var value = Int(field[0] & 0x3F)
      for index in 1..<field.count {
        guard value < 1 << 50 else { return nil }
        value = value << 8 | Int(field[index])
      }
      return value
    }
    var value = 0
    for index in 0..<field.count {
      let byte = field[index]
      if byte == 0 || byte == 0x20 {
        if value > 0 { break }
        continue
      }
      guard (0x30...0x37).contains(byte) else { return nil }
      value = value << 3 | Int(byte - 0x30)
    }
    return value
  }

  private static func text(_ field: ByteView) -> String { String(field.prefix(field.firstIndex(of: 0) ?? field.count)) }

  /// `path` of `LENGTH KEY=VALUE` lines.
  private static func path(in attributes: ByteView) -> String? {
    for line in String(attributes).split(separator: "\n") {
      guard let space = line.firstIndex(of: " ") else { continue }
      let pair = line[line.index(after: space)...]
      if pair.hasPrefix("path=") { return String(pair.dropFirst(5)) }
    }
    return nil
  }
}
