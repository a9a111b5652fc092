import Foundation
import TestSupport

/// Writes any bytes to a port and reads what comes back.
final class RawClient {
  struct Response {
    var status: Int
    /// Names in lower case.
    var headers: [String: String]
    var body: String
  }

  private let descriptor: Int32
  private var buffered: [UInt8] = []

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else { throw TestTimeout("cannot connect to port \(port)") }
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  /// Whether all of it was taken.
  @discardableResult
  func write(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let n = bytes.withUnsafeBytes {
        send(descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      if n <= 0 { return false }
      sent += n
    }
    return true
  }

  @discardableResult
  func write(_ text: String) -> Bool { write(Array(text.utf8)) }

  /// What is there, up to 64 KiB; empty at the end or after twenty seconds of nothing.
  func read() -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    let n = recv(descriptor, &buffer, buffer.count, 0)
    return Array(buffer[..<max(n, 0)])
  }

  /// Everything until the server closes.
  func readToEnd() -> [UInt8] {
    var all = buffered
    while true {
      let part = read()
      if part.isEmpty { return all }
      all += part
    }
  }

  func exchange(_ text: String) throws -> Response {
    write(text)
    return try response()
  }

  /// Reads one HTTP/1.1 response.
  func response() throws -> Response {
    while true {
      if let end = buffered.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound {
        let lines = String(decoding: buffered[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
          let parts = line.split(separator: ":", maxSplits: 1)
          if parts.count == 2 { headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        if buffered.count >= end + length {
          let body = String(decoding: buffered[end..<end + length], as: UTF8.self)
          buffered.removeFirst(end + length)
          let status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
          return Response(status: status, headers: headers, body: body)
        }
      }
      let part = read()
      if part.isEmpty { throw TestTimeout("no complete response: \(String(decoding: buffered, as: UTF8.self))") }
      buffered += part
    }
  }
}
