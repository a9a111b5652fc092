import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A small secret kept in a file, read again when the file changes.
///
/// Orchestrators rotate tokens by replacing the file; the next request after that uses the new one.
public final class CredentialFile: Sendable {
  public let path: String
  private let cache = Mutex(Cache())

  private struct Cache {
    var stamp: Stamp?
    var text = ""
  }

  private struct Stamp: Equatable {
    var seconds: Int
    var nanoseconds: Int
    var size: Int
    var inode: UInt64

    init(_ info: stat) {
      #if canImport(Glibc)
        let modified = info.st_mtim
      #else
        let modified = info.st_mtimespec
      #endif
      seconds = Int(modified.tv_sec)
      nanoseconds = Int(modified.tv_nsec)
      size = Int(info.st_size)
      inode = UInt64(info.st_ino)
    }
  }

  /// Larger files are no credentials.
  private static let maximumSize = 64 << 10

  public init(path: String) {
    self.path = path
  }

  /// The content without surrounding white space. A missing, empty, oversized or multi-line file is an error.
  public func read() throws(HTTPError) -> String {
    let result = cache.withLock { cache in
      Result { () throws(HTTPError) in try CredentialFile.refresh(&cache, path: path) }
    }
    return try result.get()
  }

  private static func refresh(_ cache: inout Cache, path: String) throws(HTTPError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .credentials("cannot read \(path): \(systemMessage(errno))") }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw .credentials("cannot read \(path): \(systemMessage(errno))") }
    let stamp = Stamp(info)
    if stamp == cache.stamp { return cache.text }

    var bytes = [UInt8](repeating: 0, count: maximumSize + 1)
    var count = 0
    while count < bytes.count {
      let got = bytes.withUnsafeMutableBytes {
        Self.readSome(descriptor, UnsafeMutableRawBufferPointer(rebasing: $0[count...]))
      }
      if got < 0 { throw .credentials("cannot read \(path): \(systemMessage(errno))") }
      if got == 0 { break }
      count += got
    }
    guard count <= maximumSize else { throw .credentials("\(path) is too large for a credential") }
    guard let decoded = String(validating: bytes[..<count], as: UTF8.self) else {
      throw .credentials("\(path) is not UTF-8 text")
    }
    let text = decoded.trimmed
    guard !text.isEmpty else { throw .credentials("\(path) is empty") }
    guard !text.utf8.contains(where: { $0 < 0x20 }) else {
      throw .credentials("\(path) holds more than one line")
    }
    cache = Cache(stamp: stamp, text: text)
    return text
  }

  private static func readSome(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    while true {
      #if canImport(Glibc)
        let got = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      #else
        let got = Darwin.read(descriptor, buffer.baseAddress, buffer.count)
      #endif
      if got >= 0 || errno != EINTR { return got }
    }
  }
}

/// The system's words for an error number, starting in lower case: "connection refused".
func systemMessage(_ number: Int32) -> String {
  guard let text = strerror(number) else { return "error \(number)" }
  let message = String(cString: text)
  return message.prefix(1).lowercased() + message.dropFirst()
}
