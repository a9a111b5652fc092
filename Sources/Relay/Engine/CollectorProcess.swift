import CEvents
import Libc
import Platform

/// A running collector and the pipe that its output comes through. Used by the thread that made it, which must live as
/// long: Linux ends the child with the thread that started it.
final class CollectorProcess {
  let identifier: pid_t
  private let output: FileDescriptor
  private var partial: [UInt8] = []
  private var status: Int32?

  /// Longer lines are cut.
  private static let maximumLine = 64 << 10

  /// - Parameter environment: added to this process's, or instead of variables of the same name.
  init(_ program: String, _ arguments: [String], environment: [(name: String, value: String)]) throws(RelayError) {
    var ends: [Int32] = [0, 0]
    guard CollectorProcess.makePipe(&ends) == 0 else { throw .system(SystemError("create a pipe")) }
    let writing = FileDescriptor(ends[1])
    output = FileDescriptor(ends[0])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    var variables = CollectorProcess.inherited(without: environment.map(\.name)).map { strdup($0) }
    variables += environment.map { strdup("\($0.name)=\($0.value)") } + [nil]
    defer { for pointer in words + variables { free(pointer) } }
    identifier = ongrid_spawn(program, &words, &variables, writing.rawValue)
    guard identifier > 0 else {
      let failure = SystemError("run \(program)")
      // There is nothing to end: a signal to process -1 would go to every process there is.
      status = 0
      throw .system(failure)
    }
  }

  deinit {
    guard status == nil, identifier > 0 else { return }
    kill(identifier, SIGKILL)
    waitpid(identifier, nil, 0)
  }

  private static func inherited(without names: [String]) -> [String] {
    var entries: [String] = []
    var next = environ
    while let entry = next.pointee {
      let text = String(cString: entry)
      if !names.contains(where: { text.hasPrefix($0 + "=") }) { entries.append(text) }
      next += 1
    }
    return entries
  }

  private static func makePipe(_ ends: inout [Int32]) -> Int32 {
    #if canImport(Glibc)
      Glibc.pipe(&ends)
    #else
      Darwin.pipe(&ends)
    #endif
  }

  func send(_ signal: Int32) {
    if status == nil, identifier > 0 { kill(identifier, signal) }
  }

  /// Its exit status, or 128 and the number of the signal that ended it; `nil` while it runs.
  func ended() -> Int32? {
    if let status { return status }
    var word: Int32 = 0
    guard waitpid(identifier, &word, WNOHANG) == identifier else { return nil }
    status = word & 0x7f == 0 ? (word >> 8) & 0xff : 128 + (word & 0x7f)
    return status
  }

  /// Waits until there is output, or for so long.
  func waitForOutput(milliseconds: Int32) {
    var entry = pollfd(fd: output.rawValue, events: Int16(POLLIN), revents: 0)
    // A pipe whose other end is closed would be ready at once, for ever.
    if poll(&entry, 1, milliseconds) > 0, entry.revents & Int16(POLLIN) == 0 { pause(milliseconds: milliseconds) }
  }

  /// Hands on the lines that have come, up to a megabyte, so that a flood does not keep the caller from other things.
  func readLines(_ body: (String) -> Void) {
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    for _ in 0..<64 {
      let count = read(output.rawValue, &buffer, buffer.count)
      if count <= 0 { break }
      var rest = buffer[..<count]
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        partial += rest[..<end]
        finishLine(body)
        rest = rest[(end + 1)...]
      }
      partial += rest
      if partial.count > CollectorProcess.maximumLine { finishLine(body) }
    }
    if status != nil, !partial.isEmpty { finishLine(body) }
  }

  private func finishLine(_ body: (String) -> Void) {
    body(String(decoding: partial.prefix(CollectorProcess.maximumLine), as: UTF8.self))
    partial.removeAll(keepingCapacity: true)
  }
}
