import Compression
import Libc
import OTLP
import Platform

/// Files of what destinations refused for good, in a form that `relay --once` reads: 4-byte big-endian lengths and
/// protobuf messages. Bounded: beyond the bound nothing is added.
final class DeadLetterDirectory: Sendable {
  private struct State {
    var bytes: Int
    var sequence = 0
  }

  private let path: String
  private let limit: Int
  private let state: Monitor<State>

  /// - Parameter limit: bytes of all files together.
  init(_ path: String, limit: Int) throws(SystemError) {
    self.path = path
    self.limit = limit
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw SystemError("make directory \(path)") }
    state = Monitor(State(bytes: try DeadLetterDirectory.size(of: path)))
  }

  /// Bytes of all files in a directory.
  private static func size(of path: String) throws(SystemError) -> Int {
    try DirectoryListing.names(in: path).reduce(0) { $0 + ((try? FileStatus.of("\(path)/\($1)"))?.size ?? 0) }
  }

  /// Writes `payloads` to a file of their own that is complete or not there; its path.
  func write(_ payloads: [Payload]) throws(SystemError) -> String {
    var content = ByteBuffer(capacity: 64 << 10)
    for payload in payloads {
      content.append(bigEndian: UInt32(truncatingIfNeeded: payload.plainSize))
      // It was inflated once, when it was accepted: only memory can be short.
      guard let message = try? payload.message() else { throw SystemError("add to \(path)", code: ENOMEM) }
      content.append(message.view)
    }
    let size = content.count
    let sequence = state.withLock { state -> Int? in
      // Files may have been sent again since, and removed.
      if state.bytes + size > limit { state.bytes = (try? DeadLetterDirectory.size(of: path)) ?? state.bytes }
      guard state.bytes + size <= limit else { return nil }
      state.bytes += size
      state.sequence += 1
      return state.sequence
    }
    guard let sequence else { throw SystemError("add to \(path), which is full", code: ENOSPC) }
    let signal = payloads.first.map { $0.signal == .traces ? "" : ".\($0.signal)" } ?? ""
    let name = "\(path)/\(time(nil))-\(getpid())-\(sequence)\(signal).otlp"
    do throws(SystemError) {
      let file = try AtomicFile(name, mode: 0o600)
      try file.write(content.view)
      try file.commit()
    } catch {
      state.withLock { $0.bytes -= size }
      throw error
    }
    return name
  }
}
