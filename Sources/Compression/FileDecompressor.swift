import CArchive
public import Platform

/// How a file may be compressed, told by its first bytes.
public enum FileCompression: String, CaseIterable, Sendable {
  case none, gzip, zstd, bzip2, xz

  public static func detect(_ bytes: ByteView) -> FileCompression {
    switch ContentEncoding.detect(bytes) {
    case .gzip: return .gzip
    case .zstd: return .zstd
    case .identity: break
    }
    if bytes.hasPrefix([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) { return .xz }
    // "BZh", the block size, and the first digits of pi or of its square root, for no block at all.
    if bytes.count >= 10, bytes.hasPrefix([0x42, 0x5A, 0x68]), (0x31...0x39).contains(bytes[3]),
      bytes.dropFirst(4).hasPrefix([0x31, 0x41, 0x59, 0x26]) || bytes.dropFirst(4).hasPrefix([0x17, 0x72, 0x45, 0x38])
    {
      return .bzip2
    }
    return .none
  }

  /// How many bytes `detect` wants to see.
  public static let detectionLength = 10
}

/// Decompresses a file piece by piece, whatever it was compressed with. Not for bodies of requests, whose encodings are
/// fewer: see `ContentEncoding`.
public struct FileDecompressor: ~Copyable {
  /// Why a file cannot be decompressed, in words.
  public struct Failure: Error, Sendable {
    public let message: String
  }

  private let compression: FileCompression
  private var stream: StreamDecompressor?
  private let archive: OpaquePointer?
  private var isBetween = true
  /// What went wrong behind the bytes that were given out last.
  private var pending: Failure?

  /// A window of bzip2 takes 4 MB, one of `xz -9` 65 MB.
  private static let memoryLimit: UInt64 = 256 << 20

  public init(_ compression: FileCompression) throws(Failure) {
    self.compression = compression
    switch compression {
    case .none, .gzip, .zstd:
      archive = nil
      do throws(CompressionError) {
        stream = try StreamDecompressor(compression == .gzip ? .gzip : compression == .zstd ? .zstd : .identity)
      } catch { throw Failure(message: error.description) }
    case .bzip2, .xz:
      stream = nil
      let isXZ = compression == .xz
      archive = carchive_open(isXZ, Self.memoryLimit)
      guard archive != nil else {
        let library =
          isXZ
          ? "liblzma is not installed: install liblzma5 (Debian, Ubuntu) or xz-libs (Fedora, Alpine)"
          : "libbz2 is not installed: install libbz2-1.0 (Debian, Ubuntu), bzip2-libs (Fedora) or libbz2 (Alpine)"
        throw Failure(
          message: carchive_available(isXZ)
            ? "out of memory while decompressing" : "\(compression.rawValue) data, and \(library)")
      }
    }
  }

  deinit { carchive_close(archive) }

  /// Whether the input so far ends between two streams, members or frames.
  public var isAtBoundary: Bool {
    if archive != nil { return isBetween }
    switch stream {
    case .some(let stream): return stream.isAtBoundary
    case .none: return true
    }
  }

  /// Takes bytes from the front of `input` and writes into `output`; returns how many were written.
  public mutating func decompress(
    _ input: inout ByteView, into output: UnsafeMutableRawBufferPointer
  ) throws(Failure) -> Int {
    if let pending { throw pending }
    guard let archive else {
      do throws(CompressionError) { return try stream?.decompress(&input, into: output) ?? 0 } catch {
        throw Failure(message: error.description)
      }
    }
    var used = 0
    var written = 0
    let result = carchive_decompress(
      archive, input.start, input.count, &used, output.baseAddress, output.count, &written)
    input = input.dropFirst(used)
    switch result {
    case CARCHIVE_MORE:
      if used > 0 { isBetween = false }
      return written
    case CARCHIVE_END:
      isBetween = true
      return written
    default:
      let failure = Failure(
        message: result == CARCHIVE_MEMORY
          ? "out of memory while decompressing" : "invalid \(compression.rawValue) data")
      // What came out before the damage is given out first.
      guard written > 0 else { throw failure }
      pending = failure
      return written
    }
  }
}
