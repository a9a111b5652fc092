import Compression
import Libc
import OTLP
import Platform

/// The directory of what destinations refused for good, in a form that `relay --once` reads: 4-byte big-endian lengths
/// and protobuf messages, compressed. Beside each file stands another that says who refused it and why.
///
/// What lies here counts against the bound of the destination that refused it.
final class DeadLetters: Sendable {
  private struct File {
    let identity: String
    let size: Int
  }

  private struct State {
    var files: [String: File] = [:]
    var sequence = 0
    /// When the directory changed last, as far as is known here.
    var modified: Timestamp?
  }

  let path: String
  private let state = Monitor(State())

  init(_ path: String) throws(SystemError) {
    self.path = path
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw SystemError("make directory \(path)") }
    refresh()
  }

  /// Looks at the directory again, where somebody has changed it; whether it had to.
  @discardableResult
  func refresh() -> Bool {
    guard let modified = (try? FileStatus.of(path))?.modified else { return false }
    let known = state.withLock { $0.modified == modified ? nil : $0.files }
    guard let known, let names = try? DirectoryListing.names(in: path) else { return false }
    var files: [String: File] = [:]
    for name in names where !name.hasSuffix(DeadLetterNote.suffix) && !name.hasSuffix(".tmp") {
      if let file = known[name] {
        files[name] = file
      } else if let status = try? FileStatus.of("\(path)/\(name)"), status.isRegular {
        files[name] = File(identity: DeadLetters.note(of: "\(path)/\(name)")?.identity ?? "", size: status.size)
      }
    }
    state.withLock { state in
      state.files = files
      state.modified = modified
    }
    return true
  }

  /// Bytes that a destination's dead letters take.
  func bytes(of identity: String) -> Int {
    state.withLock { $0.files.values.reduce(0) { $0 + ($1.identity == identity ? $1.size : 0) } }
  }

  /// The note beside a dead letter; `nil` where there is none.
  static func note(of path: String) -> DeadLetterNote? {
    guard let descriptor = try? FileDescriptor.openForReading(path + DeadLetterNote.suffix),
      let bytes = try? WholeFile.read(descriptor, limit: 1 << 20)
    else { return nil }
    return bytes.withByteView { DeadLetterNote($0) }
  }

  /// Writes `payloads` to a file of their own that is complete or not there; its path and size.
  func write(_ payloads: [Payload], _ note: DeadLetterNote) throws(SystemError) -> (path: String, size: Int) {
    var content = ByteBuffer(capacity: 64 << 10)
    for payload in payloads {
      content.append(bigEndian: UInt32(truncatingIfNeeded: payload.plainSize))
      // It was inflated once, when it was accepted: only memory can be short.
      guard let message = try? payload.message() else { throw SystemError("add to \(path)", code: ENOMEM) }
      content.append(message.view)
    }
    var member = ByteBuffer(capacity: content.count / 4 + 64)
    do {
      var compressor = try Compressor(.gzip)
      try compressor.compress(content.view, into: &member)
    } catch {
      throw SystemError("add to \(path)", code: ENOMEM)
    }
    let sequence = state.withLock { state in
      state.sequence += 1
      return state.sequence
    }
    let signal = note.signal == .traces ? "" : ".\(note.signal)"
    let name = "\(time(nil))-\(getpid())-\(sequence)\(signal).otlp.gz"
    let file = "\(path)/\(name)"
    // The note comes first, so that no letter is without.
    try DeadLetters.write(note.json, to: file + DeadLetterNote.suffix)
    do throws(SystemError) {
      try DeadLetters.write([UInt8](member.view), to: file)
    } catch {
      unlink(file + DeadLetterNote.suffix)
      throw error
    }
    let size = member.count
    let modified = (try? FileStatus.of(path))?.modified
    state.withLock { state in
      state.files[name] = File(identity: note.identity, size: size)
      if let modified { state.modified = modified }
    }
    return (file, size)
  }

  private static func write(_ bytes: [UInt8], to path: String) throws(SystemError) {
    let file = try AtomicFile(path, mode: 0o600)
    try bytes.withByteView { (view) throws(SystemError) in try file.write(view) }
    try file.commit()
  }
}
