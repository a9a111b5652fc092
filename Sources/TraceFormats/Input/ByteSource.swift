import Compression
import Platform

/// The decompressed bytes of one file, pipe or member of an archive, read in pieces.
struct ByteSource: ~Copyable {
  /// Where the bytes come from.
  private enum Upstream: ~Copyable {
    case nothing
    case descriptor(FileDescriptor)
    case member(TarArchive)
  }

  private let upstream: Upstream
  private var decompressor: FileDecompressor?
  private var raw = ByteBuffer(capacity: 0)
  private var consumed = 0
  private var isPlain = false
  private var holdsMore = false
  private var hasGivenUp = false
  /// Compressed bytes read from the descriptor.
  private(set) var bytesRead = 0
  /// Whether the descriptor said that nothing is left.
  private(set) var isAtEnd = false
  /// Whether compressed data ended where its format allows.
  private(set) var endsWhole = true

  private static let readSize = 256 << 10

  init(_ descriptor: consuming FileDescriptor) {
    upstream = .descriptor(descriptor)
    decompressor = nil
  }

  /// No bytes at all.
  init(empty: Void) {
    upstream = .nothing
    decompressor = nil
  }

  /// The member of an archive that is being read.
  init(member archive: TarArchive) {
    upstream = .member(archive)
    decompressor = nil
  }

  /// Whether data is there now or the end is: `read` would not wait.
  func isReady(milliseconds: Int32 = 0) -> Bool {
    if consumed < raw.count || !surplus.isEmpty { return true }
    switch upstream {
    case .descriptor(let descriptor): return descriptor.wait(milliseconds: milliseconds)
    case .member: return true
    case .nothing: return true
    }
  }

  /// Reads again behind the end: a file may have grown.
  mutating func resume() { if !hasGivenUp { isAtEnd = false } }

  /// Gives up on what follows.
  mutating func end() {
    isAtEnd = true
    endsWhole = true
    consumed = raw.count
    holdsMore = false
    hasGivenUp = true
  }

  /// Appends what one read brings to `out`; nothing at the end.
  mutating func read(into out: inout ByteBuffer) throws(SourceError) {
    if !surplus.isEmpty {
      out.append(surplus.view)
      surplus.removeAll()
      return
    }
    if hasGivenUp { return }
    if decompressor == nil, !isAtEnd {
      // The first bytes tell the compression; plain data never passes through `raw` again.
      while raw.count < FileCompression.detectionLength, mayBeCompressed, try fill() {}
      if raw.isEmpty { return }
      let compression = FileCompression.detect(raw.view)
      do throws(FileDecompressor.Failure) { decompressor = try FileDecompressor(compression) } catch {
        throw .compression(error.message)
      }
      isPlain = compression == .none
    }
    if isPlain {
      if consumed < raw.count {
        out.append(raw.view.dropFirst(consumed))
        consumed = raw.count
        return
      }
      _ = try note(Self.pull(upstream, into: &out))
      return
    }
    try inflate(into: &out)
  }

  /// Whether what was read may be the beginning of compressed data: a live pipe is not kept waiting for more otherwise.
  private var mayBeCompressed: Bool {
    guard let first = raw.view.first else { return true }
    return [0x1F, 0x28, 0x42, 0xFD].contains(first)
  }

  /// Passes over the first `count` bytes of the data, before anything is read: a plain file's without reading them.
  mutating func skip(_ count: Int) throws(SourceError) {
    while raw.count < FileCompression.detectionLength, mayBeCompressed, try fill() {}
    if FileCompression.detect(raw.view) == .none, Self.seek(upstream, to: count) {
      raw.removeAll()
      isPlain = true
      bytesRead = count
      do throws(FileDecompressor.Failure) { decompressor = try FileDecompressor(.none) } catch {
        throw .compression(error.message)
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
      var failure: String?
      out.append(upTo: Self.readSize) { room in
        do throws(FileDecompressor.Failure) {
          produced = try decompressor?.decompress(&input, into: room) ?? 0
        } catch {
          failure = error.message
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
    try note(Self.pull(upstream, into: &raw)) > 0
  }

  private mutating func note(_ n: Int) -> Int {
    bytesRead += n
    if n == 0 { isAtEnd = true }
    return n
  }

  private static func seek(_ upstream: borrowing Upstream, to offset: Int) -> Bool {
    switch upstream {
    case .descriptor(let descriptor): return descriptor.seek(to: offset)
    case .member: return false
    case .nothing: return false
    }
  }

  private static func pull(
    _ upstream: borrowing Upstream, into out: inout ByteBuffer
  ) throws(SourceError) -> Int {
    switch upstream {
    case .descriptor(let descriptor): return try read(descriptor, into: &out)
    case .member(let archive): return try archive.read(into: &out)
    case .nothing: return 0
    }
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
  case compression(String)
  /// An archive that is damaged or cut.
  case archive(String)

  var message: String {
    switch self {
    case .system(let error): error.reason
    case .compression(let message), .archive(let message): message
    }
  }
}
