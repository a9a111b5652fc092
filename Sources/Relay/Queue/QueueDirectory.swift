import Libc
import Platform

/// The directory of a durable queue, owned by one process at a time.
///
/// Ownership is a lock on the file `lock`, so that others may still look at the queue.
final class QueueDirectory {
  let path: String
  private var lock: FileDescriptor?
  private let files: [(path: String, status: FileStatus)]

  var queue: String { QueueDirectory.queue(path) }
  var deadLetters: String { QueueDirectory.deadLetters(path) }
  static func deadLetters(_ path: String) -> String { "\(path)/dead-letter" }
  static func queue(_ path: String) -> String { "\(path)/queue.sqlite" }

  /// Makes the directory where there is none, and takes it.
  init(_ path: String) throws(RelayError) {
    self.path = path
    do throws(SystemError) {
      if mkdir(path, 0o700) != 0, errno != EEXIST { throw SystemError("make directory \(path)") }
      guard try FileStatus.of(path).isDirectory else { throw SystemError("use \(path)", code: ENOTDIR) }
      guard access(path, R_OK | W_OK | X_OK) == 0 else { throw SystemError("write to \(path)") }
      let name = "\(path)/lock"
      let file = try FileDescriptor.openForWriting(name, append: true, mode: 0o600)
      guard flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 else {
        if errno == EWOULDBLOCK { throw SystemError("lock", code: EWOULDBLOCK) }
        throw SystemError("lock \(name)")
      }
      files = [(path, try FileStatus.of(path)), (name, try file.status())]
      lock = consume file
    } catch {
      throw .queue(error.code == EWOULDBLOCK ? "\(path) is in use by another process" : error.description)
    }
  }

  /// Lets others have it.
  func release() { lock = nil }

  /// Whether a process has the directory.
  static func isInUse(_ path: String) -> Bool {
    guard let lock = try? FileDescriptor.openForReading("\(path)/lock") else { return false }
    return flock(lock.rawValue, LOCK_EX | LOCK_NB) != 0
  }

  /// Whether the directory is still what it was when it was taken, and can be written to.
  var isThere: Bool {
    for (path, before) in files {
      guard let now = try? FileStatus.of(path), now.device == before.device, now.inode == before.inode else {
        return false
      }
    }
    return access(path, W_OK | X_OK) == 0
  }
}
