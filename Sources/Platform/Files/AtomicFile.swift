import Libc

/// A file that replaces another at once: readers see the old content or the new one, never a part.
///
/// The bytes go to a temporary file in the same directory, which takes the name on `commit`. What is not committed is
/// removed. Where the name belongs to something other than a regular file (a device, a pipe), that is written to directly.
public final class AtomicFile {
  private let path: String
  private let temporary: String?
  private let descriptor: FileDescriptor
  private var isCommitted = false

  /// - Parameter mode: of the new file, before the process' umask.
  public init(_ path: String, mode: mode_t = 0o644) throws(SystemError) {
    self.path = path
    if let status = try? FileStatus.of(path), !status.isRegular {
      temporary = nil
      descriptor = try FileDescriptor.openForWriting(path)
      return
    }
    // Of two processes that write the same file each has a name of its own.
    let name = "\(path).\(getpid()).tmp"
    unlink(name)
    temporary = name
    descriptor = try FileDescriptor.openForWriting(name, exclusive: true, mode: mode)
  }

  deinit {
    if let temporary, !isCommitted { unlink(temporary) }
  }

  /// Adds to the new content.
  public func write(_ bytes: ByteView) throws(SystemError) { try descriptor.writeAll(bytes) }

  /// Puts the file in its place, once its content is on the device.
  public func commit() throws(SystemError) {
    guard let temporary else { return }
    try descriptor.synchronize()
    guard rename(temporary, path) == 0 else { throw SystemError("rename \(temporary)") }
    isCommitted = true
    DirectoryEntry.synchronize(path)
  }
}
