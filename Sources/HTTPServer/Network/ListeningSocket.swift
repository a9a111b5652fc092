import Libc
import Platform

#if canImport(Glibc)
  private let streamType = Int32(SOCK_STREAM.rawValue)
#else
  private let streamType = SOCK_STREAM
#endif

/// A socket that takes connections, without blocking.
public struct ListeningSocket: ~Copyable, Sendable {
  let descriptor: FileDescriptor
  /// Where it listens in fact, with the port that the kernel chose.
  public let address: ListenAddress

  /// Takes over a socket that a service manager has bound and calls `name`.
  public init(adopting raw: Int32, name: String) throws(ListenError) {
    var isListening: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    guard getsockopt(raw, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) == 0, isListening != 0 else {
      throw .badSetting("the socket '\(name)' of the service manager does not listen for connections")
    }
    setNonBlocking(raw)
    descriptor = FileDescriptor(raw)
    address = boundAddress(raw) ?? ListenAddress(host: "", port: 0)
  }

  /// Binds a socket to an address, the first that a name stands for.
  ///
  /// - Parameter isOneFamily: whether an IPv6 socket keeps out IPv4, which the system decides otherwise.
  public init(_ wanted: ListenAddress, isOneFamily: Bool = false) throws(ListenError) {
    if let path = wanted.path {
      descriptor = FileDescriptor(try listenUnix(path, wanted))
      address = wanted
      return
    }
    var hints = addrinfo()
    hints.ai_socktype = streamType
    hints.ai_flags = AI_PASSIVE
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(wanted.host.isEmpty ? nil : wanted.host, String(wanted.port), &hints, &found)
    guard code == 0, let list = found else {
      throw .system(SystemError("listen on \(wanted)", code: code == EAI_SYSTEM ? errno : EADDRNOTAVAIL))
    }
    defer { freeaddrinfo(list) }
    var failure = SystemError("listen on \(wanted)", code: EADDRNOTAVAIL)
    var candidate: UnsafeMutablePointer<addrinfo>? = list
    while let entry = candidate?.pointee {
      let raw = socket(entry.ai_family, entry.ai_socktype, entry.ai_protocol)
      if raw >= 0 {
        setNonBlocking(raw)
        setOption(raw, SOL_SOCKET, SO_REUSEADDR, 1)
        if isOneFamily, entry.ai_family == AF_INET6 { setOption(raw, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
        if bind(raw, entry.ai_addr, entry.ai_addrlen) == 0, listen(raw, 1024) == 0 {
          descriptor = FileDescriptor(raw)
          let bound = boundAddress(raw)
          address = ListenAddress(host: bound?.host ?? wanted.host, port: bound?.port ?? wanted.port)
          return
        }
        failure = SystemError("listen on \(wanted)")
        close(raw)
      } else {
        failure = SystemError("listen on \(wanted)")
      }
      candidate = entry.ai_next
    }
    throw .system(failure)
  }

  /// Another descriptor of the socket, which the caller owns.
  func duplicate() throws(ListenError) -> Int32 {
    let raw = fcntl(descriptor.rawValue, F_DUPFD_CLOEXEC, 0)
    guard raw >= 0 else { throw .system(SystemError("listen on \(address)")) }
    return raw
  }

  /// What became of taking a connection.
  enum Accepted {
    case connection(Int32)
    case none
    /// The process is out of descriptors or memory: asking again at once would spin.
    case exhausted
  }

  func accept() -> Accepted {
    while true {
      #if canImport(Glibc)
        let raw = Glibc.accept(descriptor.rawValue, nil, nil)
      #else
        let raw = Darwin.accept(descriptor.rawValue, nil, nil)
      #endif
      if raw >= 0 {
        setNonBlocking(raw)
        setOption(raw, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        return .connection(raw)
      }
      switch errno {
      case EINTR, ECONNABORTED: continue
      case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
      default: return .none
      }
    }
  }
}

private func setNonBlocking(_ raw: Int32) {
  _ = fcntl(raw, F_SETFL, fcntl(raw, F_GETFL) | O_NONBLOCK)
  _ = fcntl(raw, F_SETFD, FD_CLOEXEC)
}

private func setOption(_ raw: Int32, _ level: Int32, _ name: Int32, _ value: Int32) {
  var value = value
  _ = setsockopt(raw, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
}

/// Removes a socket file that nobody listens on, which a process left that was killed. Anything else stays, and is in the way.
private func removeStaleSocket(_ path: String, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) {
  var status = stat()
  guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return }
  let probe = socket(AF_UNIX, streamType, 0)
  defer { close(probe) }
  if connect(probe, address, length) != 0, errno == ECONNREFUSED { unlink(path) }
}

private func listenUnix(_ path: String, _ wanted: ListenAddress) throws(ListenError) -> Int32 {
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  let bytes = Array(path.utf8)
  let room = MemoryLayout.size(ofValue: address.sun_path)
  guard bytes.count < room else { throw .badAddress(wanted.description) }
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
  let raw = socket(AF_UNIX, streamType, 0)
  guard raw >= 0 else { throw .system(SystemError("listen on \(wanted)")) }
  setNonBlocking(raw)
  let length = socklen_t(MemoryLayout<sockaddr_un>.size)
  let bound = withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
      removeStaleSocket(path, pointer, length)
      return bind(raw, pointer, length)
    }
  }
  guard bound == 0, listen(raw, 1024) == 0 else {
    let failure = SystemError("listen on \(wanted)")
    close(raw)
    throw .system(failure)
  }
  return raw
}

/// The numeric address a socket is bound to.
private func boundAddress(_ raw: Int32) -> ListenAddress? {
  var storage = sockaddr_storage()
  var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
  var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
  var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
  let code = withUnsafeMutablePointer(to: &storage) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
      guard getsockname(raw, pointer, &length) == 0 else { return Int32(-1) }
      return getnameinfo(
        pointer, length, &host, socklen_t(host.count), &port, socklen_t(port.count), NI_NUMERICHOST | NI_NUMERICSERV)
    }
  }
  guard code == 0 else { return nil }
  func text(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
  return UInt16(text(port)).map { ListenAddress(host: text(host), port: $0) }
}
