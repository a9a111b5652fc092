import Libc
import Platform

/// Requests that a relay has to put up with, each on a connection of its own.
struct BadClient {
  private let httpPort: Int
  private let grpcPort: Int
  /// Clients that have sent a part of a request and say nothing more.
  private var silent: [Int32] = []

  init(httpPort: Int, grpcPort: Int) {
    self.httpPort = httpPort
    self.grpcPort = grpcPort
  }

  static let kinds = 10

  /// Makes one bad request; what was answered instead of what should be, or `nil`.
  mutating func send(_ kind: Int) throws(BenchError) -> String? {
    switch kind {
    case 0: return try expect("400", post("application/x-protobuf", length: 3) + [0x0a, 0xff, 0xff])
    case 1: return try expect("400", post("application/json", length: 9) + Array("{\"resourc".utf8))
    case 2: return try expect("413", post("application/x-protobuf", length: 1 << 30))
    case 3: return try expect("415", post("text/plain", length: 2) + Array("hi".utf8))
    case 4: return try expect("404", Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
    case 5: return try expect("400", Array("POST /v1/traces HTTP/1.1\r\nA: \u{0}\r\n\r\n".utf8))
    case 6: return try expect("431", [UInt8](repeating: UInt8(ascii: "a"), count: 20_000))
    case 7: try stayInTheMiddle(post("application/x-protobuf", length: 1000) + [0x0a, 0x05])
    case 8: try reset(post("application/x-protobuf", length: 100_000) + [UInt8](repeating: 0x0a, count: 50_000))
    default: try breakHTTP2()
    }
    return nil
  }

  private func post(_ type: String, length: Int) -> [UInt8] {
    Array(
      "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: \(type)\r\nContent-Length: \(length)\r\n\r\n".utf8)
  }

  private func expect(_ status: String, _ request: [UInt8]) throws(BenchError) -> String? {
    let descriptor = try Sockets.connect(httpPort)
    defer { close(descriptor) }
    _ = request.withByteView { Sockets.sendAll(descriptor, $0) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    let answer = String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
    return answer.hasPrefix("HTTP/1.1 \(status) ") ? nil : "not \(status) but \(answer.prefix(40))"
  }

  /// Leaves a request unfinished; the oldest of such connections goes when there are many.
  private mutating func stayInTheMiddle(_ request: [UInt8]) throws(BenchError) {
    let descriptor = try Sockets.connect(httpPort)
    _ = request.withByteView { Sockets.sendAll(descriptor, $0) }
    silent.append(descriptor)
    if silent.count > 20 { close(silent.removeFirst()) }
  }

  private func reset(_ request: [UInt8]) throws(BenchError) {
    let descriptor = try Sockets.connect(httpPort)
    _ = request.withByteView { Sockets.sendAll(descriptor, $0) }
    // Closing without lingering sends RST.
    var now = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    close(descriptor)
  }

  /// A call that is cancelled in its middle, then bytes that are no frame.
  private func breakHTTP2() throws(BenchError) {
    let descriptor = try Sockets.connect(grpcPort)
    defer { close(descriptor) }
    var bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]
    bytes += [0, 0, 6, 1, 4, 0, 0, 0, 1, 0x83, 0x86, 0x84, 0x41, 0x01, 0x78]
    bytes += [0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 8]
    bytes += [UInt8](repeating: 0xff, count: 64)
    _ = bytes.withByteView { Sockets.sendAll(descriptor, $0) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    while recv(descriptor, &buffer, buffer.count, 0) > 0 {}
  }

  mutating func leave() {
    for descriptor in silent { close(descriptor) }
    silent = []
  }
}
