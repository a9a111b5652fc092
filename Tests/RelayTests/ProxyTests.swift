import TestSupport
import Testing

/// Destinations behind a proxy that the environment names.
@Suite(.enabled(if: Certificates.areAvailable)) struct ProxyTests {
  private let certificates: Certificates
  private let destination: StubGRPCServer
  private let front: TLSFront

  init() throws {
    certificates = try Certificates.shared.get()
    destination = try StubGRPCServer { _ in .init(body: [0, 0, 0, 0, 0], trailers: [("grpc-status", "0")]) }
    front = try TLSFront(to: destination.port, certificates)
  }

  /// Delivers one span with these variables. Only the proxy finds the host.
  private func deliver(_ environment: [String: String], host: String = "destination.invalid") throws -> ProgramResult {
    try Program.run(
      [
        "relay", "--once", "--to", "grpcs://\(host):\(front.port)", "--tls-ca", certificates.authority,
        "--tls-server-name", "localhost", "--retry-for", "1ms",
      ], input: Spans.request(1, seed: 1), environment: environment)
  }

  @Test(arguments: ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
  func leadsThroughTheProxy(_ variable: String) throws {
    let proxy = try ConnectProxy()
    let result = try deliver([variable: "http://127.0.0.1:\(proxy.port)"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(proxy.requests == ["CONNECT destination.invalid:\(front.port) HTTP/1.1"])
    #expect(destination.bodies.count == 1)
  }

  @Test func passesTheProxyBy() throws {
    let proxy = try ConnectProxy()
    let result = try deliver(["HTTPS_PROXY": "http://127.0.0.1:\(proxy.port)"], host: "localhost")
    #expect(result.status == 0, "\(result.errors)")
    let listed = try deliver(["HTTPS_PROXY": "http://127.0.0.1:\(proxy.port)", "NO_PROXY": ".invalid"])
    #expect(listed.status == 3)
    #expect(proxy.requests.isEmpty)
  }

  @Test func showsCredentialsToTheProxyAndNobodyElse() throws {
    let proxy = try ConnectProxy(credentials: "relay:p@ss")
    #expect(try deliver(["HTTPS_PROXY": "http://relay:p%40ss@127.0.0.1:\(proxy.port)"]).status == 0)
    let refused = try deliver(["HTTPS_PROXY": "http://relay:guess@127.0.0.1:\(proxy.port)"])
    #expect(refused.status == 3)
    #expect(refused.errors.contains("proxy http://127.0.0.1:\(proxy.port) wants other credentials (HTTP 407)"))
    #expect(!refused.errors.contains("guess"))
    #expect(destination.bodies.count == 1)
  }

  @Test func saysWhichProxyCannotBeReached() throws {
    let port = try StubServer.closedPort()
    let result = try deliver(["HTTPS_PROXY": "127.0.0.1:\(port)"])
    #expect(result.status == 3)
    #expect(result.errors.contains("proxy http://127.0.0.1:\(port): connection refused"))
  }
}
