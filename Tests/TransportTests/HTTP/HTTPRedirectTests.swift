import Foundation
import TestSupport
import Testing

@testable import Transport

@Suite struct HTTPRedirectTests {
  /// Answers every request with a redirect there.
  private func redirecting(_ status: Int, to location: String) throws -> StubServer {
    try StubServer { $0.path == "/end" ? .ok("{}") : .respond(status: status, headers: ["Location": location]) }
  }

  private func post(_ url: String, _ options: HTTPOptions = HTTPOptions()) throws -> HTTPResponse {
    try HTTPClient(options: options).send(HTTPRequest(method: .post, url: HTTPURL(url), body: .bytes([1, 2, 3])))
  }

  private func secretive() throws -> HTTPOptions {
    var options = HTTPOptions()
    try options.headers.add("X-Api-Key", "secret")
    return options
  }

  @Test("307 and 308 keep method and body on the same host", arguments: [307, 308])
  func keepsTheRequest(_ status: Int) throws {
    let server = try redirecting(status, to: "/end")
    #expect(try post(server.url + "/start", secretive()).status == 200)
    #expect(server.requests.map(\.method) == ["POST", "POST"])
    #expect(server.requests.last?.body == [1, 2, 3])
    #expect(server.requests.last?.headers["x-api-key"] == "secret")
  }

  @Test("what would change the method is not followed", arguments: [301, 302, 303])
  func changesNoMethod(_ status: Int) throws {
    let server = try redirecting(status, to: "/end")
    #expect(try post(server.url).status == status)
    #expect(server.requests.count == 1)
  }

  @Test func staysOnTheHost() throws {
    let other = try StubServer { _ in .ok("{}") }
    let away = try redirecting(308, to: "http://localhost:\(other.port)/end")
    #expect(try post(away.url).status == 308)
    #expect(other.requests.isEmpty)
    // Another port is another server: not with a secret, which is not for it.
    let near = try redirecting(308, to: other.url + "/end")
    #expect(try post(near.url, secretive()).status == 308)
    #expect(other.requests.isEmpty)
    #expect(try post(near.url).status == 200)
    #expect(other.requests.count == 1)
  }

  @Test("TLS on the same host gets the credentials", .enabled(if: Certificates.areAvailable))
  func followsIntoTLS() throws {
    let certificates = try Certificates.shared.get()
    let server = try StubServer { _ in .ok("{}") }
    let front = try TLSFront(to: server.port, certificates)
    let plain = try redirecting(308, to: "https://localhost:\(front.port)/end")
    var options = try secretive()
    options.tlsCA = certificates.authority
    options.version = .http1
    #expect(try post("http://localhost:\(plain.port)/start", options).status == 200)
    #expect(server.requests.map(\.body) == [[1, 2, 3]])
    #expect(server.requests.first?.headers["x-api-key"] == "secret")
  }

  @Test func showsWhereItLeads() throws {
    let server = try redirecting(308, to: "https://user:secret@other.example/v1/traces?token=secret")
    let exporter = try OTLPExporter(endpoint: OTLPEndpoint(server.url, signal: .traces))
    #expect(
      exporter.export(.bytes([1]))
        == .refused(reason: "HTTP 308; it redirects to …@other.example/v1/traces", scope: .destination))
  }
}
