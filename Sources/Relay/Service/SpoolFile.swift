import Libc
import Platform

/// A file being delivered, locked so that another run leaves it alone.
final class SpoolFile {
  let path: String
  let size: Int
  let tracker = DeliveryTracker()
  private let descriptor: FileDescriptor

  /// `nil` when another run has the file, or had it and has removed it.
  ///
  /// - Parameter removes: whether the file is to be removed; those who only read it do not mind each other.
  init?(locking path: String, removes: Bool) throws(SystemError) {
    self.path = path
    descriptor = try .openForReading(path)
    let status = try descriptor.status()
    size = status.size
    // A pipe is nobody's spool file.
    guard status.isRegular else { return }
    guard flock(descriptor.rawValue, (removes ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 else { return nil }
    guard let present = try? FileStatus.of(path), present.device == status.device, present.inode == status.inode else {
      return nil
    }
  }

  /// Removes the file, while it is still locked, and the note of a dead letter with it.
  func remove() throws(SystemError) {
    if unlink(path) != 0 { throw SystemError("remove \(path)") }
    unlink(path + DeadLetterNote.suffix)
  }

  /// The regular files that `paths` stand for: directories are looked into, hidden files and files that are still being
  /// written (`.tmp`, `.part`) are left out, and so are the notes of dead letters, which go with these.
  static func expand(_ paths: [String]) throws(SystemError) -> [String] {
    var files: [String] = []
    for path in paths where !isNote(path) {
      if path == "-" {
        files.append(path)
      } else if try FileStatus.of(path).isDirectory {
        try expand(directory: path, depth: 0, into: &files)
      } else {
        files.append(path)
      }
    }
    return files
  }

  private static func isNote(_ path: String) -> Bool {
    path.hasSuffix(DeadLetterNote.suffix)
      && DeadLetters.note(of: String(path.dropLast(DeadLetterNote.suffix.count))) != nil
  }

  private static func expand(directory: String, depth: Int, into files: inout [String]) throws(SystemError) {
    for name in try DirectoryListing.names(in: directory) {
      if name.hasPrefix(".") || name.hasSuffix(".tmp") || name.hasSuffix(".part") { continue }
      let path = directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
      if isNote(path) { continue }
      // A file may go between the listing and here.
      guard let status = try? FileStatus.of(path) else { continue }
      if status.isRegular {
        files.append(path)
      } else if status.isDirectory, depth < 16 {
        try expand(directory: path, depth: depth + 1, into: &files)
      }
    }
  }
}
