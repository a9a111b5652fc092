#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What the file system knows of a file, as `stat` tells it.
public struct FileStatus: Sendable, Equatable {
  public let isDirectory: Bool
  public let isRegular: Bool
  /// Bytes.
  public let size: Int
  /// When the content last changed, in ns since 1970.
  public let modified: Int64
  /// Device and inode: two paths with the same pair are the same file.
  public let device: UInt64
  public let inode: UInt64

  init(_ raw: stat) {
    isDirectory = raw.st_mode & S_IFMT == S_IFDIR
    isRegular = raw.st_mode & S_IFMT == S_IFREG
    size = Int(raw.st_size)
    #if canImport(Glibc)
      modified = Int64(raw.st_mtim.tv_sec) * 1_000_000_000 + Int64(raw.st_mtim.tv_nsec)
    #else
      modified = Int64(raw.st_mtimespec.tv_sec) * 1_000_000_000 + Int64(raw.st_mtimespec.tv_nsec)
    #endif
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
