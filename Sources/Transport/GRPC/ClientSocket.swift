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
  ///   - deadline: in monotonic ns.
  init(
    host: String, port: Int, origin: String, deadline: Deadline
  ) throws(HTTPError) {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    #if canImport(Glibc)
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #else
      hints.ai_socktype = SOCK_STREAM
    #endif
    var list: UnsafeMutablePointer<addrinfo>?
    let outcome = getaddrinfo(host, String(port), &hints, &list)
    guard outcome == 0 else { throw .unreachable(origin: origin, reason: "unknown host") }
    defer { freeaddrinfo(list) }
    var reason = "no address"
    var next = list
    while let address = next?.pointee {
      do throws(SystemError) {
        descriptor = try ClientSocket.connect(address, deadline)
        self.origin = origin
        return
      } catch {
        reason = systemMessage(error.code)
      }
      try deadline.check(origin)
      next = address.ai_next
    }
    throw .unreachable(origin: origin, reason: reason)
  }

  private static func connect(_ address: addrinfo, _ deadline: Deadline) throws(SystemError) -> FileDescriptor {
    let raw = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
    guard raw >= 0 else { throw SystemError("open a socket") }
    let descriptor = FileDescriptor(raw)
    _ = fcntl(raw, F_SETFD, FD_CLOEXEC)
    _ = fcntl(raw, F_SETFL, fcntl(raw, F_GETFL) | O_NONBLOCK)
    var on: Int32 = 1
    setsockopt(raw, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    setsockopt(raw, SOL_SOCKET, SO_KEEPALIVE, &on, socklen_t(MemoryLayout<Int32>.size))
    #if canImport(Glibc)
      let code = Glibc.connect(raw, address.ai_addr, address.ai_addrlen)
    #else
      let code = Darwin.connect(raw, address.ai_addr, address.ai_addrlen)
    #endif
    if code == 0 { return descriptor }
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
    let events = (toRead ? POLLIN : 0) | (toWrite ? POLLOUT : 0)
    var entry = pollfd(fd: descriptor.rawValue, events: Int16(events), revents: 0)
    while poll(&entry, 1, deadline.slice) <= 0 { try deadline.check(origin) }
    try deadline.check(origin)
  }

  #if canImport(Glibc)
    private static let noSignal = Int32(MSG_NOSIGNAL)
  #else
    private static let noSignal: Int32 = 0
  #endif
}

/// When an exchange must be over, and who may end it earlier.
struct Deadline {
  private let end: Int64
  private let timeout: Duration
  private let cancellation: HTTPCancellation?

  init(after timeout: Duration, _ cancellation: HTTPCancellation?) {
    self.timeout = timeout
    self.cancellation = cancellation
    // A hundred days stand for any longer time, so that the sum cannot overflow.
    end = monotonicDeadline(after: timeout)
  }

  /// `timeout` from now, but no later than `other`.
  init(after timeout: Duration, _ other: Deadline) {
    let own = Deadline(after: timeout, other.cancellation)
    self = own.end < other.end ? own : other
  }

  var hasPassed: Bool { monotonicNanoseconds() >= end || cancellation?.isCancelled == true }

  /// How long one wait may be, in ms: short enough to notice a cancellation.
  var slice: Int32 { Int32(max(min((end - monotonicNanoseconds()) / 1_000_000 + 1, 50), 0)) }

  func check(_ origin: String) throws(HTTPError) {
    if cancellation?.isCancelled == true { throw .cancelled(origin: origin) }
    if monotonicNanoseconds() >= end { throw .timeout(origin: origin, after: timeout) }
  }
}
