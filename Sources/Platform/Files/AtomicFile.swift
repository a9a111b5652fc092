import Libc

/// A file that replaces another at once: readers see the old content or the new one, never a part.
///
/// The bytes go to a temporary file in the same directory, which takes the name on `commit`. What is not committed is
/// removed. Where the name is a link, the file that it leads to is replaced; the new file has the mode of the one that it
/// replaces. Where the name belongs to something other than a regular file (a device, a pipe), that is written to directly.
public final class AtomicFile {
  private let path: String
  private let temporary: String?
  private let descriptor: FileDescriptor
  private var isCommitted = false

  /// - Parameter mode: of a new file that replaces none, before the process' umask.
  public init(_ path: String, mode: mode_t = 0o644) throws(SystemError) {
    let path = Self.target(of: path)
    self.path = path
    var old = stat()
    let isThere = stat(path, &old) == 0
    if isThere, old.st_mode & S_IFMT != S_IFREG {
      temporary = nil
      descriptor = try FileDescriptor.openForWriting(path)
      return
    }
    // Of two processes that write the same file each has a name of its own.
    let name = "\(path).\(getpid()).tmp"
    unlink(name)
    temporary = name
    descriptor = try FileDescriptor.openForWriting(name, exclusive: true, mode: mode)
    guard isThere else { return }
    // Only the superuser may give files away; for others the owner is who replaces the file.
    _ = fchown(descriptor.rawValue, old.st_uid, old.st_gid)
    _ = fchmod(descriptor.rawValue, old.st_mode & 0o7777)
  }

  deinit {
    if let temporary, !isCommitted { unlink(temporary) }
  }

  /// Where links lead: the file need not be there.
  private static func target(of path: String) -> String {
    var path = path
    for _ in 0..<40 {
      let link = withUnsafeTemporaryAllocation(byteCount: Int(PATH_MAX), alignment: 1) { room -> String? in
        guard let base = room.baseAddress else { return nil }
        let count = readlink(path, base.assumingMemoryBound(to: CChar.self), room.count)
        return count > 0 ? String(decoding: room[..<count], as: UTF8.self) : nil
      }
      guard let link else { return path }
      if link.hasPrefix("/") {
        path = link
      } else {
        let slash = path.lastIndex(of: "/")
        path = slash.map { path[...$0] + link } ?? link
      }
    }
    return path
  }

  /// Adds to the new content.
  public func write(_ bytes: ByteView) throws(SystemError) { try descriptor.writeAll(bytes) }

  /// Makes what the process writes to standard output the new content.
  public func takeStandardOutput() throws(SystemError) {
    guard dup2(descriptor.rawValue, STDOUT_FILENO) >= 0 else { throw SystemError("open \(path)") }
  }

  /// Whether anything was written.
  public var hasContent: Bool { ((try? descriptor.status())?.size ?? 0) > 0 }

  /// Puts the file in its place, once its content is on the device.
  public func commit() throws(SystemError) {
    guard let temporary else { return }
    try descriptor.synchronize()
    guard rename(temporary, path) == 0 else { throw SystemError("rename \(temporary)") }
    isCommitted = true
    DirectoryEntry.synchronize(path)
  }
}
