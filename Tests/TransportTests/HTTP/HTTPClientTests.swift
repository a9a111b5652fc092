import Foundation
import TestSupport
import Testing

@testable import Transport

@Suite struct HTTPClientTests {
  private func get(
    _ url: String, _ options: HTTPOptions = HTTPOptions(), timeout: Duration = .seconds(5), maximum: Int = 1 << 20
  ) throws -> HTTPResponse {
    try HTTPClient(options: options).send(
      HTTPRequest(url: HTTPURL(url), timeout: timeout, maximumResponse: maximum))
  }

  @Test func getsBodyHeadersAndStatus() throws {
    let server = try StubServer { request in
      request.path == "/ok"
        ? .respond(status: 200, headers: ["X-Test": "yes"], body: Array("hello".utf8)) : .text(500, "broken")
    }
    let response = try get(server.url + "/ok")
    #expect(response.status == 200)
    #expect(response.headers["x-test"] == "yes")
    #expect(response.body == Array("hello".utf8))
    let failed = try get(server.url + "/other")
    #expect(failed.status == 500)
    #expect(String(decoding: failed.body, as: UTF8.self) == "broken")
  }

  @Test func keepsHeadersThatAreGivenTwice() throws {
    var options = HTTPOptions()
    try options.headers.add("X-Route", "a")
    try options.headers.add("x-route", "b")
    try options.headers.add("X-Kind", "general")
    var request = HTTPRequest(url: try HTTPURL("http://localhost"))
    #expect(try options.headers(for: request).fields.map(\.value) == ["a", "b", "general"])
    // A request's own wins.
    request.headers["x-kind"] = "own"
    #expect(try options.headers(for: request).fields.map(\.value) == ["own", "a", "b"])
  }

  @Test func keepsTheConnection() throws {
    let server = try StubServer { _ in .ok("{}") }
    let client = try HTTPClient()
    for _ in 0..<5 { _ = try client.send(HTTPRequest(url: HTTPURL(server.url))) }
    #expect(server.connectionCount == 1)
    #expect(server.requests.count == 5)
  }

  @Test func sendsEveryKindOfBody() throws {
    let server = try StubServer { .respond(status: 200, body: $0.body) }
    let client = try HTTPClient()
    let whole = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let bodies: [HTTPBody] = [
      .bytes(whole),
      .pieces([whole[0..<0], whole[0..<1], whole[1..<200_000], whole[200_000..<200_000], whole[200_000...]]),
      .source(length: whole.count) { offset, buffer in
        let count = min(buffer.count, whole.count - offset, 1000)
        buffer.copyBytes(from: whole[offset..<offset + count])
        return count
      },
    ]
    for body in bodies {
      let response = try client.send(HTTPRequest(method: .post, url: HTTPURL(server.url), body: body))
      #expect(response.body == whole)
    }
    let empty = try client.send(HTTPRequest(method: .post, url: HTTPURL(server.url)))
    #expect(empty.body.isEmpty)
    #expect(server.requests.last?.headers["content-length"] == "0")
    #expect(server.requests.last?.headers["expect"] == nil)
  }

  @Test func namesWhyAServerCannotBeReached() throws {
    let port = try StubServer.closedPort()
    let error = #expect(throws: HTTPError.self) { try get("http://user:secret@127.0.0.1:\(port)/path?token=secret") }
    #expect(error?.description == "cannot reach http://127.0.0.1:\(port): connection refused")
    #expect(error?.isRetryable == true)
    let unknown = #expect(throws: HTTPError.self) { try get("http://no-such-host.invalid/") }
    #expect(unknown?.description == "cannot reach http://no-such-host.invalid: unknown host")
  }

  @Test(arguments: [StubServer.Answer.silence, .after(seconds: 3, .ok("{}"))])
  func timesOut(_ answer: StubServer.Answer) throws {
    let server = try StubServer { _ in answer }
    let start = ContinuousClock.now
    let error = #expect(throws: HTTPError.self) { try get(server.url, timeout: .milliseconds(200)) }
    #expect(error == .stalled(origin: server.url, after: .milliseconds(200)))
    #expect(ContinuousClock.now - start < .seconds(2))
  }

  @Test func noticesBrokenAnswers() throws {
    let answers: [StubServer.Answer] = [
      .close, .cutOff(after: 3, body: Array("0123456789".utf8)), .raw(Array("no http".utf8)),
    ]
    for answer in answers {
      let server = try StubServer { _ in answer }
      let error = #expect(throws: HTTPError.self) { try get(server.url, timeout: .seconds(1)) }
      #expect(error?.isRetryable == true, "\(answer): \(String(describing: error))")
    }
  }

  @Test func limitsBodies() throws {
    let server = try StubServer { _ in .endless(bytes: 200 << 20) }
    #expect(throws: HTTPError.tooLarge(origin: server.url, limit: 1 << 20)) { try get(server.url) }
    let announced = try StubServer { _ in .respond(status: 200, body: [UInt8](repeating: 32, count: 2000)) }
    #expect(throws: HTTPError.tooLarge(origin: announced.url, limit: 1999)) { try get(announced.url, maximum: 1999) }
    #expect(try get(announced.url, maximum: 2000).body.count == 2000)
  }

  @Test func keepsTheStartOfAnErrorPage() throws {
    let page = Array("reason: ".utf8) + [UInt8](repeating: 120, count: 3 << 20)
    let server = try StubServer { _ in .respond(status: 503, body: page) }
    let response = try get(server.url, maximum: 8 << 20)
    #expect(response.status == 503)
    #expect(response.body == Array(page.prefix(64 << 10)))
  }

  @Test func streamsToAHandler() throws {
    let server = try StubServer { _ in .endless(bytes: 3 << 20) }
    var count = 0
    let client = try HTTPClient()
    let response = try client.send(HTTPRequest(url: HTTPURL(server.url))) { bytes in
      count += bytes.count
      return true
    }
    #expect(count == 3 << 20)
    #expect(response.body.isEmpty)
    #expect(throws: HTTPError.cancelled(origin: server.url)) {
      try client.send(HTTPRequest(url: HTTPURL(server.url))) { _ in false }
    }
  }

  @Test func cancelsFromAnotherThread() throws {
    let cancellation = HTTPCancellation()
    // The request arriving at the server is what triggers the cancellation, so there is no race with its start.
    let server = try StubServer { _ in
      cancellation.cancel()
      return .silence
    }
    let client = try HTTPClient()
    let start = ContinuousClock.now
    #expect(throws: HTTPError.cancelled(origin: server.url)) {
      try client.send(HTTPRequest(url: HTTPURL(server.url)), cancellation: cancellation)
    }
    #expect(ContinuousClock.now - start < .milliseconds(900))
    #expect(throws: HTTPError.cancelled(origin: server.url)) {
      try client.send(HTTPRequest(url: HTTPURL(server.url)), cancellation: cancellation)
    }
  }

  @Test func decodesCompressedAnswers() throws {
    // printf '{}' | gzip -n
    let gzip: [UInt8] = [
      0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae, 5, 0, 0x43, 0xbf, 0xa6, 0xa3, 2, 0, 0, 0,
    ]
    let server = try StubServer { _ in .respond(status: 200, headers: ["Content-Encoding": "gzip"], body: gzip) }
    #expect(try get(server.url).body == Array("{}".utf8))
    let plain = try HTTPClient().send(HTTPRequest(url: HTTPURL(server.url), acceptsCompression: false))
    #expect(plain.body == gzip)
  }
}
