import Foundation
import TestSupport
import Testing

@testable import Transport

@Suite struct HTTPCredentialTests {
  private func temporaryFile(_ text: String) throws -> String {
    let path = NSTemporaryDirectory() + "/ongrid-" + UUID().uuidString
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  @Test func sendsTokenTenantAndHeaders() throws {
    let path = try temporaryFile("first-token\n")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let server = try StubServer { _ in .ok("{}") }
    var options = HTTPOptions()
    options.bearerTokenFile = CredentialFile(path: path)
    options.tenant = "team-a"
    try options.headers.add("X-Extra", "1")
    options.userAgent = "ongrid/9.9"
    let client = try HTTPClient(options: options)
    _ = try client.send(HTTPRequest(url: HTTPURL(server.url)))
    try "second-token".write(toFile: path, atomically: true, encoding: .utf8)
    _ = try client.send(HTTPRequest(url: HTTPURL(server.url)))
    let headers = server.requests.map(\.headers)
    #expect(headers.map { $0["authorization"] } == ["Bearer first-token", "Bearer second-token"])
    #expect(headers[0]["x-scope-orgid"] == "team-a")
    #expect(headers[0]["x-extra"] == "1")
    #expect(headers[0]["user-agent"] == "ongrid/9.9")
  }

  @Test func sendsBasicAuthentication() throws {
    let path = try temporaryFile("ann:pa:ss")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let server = try StubServer { _ in .ok("{}") }
    var options = HTTPOptions()
    options.basicAuthFile = CredentialFile(path: path)
    _ = try HTTPClient(options: options).send(HTTPRequest(url: HTTPURL(server.url)))
    _ = try HTTPClient().send(HTTPRequest(url: HTTPURL("http://u%40x:p@127.0.0.1:\(server.port)/")))
    let expected = ["ann:pa:ss", "u@x:p"].map { "Basic " + Data($0.utf8).base64EncodedString() }
    #expect(server.requests.map { $0.headers["authorization"] } == expected)
  }

  @Test func refusesBadCredentialFiles() throws {
    let cases = [
      ("", "is empty"), ("one\ntwo", "more than one line"), (String(repeating: "x", count: 70_000), "too large"),
    ]
    for (content, reason) in cases {
      let path = try temporaryFile(content)
      defer { try? FileManager.default.removeItem(atPath: path) }
      let error = #expect(throws: HTTPError.self) { try CredentialFile(path: path).read() }
      #expect(error?.description.contains(reason) == true)
    }
    let missing = #expect(throws: HTTPError.self) { try CredentialFile(path: "/nonexistent/token").read() }
    #expect(missing?.description == "cannot read /nonexistent/token: no such file or directory")
  }

  @Test func redirectsKeepSecretsAtHome() throws {
    let path = try temporaryFile("secret")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let other = try StubServer { _ in .ok("{\"other\":1}") }
    let otherURL = other.url
    let server = try StubServer { request in
      switch request.path {
      case "/away": .respond(status: 302, headers: ["Location": otherURL + "/there"])
      case "/near": .respond(status: 307, headers: ["Location": "/end"])
      case "/loop": .respond(status: 302, headers: ["Location": "/loop"])
      case "/file": .respond(status: 302, headers: ["Location": "file:///etc/passwd"])
      default: .ok("{}")
      }
    }
    var options = HTTPOptions()
    options.bearerTokenFile = CredentialFile(path: path)
    options.tenant = "team-a"
    try options.headers.add("X-Api-Key", "secret")
    let client = try HTTPClient(options: options)

    let away = try client.send(HTTPRequest(url: HTTPURL(server.url + "/away")))
    #expect(away.body == Array("{\"other\":1}".utf8))
    for name in ["authorization", "x-scope-orgid", "x-api-key"] { #expect(other.requests[0].headers[name] == nil) }

    #expect(try client.send(HTTPRequest(url: HTTPURL(server.url + "/near"))).status == 200)
    #expect(server.requests.last?.headers["authorization"] == "Bearer secret")
    #expect(throws: HTTPError.tooManyRedirects(origin: server.url)) {
      try client.send(HTTPRequest(url: HTTPURL(server.url + "/loop")))
    }
    #expect(throws: HTTPError.self) { try client.send(HTTPRequest(url: HTTPURL(server.url + "/file"))) }
    let posted = try client.send(HTTPRequest(method: .post, url: HTTPURL(server.url + "/away"), body: .bytes([1])))
    #expect(posted.status == 302)
    #expect(other.requests.count == 1)
  }

  @Test func headersCannotBeInjected() throws {
    for line in ["X: a\r\nY: b", "no colon", ": empty", "X Y: z", "X: a\u{0}b"] {
      #expect(throws: HTTPError.self) { try HTTPHeaders(line: line) }
    }
    #expect(try HTTPHeaders(line: "X-A :  b c ")["x-a"] == "b c")
    #expect(HTTPError.invalidHeader("x").description.contains("header"))
  }
}
