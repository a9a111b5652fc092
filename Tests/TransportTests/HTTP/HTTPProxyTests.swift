import Foundation
import TestSupport
import Testing

@testable import Transport

@Suite struct HTTPProxyTests {
  private func proxy(for server: String, _ environment: [String: String]) throws -> String? {
    try HTTPProxy.forServer(HTTPURL(server, schemes: ["grpcs"])) { environment[$0] }?.url.absolute
  }

  @Test func readsTheEnvironmentAsLibcurlDoes() throws {
    #expect(try proxy(for: "grpcs://h", [:]) == nil)
    #expect(try proxy(for: "grpcs://h", ["http_proxy": "http://p:1"]) == nil)
    #expect(try proxy(for: "grpcs://h", ["HTTPS_PROXY": "http://p:1"]) == "http://p:1/")
    #expect(try proxy(for: "grpcs://h", ["HTTPS_PROXY": "http://p:1", "https_proxy": "q:2"]) == "http://q:2/")
    #expect(try proxy(for: "grpcs://h", ["ALL_PROXY": "socks5h://p:1"]) == "socks5h://p:1/")
    #expect(try proxy(for: "grpcs://h", ["HTTPS_PROXY": "", "all_proxy": "p"]) == "http://p/")
    #expect(try proxy(for: "grpcs://a.example", ["https_proxy": "p", "NO_PROXY": "x, .example"]) == nil)
    #expect(throws: HTTPError.self) { try proxy(for: "grpcs://h", ["https_proxy": "ftp://p"]) }
  }

  @Test(arguments: ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.8.0.1", "[::1]"])
  func leavesThisHostAlone(_ host: String) throws {
    #expect(try proxy(for: "grpcs://\(host):4317", ["https_proxy": "http://p:1"]) == nil)
  }

  @Test(arguments: [
    ("tempo.example", "*", true), ("tempo.example", "example", true), ("tempo.example", ".example", true),
    ("tempo.example", "tempo.example.", true), ("TEMPO.example", "tempo.EXAMPLE", true),
    ("tempo.example", "po.example", false), ("tempo.example", "other,tempo.example", true),
    ("tempo.example", "", false), ("10.1.2.3", "10.0.0.0/8", true), ("10.1.2.3", "10.1.2.3", true),
    ("10.1.2.3", "10.1.2.0/24", true), ("10.1.3.3", "10.1.2.0/24", false), ("10.1.2.3", "2.3", false),
    ("[2001:db8::1]", "2001:db8::/32", true), ("::1", "[::1]", true), ("::1", "127.0.0.0/8", false),
    ("10.1.2.3", "10.0.0.0/99", false),
  ])
  func exempts(_ host: String, _ list: String, _ expected: Bool) {
    #expect(HTTPProxy.isExempt(host, list) == expected)
  }
}
