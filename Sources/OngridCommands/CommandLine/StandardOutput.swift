import Libc

/// Results on their way to file descriptor 1, buffered.
///
/// A reader that has gone (`EPIPE`) is thrown as `CommandError.brokenPipe` and ends the process quietly; anything else
/// that keeps bytes from arriving, a full disk or a closed descriptor, is an error that names the cause. Nothing counts as
/// written before `flush()` returned.
struct StandardOutput: ~Copyable {
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private let capacity: Int

  init(descriptor: Int32 = STDOUT_FILENO, capacity: Int = 64 * 1024) {
    self.descriptor = descriptor
    self.capacity = capacity
  }

  /// Whether the descriptor is a terminal.
  var isTerminal: Bool { isatty(descriptor) == 1 }

  mutating func write(_ text: String) throws(CommandError) {
    buffer.append(contentsOf: text.utf8)
    if buffer.count >= capacity { try flush() }
  }

  mutating func write(_ bytes: [UInt8]) throws(CommandError) {
    try bytes.span.withBytes { span throws(CommandError) in try write(span) }
  }

  /// Writes bytes that someone else owns; large ones go straight to the descriptor.
  mutating func write(_ bytes: UnsafeRawBufferPointer) throws(CommandError) {
    if bytes.count >= capacity {
      try flush()
      try writeAll(bytes)
    } else {
      buffer.append(contentsOf: bytes)
      if buffer.count >= capacity { try flush() }
    }
  }

  mutating func writeLine(_ text: String) throws(CommandError) {
    try write(text)
    try write("\n")
  }

  /// Hands everything written so far to the system.
  mutating func flush() throws(CommandError) {
    let pending = buffer
    buffer.removeAll(keepingCapacity: true)
    try pending.span.withBytes { span throws(CommandError) in try writeAll(span) }
  }

  private func writeAll(_ bytes: UnsafeRawBufferPointer) throws(CommandError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let slice = UnsafeRawBufferPointer(rebasing: rest)
      #if canImport(Glibc)
        let count = Glibc.write(descriptor, slice.baseAddress, slice.count)
      #else
        let count = Darwin.write(descriptor, slice.baseAddress, slice.count)
      #endif
      if count >= 0 {
        rest = rest.dropFirst(count)
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN:
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&waiting, 1, -1)
      case EPIPE: throw .brokenPipe
      case let code: throw CommandError("cannot write to standard output: \(systemMessage(code))", status: .usage)
      }
    }
  }
}

/// The system's words for an error number, without a full stop, starting in lower case as messages do.
func systemMessage(_ code: Int32) -> String {
  let text = String(cString: strerror(code))
  return text.prefix(1).lowercased() + text.dropFirst()
}

extension Span where Element == UInt8 {
  /// The span's bytes as a raw buffer, valid during the call only.
  fileprivate func withBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws(CommandError) -> Result
  ) throws(CommandError) -> Result {
    try withUnsafeBytes(body)
  }
}
