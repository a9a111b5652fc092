import Libc
import Platform

/// A listening socket that the service manager has opened for this process.
public struct InheritedSocket: Sendable {
  public let descriptor: Int32
  /// What the service manager calls it; empty when it says nothing.
  public let name: String
}

/// The agreements of systemd with its services: states by `NOTIFY_SOCKET`, sockets by `LISTEN_FDS`, signs of life by
/// `WATCHDOG_USEC`.
public enum ServiceManager {
  /// Tells the service manager a state, such as `READY=1`; nothing happens when there is none.
  public static func notify(_ state: String) {
    guard let path = getenv("NOTIFY_SOCKET").map({ Array(String(cString: $0).utf8) }), !path.isEmpty else { return }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
    withUnsafeMutableBytes(of: &address.sun_path) { buffer in
      buffer.copyBytes(from: path)
      // An abstract socket is written with `@`.
      if path[0] == UInt8(ascii: "@") { buffer[0] = 0 }
    }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
    #if canImport(Glibc)
      let type = Int32(SOCK_DGRAM.rawValue)
    #else
      let type = SOCK_DGRAM
    #endif
    let descriptor = socket(AF_UNIX, type, 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let message = Array(state.utf8)
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, message, message.count, 0, $0, length)
      }
    }
  }

  /// Says that a reload begins; `READY=1` ends it.
  public static func notifyReload() {
    notify("RELOADING=1\nMONOTONIC_USEC=\(monotonicNanoseconds() / 1000)")
  }

  /// How often, in ns, the service manager wants a sign of life; `nil` when it wants none.
  public static var watchdogInterval: Int64? {
    if let process = number("WATCHDOG_PID"), process != Int(getpid()) { return nil }
    // A day is longer than anybody waits, and far from overflow.
    return number("WATCHDOG_USEC").flatMap { $0 > 0 ? Int64(min($0, 86_400_000_000)) * 1000 : nil }
  }

  /// The listening sockets that the service manager has opened for this process, once: children must not take them.
  public static func inheritedSockets() -> [InheritedSocket] {
    guard number("LISTEN_PID") == Int(getpid()), let count = number("LISTEN_FDS"), (1...64).contains(count) else {
      return []
    }
    let names = (getenv("LISTEN_FDNAMES").map { String(cString: $0) } ?? "").split(
      separator: ":", omittingEmptySubsequences: false)
    for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) }
    return (0..<count).map { index in
      InheritedSocket(descriptor: Int32(3 + index), name: index < names.count ? String(names[index]) : "")
    }
  }

  private static func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }
}
