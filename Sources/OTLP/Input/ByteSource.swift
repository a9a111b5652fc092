import Compression
import Platform

/// The decompressed bytes of one file or pipe, read in pieces.
struct ByteSource: ~Copyable {
  private let descriptor: FileDescriptor
  private var decompressor: StreamDecompressor?
  private var raw = ByteBuffer(capacity: 0)
  private var consumed = 0
  /// Compressed bytes read from the descriptor.
  private(set) var bytesRead = 0
  /// Whether the descriptor said that nothing is left.
  private(set) var isAtEnd = false

  private static let readSize = 256 << 10

  init(_ descriptor: consuming FileDescriptor) {
    self.descriptor = descriptor
    decompressor = nil
  }

  /// Whether data is there now or the end is: `read` would not wait.
  func isReady(milliseconds: Int32 = 0) -> Bool {
    consumed < raw.count || !surplus.isEmpty || descriptor.wait(milliseconds: milliseconds)
  }

  /// Reads again behind the end: a file may have grown.
  mutating func resume() { isAtEnd = false }

  /// Whether compressed data ended where its format allows.
  private(set) var endsWhole = true

  /// Appends what one read brings to `out`; nothing at the end.
  mutating func read(into out: inout ByteBuffer) throws(SourceError) {
    if !surplus.isEmpty {
      out.append(surplus.view)
      surplus.removeAll()
      return
    }
    if decompressor == nil, !isAtEnd {
      // The first bytes tell the compression; plain data never passes through `raw` again.
      while raw.count < 4, try fill() {}
      if raw.isEmpty { return }
      let encoding = ContentEncoding.detect(raw.view)
      do throws(CompressionError) { decompressor = try StreamDecompressor(encoding) } catch {
        throw .compression(error)
      }
      isPlain = encoding == .identity
    }
    if isPlain {
      if consumed < raw.count {
        out.append(raw.view.dropFirst(consumed))
        consumed = raw.count
        return
      }
      _ = try note(Self.read(descriptor, into: &out))
      return
    }
    try inflate(into: &out)
  }

  private var isPlain = false
  private var holdsMore = false

  /// Passes over the first `count` bytes of the data, before anything is read: a plain file's without reading them.
  mutating func skip(_ count: Int) throws(SourceError) {
    while raw.count < 4, try fill() {}
    if ContentEncoding.detect(raw.view) == .identity, descriptor.seek(to: count) {
      raw.removeAll()
      isPlain = true
      bytesRead = count
      do throws(CompressionError) { decompressor = try StreamDecompressor(.identity) } catch {
        throw .compression(error)
      }
      return
    }
    var dropped = ByteBuffer(capacity: Self.readSize)
    var rest = count
    while rest > 0 {
      dropped.removeAll()
      try read(into: &dropped)
      if dropped.isEmpty { return }
      // What was read too far belongs to the reader.
      if dropped.count > rest { surplus.append(dropped.view.dropFirst(rest)) }
      rest -= dropped.count
    }
  }

  /// Data that `skip` met behind its goal.
  private var surplus = ByteBuffer(capacity: 0)

  private mutating func inflate(into out: inout ByteBuffer) throws(SourceError) {
    var produced = 0
    while produced == 0 {
      // A full room may mean that the decompressor holds more.
      if consumed == raw.count, !holdsMore {
        raw.removeAll()
        consumed = 0
        guard try fill() else { return }
      }
      var input = raw.view.dropFirst(consumed)
      let offered = input.count
      var failure: CompressionError?
      out.append(upTo: Self.readSize) { room in
        do throws(CompressionError) { produced = try decompressor?.decompress(&input, into: room) ?? 0 } catch {
          failure = error
        }
        return produced
      }
      consumed += offered - input.count
      if let failure { throw .compression(failure) }
      holdsMore = produced == Self.readSize
      endsWhole = decompressor?.isAtBoundary ?? true
    }
  }

  private mutating func fill() throws(SourceError) -> Bool {
    try note(Self.read(descriptor, into: &raw)) > 0
  }

  private mutating func note(_ n: Int) -> Int {
    bytesRead += n
    if n == 0 { isAtEnd = true }
    return n
  }

  private static func read(
    _ descriptor: borrowing FileDescriptor, into out: inout ByteBuffer
  ) throws(SourceError) -> Int {
    var failure: SystemError?
    let before = out.count
    out.append(upTo: readSize) { room in
      do throws(SystemError) { return try descriptor.read(into: room) } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw .system(failure) }
    return out.count - before
  }
}

/// Why a source could not be read.
enum SourceError: Error {
  case system(SystemError)
  case compression(CompressionError)

  var message: String {
    switch self {
    case .system(let error): error.reason
    case .compression(let error): error.description
    }
  }
}
