import Foundation
import Platform
import TestSupport
import Testing

@testable import Relay

/// RFC 9112 and the ways in which two readers of one byte stream come to disagree on where a request ends.
///
/// Each case is what follows the request line and `Host`, unless it brings its own, and the status it must have. What is
/// refused also ends the connection, so that nothing behind it can be taken for a request.
@Suite struct HTTP1ConformanceTests {
  private static let type = "Content-Type: application/x-protobuf\r\n"
  private static let chunked = type + "Transfer-Encoding: chunked\r\n\r\n"
  private static let empty = type + "Content-Length: 0\r\n\r\n"

  private static let wrong: [HTTP1Case] = [
    // Host, section 3.2.
    HTTP1Case("no Host", 400, host: "", empty),
    HTTP1Case("two Hosts", 400, "Host: y\r\n" + empty),
    HTTP1Case("two equal Hosts", 400, "Host: x\r\n" + empty),
    HTTP1Case("a Host that is none", 400, host: "Host: a b\r\n", empty),
    HTTP1Case("a Host with a path", 400, host: "Host: a/b\r\n", empty),
    HTTP1Case("a Host with a user", 400, host: "Host: me@a\r\n", empty),
    // The request line, section 3.
    HTTP1Case("two spaces", 400, line: "POST  /v1/traces HTTP/1.1", empty),
    HTTP1Case("a tab for a space", 400, line: "POST\t/v1/traces HTTP/1.1", empty),
    HTTP1Case("a space in the target", 400, line: "POST /v1/ traces HTTP/1.1", empty),
    HTTP1Case("no version", 400, line: "POST /v1/traces", empty),
    HTTP1Case("a version in lower case", 400, line: "POST /v1/traces http/1.1", empty),
    HTTP1Case("an absurd version", 400, line: "POST /v1/traces HTTP/1.1.1", empty),
    HTTP1Case("version 2 in text", 505, line: "POST /v1/traces HTTP/2.0", empty),
    HTTP1Case("a target without a slash", 400, line: "POST v1/traces HTTP/1.1", empty),
    HTTP1Case("a target with a fragment", 400, line: "POST /v1/traces#x HTTP/1.1", empty),
    HTTP1Case("a target beyond ASCII", 400, line: "POST /v1/tracés HTTP/1.1", empty),
    HTTP1Case("an absolute target with a user", 400, line: "POST http://me@x/v1/traces HTTP/1.1", empty),
    HTTP1Case("an absolute target without a host", 400, line: "POST http:///v1/traces HTTP/1.1", empty),
    HTTP1Case("a method that is no token", 400, line: "PO(ST /v1/traces HTTP/1.1", empty),
    // Field lines, section 5.
    HTTP1Case("a space before the colon", 400, "X-A : b\r\n" + empty),
    HTTP1Case("a tab before the colon", 400, "X-A\t: b\r\n" + empty),
    HTTP1Case("a folded line", 400, "X-A: b\r\n c\r\n" + empty),
    HTTP1Case("a folded first line", 400, host: " Host: x\r\n", empty),
    HTTP1Case("no name", 400, ": b\r\n" + empty),
    HTTP1Case("no colon", 400, "X-A\r\n" + empty),
    HTTP1Case("a control character in a value", 400, "X-A: b\u{1}\r\n" + empty),
    HTTP1Case("a NUL in a value", 400, "X-A: b\u{0}\r\n" + empty),
    HTTP1Case("a DEL in a value", 400, "X-A: b\u{7f}\r\n" + empty),
    HTTP1Case("a CR in a value", 400, "X-A: b\rTransfer-Encoding: chunked\r\n" + empty),
    HTTP1Case("a line that ends with LF", 400, "X-A: b\n" + empty),
    HTTP1Case("a head that ends with LF LF", 400, type + "Content-Length: 0\n\n"),
    HTTP1Case("a head that ends with CR LF LF", 400, type + "Content-Length: 0\r\n\n"),
    // Lengths, section 6.
    HTTP1Case("two lengths", 400, type + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    HTTP1Case("one length twice", 400, type + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n"),
    HTTP1Case("a list of lengths", 400, type + "Content-Length: 0, 0\r\n\r\n"),
    HTTP1Case("a length with a sign", 400, type + "Content-Length: +0\r\n\r\n"),
    HTTP1Case("a negative length", 400, type + "Content-Length: -1\r\n\r\n"),
    HTTP1Case("a length in hexadecimal", 400, type + "Content-Length: 0x0\r\n\r\n"),
    HTTP1Case("a length with a blank inside", 400, type + "Content-Length: 0 0\r\n\r\n"),
    HTTP1Case("no length", 400, type + "Content-Length:\r\n\r\n"),
    HTTP1Case("a length beyond 64 bits", 400, type + "Content-Length: 18446744073709551616\r\n\r\n"),
    HTTP1Case("a length and chunks", 400, type + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    HTTP1Case("chunks and a length", 400, type + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
    HTTP1Case("chunks in HTTP/1.0", 400, line: "POST /v1/traces HTTP/1.0", chunked + "0\r\n\r\n"),
    HTTP1Case("chunked twice", 400, type + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    HTTP1Case("chunked, chunked", 400, type + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    HTTP1Case("another coding", 400, type + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    HTTP1Case("a coding that only looks like it", 400, type + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    HTTP1Case("a coding behind a vertical tab", 400, type + "Transfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n"),
    HTTP1Case("a coding in quotes", 400, type + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
    HTTP1Case("no coding", 400, type + "Transfer-Encoding:\r\nContent-Length: 0\r\n\r\n"),
    // Chunks, section 7.1.
    HTTP1Case("garbage behind a chunk's size", 400, chunked + "2 garbage\r\n\n\0\r\n0\r\n\r\n"),
    HTTP1Case("a blank behind a chunk's size", 400, chunked + "0 \r\n\r\n"),
    HTTP1Case("a chunk's size with 0x", 400, chunked + "0x0\r\n\r\n"),
    HTTP1Case("a chunk's size with a sign", 400, chunked + "-0\r\n\r\n"),
    HTTP1Case("a chunk without a size", 400, chunked + ";x=y\r\n\r\n0\r\n\r\n"),
    HTTP1Case("a chunk's size that ends with LF", 400, chunked + "0\n\r\n"),
    HTTP1Case("a chunk's extension with a CR", 400, chunked + "0;a\rb\r\n\r\n"),
    HTTP1Case("a chunk's extension with LF", 400, chunked + "0;a\nb\r\n\r\n"),
    HTTP1Case("a chunk longer than its size", 400, chunked + "1\r\nab\r\n0\r\n\r\n"),
    HTTP1Case("a chunk that ends with LF", 400, chunked + "2\r\n\n\0\n0\r\n\r\n"),
    HTTP1Case("a chunk's size of seventeen digits", 413, chunked + "10000000000000000\r\n"),
    HTTP1Case("a trailer without a colon", 400, chunked + "0\r\nX\r\n\r\n"),
    HTTP1Case("a trailer that is folded", 400, chunked + "0\r\nX: a\r\n b\r\n\r\n"),
    HTTP1Case("a trailer that ends with LF", 400, chunked + "0\r\nX: a\n\r\n"),
    // Fields that mean one thing only.
    HTTP1Case("two types", 400, type + "Content-Type: application/json\r\nContent-Length: 0\r\n\r\n"),
    HTTP1Case(
      "a body encoded twice", 415,
      type + "Content-Encoding: gzip\r\nContent-Encoding: identity\r\nContent-Length: 0\r\n\r\n"),
  ]

  @Test("what is ambiguous or malformed is refused, and what follows it is not read", arguments: wrong)
  func refused(_ refused: HTTP1Case) throws {
    let relay = try Self.relay.get()
    let client = try RawClient(port: relay.port)
    client.write(refused.request + "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
    if refused.status == 415 {
      #expect(try client.response().status == 415)
      return
    }
    let answer = String(decoding: client.readToEnd(), as: UTF8.self)
    #expect(answer.hasPrefix("HTTP/1.1 \(refused.status) "), "\(answer)")
    #expect(answer.components(separatedBy: "content-length: ").count == 2, "\(answer)")
  }

  private static let right: [HTTP1Case] = [
    HTTP1Case("plain", 200, empty),
    HTTP1Case("an absolute target", 200, line: "POST http://x/v1/traces HTTP/1.1", empty),
    HTTP1Case(
      "an absolute target with a port and a query", 200, line: "POST HTTP://x.example:4318/v1/traces?a=b HTTP/1.1",
      empty),
    HTTP1Case("an absolute target without a path", 404, line: "GET http://x HTTP/1.1", "\r\n"),
    HTTP1Case("a target with a query", 200, line: "POST /v1/traces?a=b HTTP/1.1", empty),
    HTTP1Case("an empty Host", 200, host: "Host:\r\n", empty),
    HTTP1Case("a Host in brackets", 200, host: "hOST: [::1]:4318\r\n", empty),
    HTTP1Case("no Host in HTTP/1.0", 200, line: "POST /v1/traces HTTP/1.0", host: "", empty),
    HTTP1Case("a later minor version", 200, line: "POST /v1/traces HTTP/1.2", empty),
    HTTP1Case("an empty line in front", 200, line: "\r\nPOST /v1/traces HTTP/1.1", empty),
    HTTP1Case("blanks around a value", 200, "X-A: \t b \t \r\n" + empty),
    HTTP1Case("bytes beyond ASCII in a value", 200, "X-A: é\r\n" + empty),
    HTTP1Case("chunks", 200, chunked + "0\r\n\r\n"),
    HTTP1Case("chunked in capitals", 200, type + "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n"),
    HTTP1Case("a chunk with extensions", 200, chunked + "0 ; a = \"b;c\" ;d\r\n\r\n"),
    HTTP1Case("a size with zeros in front", 200, chunked + "000\r\n\r\n"),
    HTTP1Case("a trailer", 200, chunked + "0\r\nX-A: b\r\n\r\n"),
    HTTP1Case("one type twice", 200, type + empty),
    HTTP1Case("a connection field that only looks like close", 200, "Connection: closet\r\n" + empty),
    HTTP1Case("anything but 100-continue is nothing to wait for", 200, "Expect: tea\r\n" + empty),
  ]

  @Test("what is right is taken, and the connection goes on where it should", arguments: right)
  func accepted(_ accepted: HTTP1Case) throws {
    let relay = try Self.relay.get()
    let client = try RawClient(port: relay.port)
    client.write(accepted.request)
    let answer = try client.response()
    #expect(answer.status == accepted.status)
    #expect(answer.headers["date"].flatMap { Timestamp(httpDate: $0) } != nil, "RFC 9110 demands the time of day")
    guard !accepted.request.contains("HTTP/1.0") else { return }
    client.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try client.response().status == 404)
  }

  @Test("HTTP/1.0 waits for no 100 Continue")
  func oldExpectation() throws {
    let client = try RawClient(port: try Self.relay.get().port)
    client.write("POST /v1/traces HTTP/1.0\r\n\(Self.type)Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    client.write([0x0a, 0x00])
    #expect(String(decoding: client.readToEnd(), as: UTF8.self).hasPrefix("HTTP/1.1 200 "))
  }

  /// One relay for all cases.
  private static let relay = Result { try SharedRelay(RelayUnderTest(to: ["file:/dev/null"])) }

  /// `@unchecked Sendable`: tests only read its port.
  private final class SharedRelay: @unchecked Sendable {
    private let relay: RelayUnderTest
    var port: Int { relay.port }
    init(_ relay: RelayUnderTest) { self.relay = relay }
  }
}

struct HTTP1Case: Sendable, CustomTestStringConvertible {
  let name: String
  let request: String
  let status: Int

  init(
    _ name: String, _ status: Int, line: String = "POST /v1/traces HTTP/1.1", host: String = "Host: x\r\n",
    _ rest: String
  ) {
    self.name = name
    self.status = status
    request = "\(line)\r\n\(host)\(rest)"
  }

  var testDescription: String { name }
}
