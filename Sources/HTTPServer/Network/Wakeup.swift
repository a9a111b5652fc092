import CEvents
import Libc
import Platform

/// Wakes an event loop from another thread: an eventfd on Linux, a pipe elsewhere.
struct Wakeup: ~Copyable, Sendable {
  private let reading: FileDescriptor
  #if !os(Linux)
    private let writing: FileDescriptor
  #endif

  init() throws(ListenError) {
    #if os(Linux)
      let raw = ongrid_eventfd()
      guard raw >= 0 else { throw .system(SystemError("create an event descriptor")) }
      reading = FileDescriptor(raw)
    #else
      var ends: [Int32] = [0, 0]
      guard pipe(&ends) == 0 else { throw .system(SystemError("create a pipe")) }
      for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
      reading = FileDescriptor(ends[0])
      writing = FileDescriptor(ends[1])
    #endif
  }

  /// What to watch for reading.
  var descriptor: Int32 { reading.rawValue }

  func signal() {
    var one: UInt64 = 1
    #if os(Linux)
      _ = write(reading.rawValue, &one, 8)
    #else
      _ = write(writing.rawValue, &one, 1)
    #endif
  }

  /// Takes back what `signal` has written.
  func clear() {
    withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { buffer in
      _ = read(reading.rawValue, buffer.baseAddress, buffer.count)
    }
  }
}
