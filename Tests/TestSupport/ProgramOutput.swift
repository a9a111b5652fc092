import Foundation
import Libc

/// What a running program has written and how it ended, filled by reader threads and waited on by tests.
///
/// Unchecked: `contents` is only touched while `condition` is locked.
final class Collected: @unchecked Sendable {
  struct Contents {
    var stdout: [UInt8] = []
    var stderr: [UInt8] = []
    var openReaders = 0
    var waitStatus: Int32?

    /// The result, once the program has ended and its output has been read to the end.
    var result: ProgramResult? {
      guard let waitStatus, openReaders == 0 else { return nil }
      let signal = waitStatus & 0x7F
      return ProgramResult(
        status: signal == 0 ? (waitStatus >> 8) & 0xFF : 128 + signal, signal: signal == 0 ? nil : signal,
        stdout: stdout, stderr: stderr)
    }
  }

  private let condition = NSCondition()
  private var contents = Contents()

  var snapshot: Contents {
    condition.withLock { contents }
  }

  var hasExited: Bool {
    condition.withLock { contents.waitStatus != nil }
  }

  func expectReaders(_ count: Int) {
    condition.withLock { contents.openReaders = count }
  }

  /// Reads a descriptor to its end, then closes it.
  func collect(_ descriptor: Int32, into destination: WritableKeyPath<Contents, [UInt8]>) {
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { break }
      change { $0[keyPath: destination].append(contentsOf: buffer[..<count]) }
    }
    close(descriptor)
    change { $0.openReaders -= 1 }
  }

  func waitForExit(of child: pid_t) {
    var status: Int32 = 0
    while waitpid(child, &status, 0) == -1, errno == EINTR {}
    change { $0.waitStatus = status }
  }

  /// Waits until `value` gives something; nil after `timeout` seconds, or at once when the program has ended without it.
  func wait<Value>(timeout: Double, for value: (Contents) -> Value?) -> Value? {
    let deadline = Date(timeIntervalSinceNow: timeout)
    return condition.withLock {
      while true {
        if let value = value(contents) { return value }
        if contents.result != nil || !condition.wait(until: deadline) { return value(contents) }
      }
    }
  }

  private func change(_ body: (inout Contents) -> Void) {
    condition.withLock {
      body(&contents)
      condition.broadcast()
    }
  }
}
