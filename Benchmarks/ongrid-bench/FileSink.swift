import Libc

/// Writes to a file, or to standard output when there is no path.
final class FileSink: Sendable {
  private let descriptor: CInt

  /// For messages to the person at the terminal.
  static let standardError = FileSink(descriptor: 2)

  private init(descriptor: CInt) { self.descriptor = descriptor }

  /// Writes a message; a failure to do so has nowhere to go.
  func report(_ message: String) { try? write(Array(message.utf8)) }

  init(path: String?) throws(UsageError) {
    guard let path else {
      descriptor = 1
      return
    }
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    if descriptor < 0 { throw UsageError("cannot write '\(path)'") }
  }

  func write(_ bytes: [UInt8]) throws(UsageError) {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        posixWrite(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
      }
      if count < 0 && errno == EINTR { continue }
      if count < 0 { throw UsageError("cannot write: \(String(cString: strerror(errno)))") }
      written += count
    }
  }

  func close() throws(UsageError) {
    if posixClose(descriptor) != 0 { throw UsageError("cannot write: \(String(cString: strerror(errno)))") }
  }
}

private func posixWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

private func posixClose(_ descriptor: CInt) -> CInt { close(descriptor) }
