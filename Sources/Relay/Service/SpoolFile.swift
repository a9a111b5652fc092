import Libc
import Platform

/// A file being delivered, locked so that another run leaves it alone.
final class SpoolFile {
  let path: String
  let size: Int
  let isRegular: Bool
  let tracker = DeliveryTracker()
  /// Whether a part of it could not be read and was passed over.
  var isPartlyRead = false
  private let descriptor: FileDescriptor

  /// `nil` when another run has the file, or had it and has removed it.
  ///
  /// - Parameter removes: whether the file is to be removed; those who only read it do not mind each other.
  init?(locking path: String, removes: Bool) throws(SystemError) {
    self.path = path
    descriptor = try .openForReading(path)
    let status = try descriptor.status()
    size = status.size
    modified = status.modified
    isRegular = status.isRegular
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

  /// Whether it is the note of a dead letter, which goes with it and is nothing to deliver.
  static func isNote(_ path: String) -> Bool {
    path.hasSuffix(DeadLetterNote.suffix)
      && DeadLetters.note(of: String(path.dropLast(DeadLetterNote.suffix.count))) != nil
  }

  /// Whether the file is as it was when it was locked, and nobody writes to it.
  var isAtRest: Bool {
    guard let now = try? descriptor.status() else { return false }
    return now.size == size && now.modified == modified && descriptor.isBeingWritten != true
  }

  /// When the file last changed before it was locked.
  private(set) var modified = Timestamp(nanoseconds: 0)

  /// Sets the file aside, while it is still locked, under a name that is not delivered; returns that name.
  func setAside() throws(SystemError) -> String {
    let name = path + ".bad"
    if rename(path, name) != 0 { throw SystemError("rename \(path)") }
    return name
  }
}
