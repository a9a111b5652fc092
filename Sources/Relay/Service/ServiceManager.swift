import Platform

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The agreements of systemd with its services: readiness by `NOTIFY_SOCKET`, sockets by `LISTEN_FDS`.
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

  /// The listening sockets that the service manager has opened for this process, once: children must not take them.
  public static func inheritedSockets() -> [Int32] {
    func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }
    guard number("LISTEN_PID") == Int(getpid()), let count = number("LISTEN_FDS"), (1...64).contains(count) else {
      return []
    }
    for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) }
    return (0..<count).map { Int32(3 + $0) }
  }
}
