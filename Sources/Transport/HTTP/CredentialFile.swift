import Platform

/// A small secret kept in a file, read again when the file changes.
///
/// Orchestrators rotate tokens by replacing the file; the next request after that uses the new one.
public final class CredentialFile: Sendable {
  public let path: String
  private let cache = Monitor(Cache())

  private struct Cache {
    var status: FileStatus?
    var text = ""
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
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: maximumSize + 1, alignment: 1)
    defer { buffer.deallocate() }
    var count = 0
    let status: FileStatus
    do throws(SystemError) {
      let descriptor = try FileDescriptor.openForReading(path)
      status = try descriptor.status()
      if status == cache.status { return cache.text }
      while count < buffer.count {
        let got = try descriptor.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
        if got == 0 { break }
        count += got
      }
    } catch {
      throw .credentials("cannot read \(path): \(systemMessage(error.code))")
    }
    guard count <= maximumSize else { throw .credentials("\(path) is too large for a credential") }
    guard let decoded = String(validating: buffer[..<count], as: UTF8.self) else {
      throw .credentials("\(path) is not UTF-8 text")
    }
    let text = decoded.trimmed
    guard !text.isEmpty else { throw .credentials("\(path) is empty") }
    guard !text.utf8.contains(where: { $0 < 0x20 }) else {
      throw .credentials("\(path) holds more than one line")
    }
    cache = Cache(status: status, text: text)
    return text
  }
}

/// The system's words for an error number, starting in lower case: "connection refused".
func systemMessage(_ number: Int32) -> String {
  let message = SystemError("", code: number).reason
  return message.prefix(1).lowercased() + message.dropFirst()
}
