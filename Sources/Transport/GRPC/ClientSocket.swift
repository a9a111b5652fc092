import Libc
import Platform

/// A TCP connection to a server, for one thread; nothing here waits longer than its deadline.
struct ClientSocket: ~Copyable {
  private let descriptor: FileDescriptor
  let origin: String

  /// Connects to the first address of `host` that answers.
  ///
  /// - Parameters:
  ///   - host: a name or an address, without brackets.
  ///   - deadline: bounds the look-up of the name as well.
  init(host: String, port: Int, origin: String, deadline: Deadline) throws(HTTPError) {
    let addresses = try NameLookup.system.addresses(of: host, port: port, origin: origin, deadline)
    var reason = "no address"
    for address in addresses {
      do throws(SystemError) {
        descriptor = try ClientSocket.connect(address, deadline)
        self.origin = origin
        return
      } catch {
        reason = systemMessage(error.code)
      }
      try deadline.check(origin)
    }
    throw .unreachable(origin: origin, reason: reason)
  }

  private static func connect(_ address: SocketAddress, _ deadline: Deadline) throws(SystemError) -> FileDescriptor {
    let raw = socket(address.family, address.type, address.number)
    guard raw >= 0 else { throw SystemError("open a socket") }
    let descriptor = FileDescriptor(raw)
    _ = fcntl(raw, F_SETFD, FD_CLOEXEC)
    _ = fcntl(raw, F_SETFL, fcntl(raw, F_GETFL) | O_NONBLOCK)
    var on: Int32 = 1
    setsockopt(raw, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    setsockopt(raw, SOL_SOCKET, SO_KEEPALIVE, &on, socklen_t(MemoryLayout<Int32>.size))
    if address.connect(raw) == 0 { return descriptor }
    guard errno == EINPROGRESS else { throw SystemError("connect") }
    while !descriptor.wait(toRead: false, milliseconds: deadline.slice) {
      if deadline.hasPassed { throw SystemError("connect", code: ETIMEDOUT) }
    }
    var problem: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(raw, SOL_SOCKET, SO_ERROR, &problem, &size)
    if problem != 0 { throw SystemError("connect", code: problem) }
    return descriptor
  }

  /// Reads what is there into `room`: a count, 0 when the server has closed, `nil` when nothing is there yet.
  func read(into room: UnsafeMutableRawBufferPointer) throws(HTTPError) -> Int? {
    do throws(SystemError) {
      return try descriptor.read(into: room)
    } catch {
      if error.code == EAGAIN { return nil }
      throw .interrupted(origin: origin, reason: systemMessage(error.code))
    }
  }

  /// Writes as much of `bytes` as the socket takes and returns how much that was.
  func write(_ bytes: ByteView) throws(HTTPError) -> Int {
    while true {
      let count = send(descriptor.rawValue, bytes.start, bytes.count, ClientSocket.noSignal)
      if count >= 0 { return count }
      if errno == EAGAIN { return 0 }
      if errno != EINTR { throw .interrupted(origin: origin, reason: systemMessage(errno)) }
    }
  }

  /// For TLS, which reads and writes by itself.
  var rawDescriptor: Int32 { descriptor.rawValue }

  /// Waits for the socket to become readable or writable, as asked for.
  func wait(toRead: Bool, toWrite: Bool, _ deadline: Deadline) throws(HTTPError) {
    var deadline = deadline
    try wait(toRead: toRead, toWrite: toWrite, &deadline, sent: 0)
  }

  /// The same while a request is under way, of which `sent` bytes have been written: each that the other side has
  /// acknowledged is progress.
  func wait(toRead: Bool, toWrite: Bool, _ deadline: inout Deadline, sent: Int) throws(HTTPError) {
    let events = (toRead ? POLLIN : 0) | (toWrite ? POLLOUT : 0)
    var entry = pollfd(fd: descriptor.rawValue, events: Int16(events), revents: 0)
    repeat {
      deadline.note(moved: sent - unacknowledgedBytes(descriptor.rawValue))
      try deadline.check(origin)
    } while poll(&entry, 1, deadline.slice) <= 0
    try deadline.check(origin)
  }

  #if canImport(Glibc)
    private static let noSignal = Int32(MSG_NOSIGNAL)
  #else
    private static let noSignal: Int32 = 0
  #endif
}
