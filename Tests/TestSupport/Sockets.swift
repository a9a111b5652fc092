import Foundation
import Platform

#if canImport(Glibc)
  import Glibc
  let streamSocket = Int32(SOCK_STREAM.rawValue)
#else
  import Darwin
  let streamSocket = SOCK_STREAM
#endif

/// A system call failed.
public struct CallFailed: Error, CustomStringConvertible {
  public let description: String

  public init(_ call: String) {
    description = "\(call): \(String(cString: strerror(errno)))"
  }
}

/// Loopback TCP for tests.
public enum Sockets {
  private static let handedOut = Monitor<Set<UInt16>>([])

  /// A port on 127.0.0.1 that nothing listens on; never the same twice in one test run. Prefer port 0 where a program
  /// tells which port it got.
  public static func freePort() throws -> UInt16 {
    for _ in 0..<100 {
      let (descriptor, port) = try listen()
      close(descriptor)
      if handedOut.withLock({ $0.insert(port).inserted }) { return port }
    }
    throw TestTimeout("no free port")
  }

  /// A listening socket on 127.0.0.1 and its port.
  public static func listen() throws -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket(AF_INET, streamSocket, 0)
    guard descriptor >= 0 else { throw CallFailed("socket") }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    var address = loopback(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(descriptor, generic, length) == 0 && systemListen(descriptor, 128) == 0
          && getsockname(descriptor, generic, &length) == 0
      }
    }
    guard bound else {
      let error = CallFailed("bind")
      close(descriptor)
      throw error
    }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }

  /// Connects to a port of 127.0.0.1; nil when nothing listens there.
  public static func connect(_ port: UInt16) -> Int32? {
    let descriptor = socket(AF_INET, streamSocket, 0)
    guard descriptor >= 0 else { return nil }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    var address = loopback(port)
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        systemConnect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    if connected { return descriptor }
    close(descriptor)
    return nil
  }

  /// Sends all of `text`; `false` when the other side has gone.
  public static func send(_ descriptor: Int32, _ text: String) -> Bool {
    StubServer.sendAll(descriptor, Array(text.utf8))
  }

  /// Waits until something listens on a port of 127.0.0.1.
  public static func waitForListener(_ port: UInt16, timeout: Double = 30) throws {
    try waitUntil("port \(port) to listen", timeout: timeout) {
      guard let descriptor = connect(port) else { return false }
      close(descriptor)
      return true
    }
  }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}

/// The system's `listen` and `connect`, which the methods of `Sockets` hide.
private func systemListen(_ descriptor: Int32, _ backlog: Int32) -> Int32 { listen(descriptor, backlog) }
private func systemConnect(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Int32 {
  connect(descriptor, address, length)
}
