import Foundation
import TestSupport
import Testing

@testable import Relay

/// HTTP/1.1 as clients of all kinds write it, good and bad.
@Suite struct HTTP1Tests {
  private func head(_ length: Int, _ more: String = "") -> String {
    "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: \(length)\r\n\(more)\r\n"
  }

  @Test("keep-alive, pipelining, and requests cut anywhere")
  func keepAlive() throws {
    let sink = try CollectingSink()
    let relay = try RelayUnderTest(to: [sink.url])
    let client = try RawClient(port: relay.port)
    var stream: [UInt8] = []
    for seed in 1...6 as ClosedRange<UInt64> {
      let body = Spans.request(3, seed: seed)
      stream += Array(head(body.count).utf8) + body
    }
    var random = SeededRandom(seed: 7)
    var position = 0
    while position < stream.count {
      let size = Int.random(in: 1...90, using: &random)
      client.write(Array(stream[position..<min(position + size, stream.count)]))
      position += size
    }
    for _ in 1...6 { #expect(try client.response().status == 200) }
    #expect(relay.stop().isComplete)
    #expect(sink.counts.count == 18)
  }

  @Test("chunked bodies, however they are cut, with extensions and trailers")
  func chunked() throws {
    let sink = try CollectingSink()
    let relay = try RelayUnderTest(to: [sink.url])
    let client = try RawClient(port: relay.port)
    let body = Spans.request(20, seed: 1)
    var request = Array(
      "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nTransfer-Encoding: chunked\r\n\r\n"
        .utf8)
    for start in stride(from: 0, to: body.count, by: 100) {
      let chunk = body[start..<min(start + 100, body.count)]
      request += Array("\(String(chunk.count, radix: 16));name=value\r\n".utf8) + chunk + Array("\r\n".utf8)
    }
    request += Array("0\r\nX-Trailer: 1\r\n\r\n".utf8)
    for byte in request { client.write([byte]) }
    #expect(try client.response().status == 200)
    client.write(request)
    #expect(try client.response().status == 200)
    relay.stop()
    #expect(sink.counts.count == 20)
  }

  @Test("Expect: 100-continue gets its answer before the body")
  func expect() throws {
    let relay = try RelayUnderTest(to: ["file:/dev/null"])
    let client = try RawClient(port: relay.port)
    let body = Spans.request(1, seed: 1)
    client.write(head(body.count, "Expect: 100-continue\r\n"))
    #expect(try client.response().status == 100)
    client.write(body)
    #expect(try client.response().status == 200)
    // A request that is refused anyway is refused before its body.
    client.write(head(1 << 30, "Expect: 100-continue\r\n"))
    #expect(try client.response().status == 413)
  }

  private static let tooLarge = [
    "POST /v1/traces HTTP/1.1\r\nX: " + String(repeating: "a", count: 20_000) + "\r\n\r\n",
    "POST /v1/traces HTTP/1.1\r\n" + String(repeating: "X: a\r\n", count: 200) + "\r\n",
    String(repeating: "a", count: 20_000),
  ]

  @Test("heads that are too large end the connection with an error", arguments: tooLarge)
  func largeHead(_ text: String) throws {
    let relay = try RelayUnderTest(to: ["file:/dev/null"])
    let client = try RawClient(port: relay.port)
    client.write(text)
    let answer = String(decoding: client.readToEnd(), as: UTF8.self)
    #expect(answer.hasPrefix("HTTP/1.1 431 "), "\(answer)")
    #expect(try relay.send(Spans.request(1, seed: 1)).status == 200)
  }

  @Test("slow and silent clients are let go")
  func timeouts() throws {
    let relay = try RelayUnderTest(to: ["file:/dev/null"]) {
      $0.limits.headerTimeout = .milliseconds(300)
      $0.limits.bodyTimeout = .milliseconds(300)
      $0.limits.idleTimeout = .milliseconds(300)
    }
    let slowHead = try RawClient(port: relay.port)
    slowHead.write("POST /v1/traces HTTP/1.1\r\nHost:")
    let slowBody = try RawClient(port: relay.port)
    slowBody.write(head(10_000) + "abc")
    let silent = try RawClient(port: relay.port)
    #expect(String(decoding: slowHead.readToEnd(), as: UTF8.self).hasPrefix("HTTP/1.1 408"))
    #expect(String(decoding: slowBody.readToEnd(), as: UTF8.self).hasPrefix("HTTP/1.1 408"))
    #expect(silent.readToEnd().isEmpty)
  }

  @Test("a bearer token, read again when its file changes")
  func tokens() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path("tokens")
    try "# clients\nfirst\nsecond\n".write(toFile: path, atomically: true, encoding: .utf8)
    let relay = try RelayUnderTest(to: ["file:/dev/null"]) { $0.listenTokenFile = path }
    let status = { (token: String?) in
      try relay.send(
        Spans.request(1, seed: 1),
        headers: token.map { ["Content-Type": "application/x-protobuf", "Authorization": "Bearer \($0)"] }
          ?? ["Content-Type": "application/x-protobuf"]
      ).status
    }
    #expect(try status(nil) == 401)
    #expect(try status("wrong") == 401)
    #expect(try status("firs") == 401)
    #expect(try status("first") == 200)
    #expect(try status("second") == 200)
    #expect(try relay.call(Spans.request(1, seed: 1)).status == 16)
    #expect(try relay.call(Spans.request(1, seed: 1), headers: ["authorization": "Bearer second"]).status == 0)
    try "third\n".write(toFile: path, atomically: true, encoding: .utf8)
    try waitUntil("the new token") { try status("third") == 200 }
    #expect(try status("first") == 401)
  }
}
