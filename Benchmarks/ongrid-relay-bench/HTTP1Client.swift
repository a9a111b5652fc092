import Platform

/// Sends requests one after the other over one HTTP/1.1 connection.
struct HTTP1Client {
  /// Sends as long as `next` says so; `done` gets the latency in ns and whether the request was taken.
  static func run(
    _ wire: Wire, template: Template, encoding: String, next: () -> Bool, done: (Int64, Bool) -> Void
  ) throws(BenchError) {
    var head = "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n"
    if encoding == "gzip" { head += "Content-Encoding: gzip\r\n" }
    head += "Content-Length: \(template.body.count)\r\n\r\n"
    let request = Array(head.utf8) + template.body
    var buffer = [UInt8](repeating: 0, count: 4096)
    while next() {
      let start = monotonicNanoseconds()
      guard request.withByteView({ wire.sendAll($0) }) else { throw BenchError("connection broke") }
      // The answer is short and comes in one piece.
      let count = wire.receive(&buffer)
      if count <= 0 { throw BenchError("connection broke") }
      done(monotonicNanoseconds() - start, buffer.starts(with: Array("HTTP/1.1 200".utf8)))
    }
  }
}
