import Libc

/// A failed system call: what was attempted, on what, and the kernel's reason.
public struct SystemError: Error, CustomStringConvertible, Sendable {
  /// The kernel's error number (`errno`).
  public let code: Int32
  /// What was attempted, as a verb and its object: `open spans.jsonl`.
  public let action: String

  public init(_ action: String, code: Int32 = errno) {
    self.action = action
    self.code = code
  }

  /// The kernel's reason alone, such as `No such file or directory`.
  public var reason: String {
    // strerror may use a static buffer, which strerror_r does not.
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { text in
      guard let base = text.baseAddress else { return "error \(code)" }
      text.initialize(repeating: 0)
      #if canImport(Glibc)
        return String(cString: describe(base, code))
      #else
        strerror_r(code, base, 256)
        return String(cString: base)
      #endif
    }
  }

  public var description: String { "cannot \(action): \(reason)" }
}

#if canImport(Glibc)
  /// glibc's `strerror_r` through the POSIX entry point.
  private func describe(_ buffer: UnsafeMutablePointer<CChar>, _ code: Int32) -> UnsafeMutablePointer<CChar> {
    _ = strerror_r(code, buffer, 256)
    return buffer
  }
#endif

/// An open file, pipe or socket, closed when its owner goes.
public struct FileDescriptor: ~Copyable, Sendable {
  /// The number the kernel knows it by.
  public let rawValue: Int32
  private let closesOnDeinit: Bool

  /// Takes over `rawValue`; `owned: false` borrows it (standard input, say) and leaves it open.
  public init(_ rawValue: Int32, owned: Bool = true) {
    self.rawValue = rawValue
    closesOnDeinit = owned
  }

  deinit {
    if closesOnDeinit { close(rawValue) }
  }

  public static var standardInput: FileDescriptor { FileDescriptor(0, owned: false) }

  /// Opens `path` for reading. A directory is refused with `EISDIR`, which `open` itself would allow.
  public static func openForReading(_ path: String) throws(SystemError) -> FileDescriptor {
    let raw = open(path, O_RDONLY | O_CLOEXEC)
    guard raw >= 0 else { throw SystemError("open \(path)") }
    let descriptor = FileDescriptor(raw)
    if try descriptor.status().isDirectory { throw SystemError("read \(path)", code: EISDIR) }
    return descriptor
  }

  /// Opens `path` for writing, created with `mode` where it does not exist.
  public static func openForWriting(
    _ path: String, append: Bool = false, exclusive: Bool = false, mode: mode_t = 0o644
  ) throws(SystemError) -> FileDescriptor {
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC) | (exclusive ? O_EXCL : 0)
    let raw = open(path, flags, mode)
    guard raw >= 0 else { throw SystemError("open \(path)") }
    return FileDescriptor(raw)
  }

  /// Reads up to `buffer.count` bytes; 0 at the end of the file.
  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
    while true {
      #if canImport(Glibc)
        let n = Glibc.read(rawValue, buffer.baseAddress, buffer.count)
      #else
        let n = Darwin.read(rawValue, buffer.baseAddress, buffer.count)
      #endif
      if n >= 0 { return n }
      if errno != EINTR { throw SystemError("read") }
    }
  }

  /// Reads up to `buffer.count` bytes from `offset` on, whatever was read before; 0 at the end of the file.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemError) -> Int {
    while true {
      let n = pread(rawValue, buffer.baseAddress, buffer.count, off_t(offset))
      if n >= 0 { return n }
      if errno != EINTR { throw SystemError("read") }
    }
  }

  /// Writes all of `bytes`, however many calls that takes.
  public func writeAll(_ bytes: ByteView) throws(SystemError) {
    var rest = bytes
    while !rest.isEmpty {
      #if canImport(Glibc)
        let n = Glibc.write(rawValue, rest.start, rest.count)
      #else
        let n = Darwin.write(rawValue, rest.start, rest.count)
      #endif
      if n >= 0 {
        rest = rest.dropFirst(n)
      } else if errno == EAGAIN {
        _ = wait(toRead: false, milliseconds: -1)
      } else if errno != EINTR {
        throw SystemError("write")
      }
    }
  }

  /// Waits until the descriptor can be read (or written); `false` when `milliseconds` passed first (-1: for ever) or a
  /// signal came.
  public func wait(toRead: Bool = true, milliseconds: Int32) -> Bool {
    var entry = pollfd(fd: rawValue, events: Int16(toRead ? POLLIN : POLLOUT), revents: 0)
    return poll(&entry, 1, milliseconds) > 0
  }

  /// Whether there are bytes to read right now: a file that is not at its end, or a pipe that holds some. Never of a terminal.
  public var hasBytes: Bool {
    guard let status = try? status(), isatty(rawValue) == 0 else { return false }
    if status.isRegular { return lseek(rawValue, 0, SEEK_CUR) < off_t(status.size) }
    var count: Int32 = 0
    return ioctl(rawValue, UInt(FIONREAD), &count) == 0 && count > 0
  }

  /// Whether some process has this file open for writing, as far as the system says: nil where it does not.
  public var isBeingWritten: Bool? {
    #if canImport(Glibc)
      // A read lease is granted only while nobody writes. F_SETLEASE is hidden from Swift by its feature macro.
      let setLease: Int32 = 1024
      if fcntl(rawValue, setLease, Int32(F_RDLCK)) == 0 {
        _ = fcntl(rawValue, setLease, Int32(F_UNLCK))
        return false
      }
      return errno == EAGAIN ? true : nil
    #else
      return nil
    #endif
  }

  /// Flushes what was written to the device.
  public func synchronize() throws(SystemError) {
    if fsync(rawValue) != 0 { throw SystemError("sync") }
  }

  /// Makes the next read begin at `offset`; false for what has no places, such as a pipe.
  public func seek(to offset: Int) -> Bool { lseek(rawValue, off_t(offset), SEEK_SET) == off_t(offset) }

  public func status() throws(SystemError) -> FileStatus {
    var raw = stat()
    guard fstat(rawValue, &raw) == 0 else { throw SystemError("stat") }
    return FileStatus(raw)
  }
}
