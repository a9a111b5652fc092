import Libc
import Platform

/// Blocking TCP on the loopback interface.
enum Sockets {
  private static func address(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }

  private static func with<Result>(
    _ address: sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }

  private static func make() -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var one: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, 4)
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
    return descriptor
  }

  /// A listening socket and its port.
  static func listen(_ port: Int) throws(BenchError) -> (descriptor: Int32, port: Int) {
    let descriptor = make()
    guard with(address(port), { bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, 256) == 0 else {
      throw BenchError("cannot listen on port \(port)")
    }
    var bound = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutablePointer(to: &bound) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    return (descriptor, Int(UInt16(bigEndian: bound.sin_port)))
  }

  static func connect(_ port: Int) throws(BenchError) -> Int32 {
    let descriptor = make()
    guard with(address(port), { Glibc.connect(descriptor, $0, $1) }) == 0 else {
      throw BenchError("cannot connect to port \(port)")
    }
    return descriptor
  }

  /// Sends all of `bytes`; `false` when the peer has gone.
  static func sendAll(_ descriptor: Int32, _ bytes: ByteView) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      let n = send(descriptor, rest.start, rest.count, 0)
      if n <= 0 { return false }
      rest = rest.dropFirst(n)
    }
    return true
  }
}
