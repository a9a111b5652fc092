import Libc

/// The name of a file in its directory, which is written to the device apart from the file's content.
public enum DirectoryEntry {
  /// Makes the name of a new or renamed file survive a power cut. File systems that cannot be asked are left alone.
  public static func synchronize(_ path: String) {
    let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let raw = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard raw >= 0 else { return }
    let descriptor = FileDescriptor(raw)
    try? descriptor.synchronize()
  }
}
