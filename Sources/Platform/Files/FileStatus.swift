import Libc

/// What the file system knows of a file, as `stat` tells it.
public struct FileStatus: Sendable, Equatable {
  public let isDirectory: Bool
  public let isRegular: Bool
  /// Bytes.
  public let size: Int
  /// When the content last changed, held within the years that a `Timestamp` covers.
  public let modified: Timestamp
  /// Device and inode: two paths with the same pair are the same file.
  public let device: UInt64
  public let inode: UInt64

  init(_ raw: stat) {
    isDirectory = raw.st_mode & S_IFMT == S_IFDIR
    isRegular = raw.st_mode & S_IFMT == S_IFREG
    size = Int(raw.st_size)
    #if canImport(Darwin)
      let time = raw.st_mtimespec
    #else
      let time = raw.st_mtim
    #endif
    modified = Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
    device = UInt64(truncatingIfNeeded: raw.st_dev)
    inode = UInt64(raw.st_ino)
  }

  /// The status of the file at `path`, links followed.
  public static func of(_ path: String) throws(SystemError) -> FileStatus {
    var raw = stat()
    guard stat(path, &raw) == 0 else { throw SystemError("stat \(path)") }
    return FileStatus(raw)
  }
}
