import Foundation
import TestSupport
import Testing

/// The standard variables of OTLP exporters, as the specification "OTLP Exporter Configuration" has them.
@Suite struct ExporterEnvironmentTests {
  /// Delivers one span to wherever the variables lead.
  private func deliver(_ variables: [String: String], _ options: [String] = []) throws -> ProgramResult {
    var environment: [String: String] = [:]
    for (name, value) in variables { environment["OTEL_EXPORTER_OTLP_\(name)"] = value }
    return try Program.run(
      ["relay", "--once", "--retry-for", "1ms"] + options, input: Spans.request(1, seed: 1), environment: environment)
  }

  private func server() throws -> StubServer {
    try StubServer { _ in .respond(status: 200, headers: ["Content-Type": "application/x-protobuf"]) }
  }

  @Test(
    "endpoints of HTTP: the shared one gets the signal's path, the signal's own is used as it is",
    arguments: [
      ("ENDPOINT", "", "/v1/traces"), ("ENDPOINT", "/", "/v1/traces"), ("ENDPOINT", "/otlp", "/otlp/v1/traces"),
      ("ENDPOINT", "/otlp/", "/otlp/v1/traces"), ("TRACES_ENDPOINT", "/custom", "/custom"),
      ("TRACES_ENDPOINT", "/v1/traces", "/v1/traces"), ("TRACES_ENDPOINT", "", "/"), ("TRACES_ENDPOINT", "/", "/"),
    ])
  func endpoints(_ variable: String, _ path: String, _ expected: String) throws {
    let server = try server()
    for transport in ["", "http/protobuf", "http/json"] {
      let result = try deliver([variable: server.url + path, "PROTOCOL": transport])
      #expect(result.status == 0, "\(result.errors)")
    }
    #expect(server.requests.map(\.path) == [expected, expected, expected])
    #expect(server.requests.allSatisfy { $0.headers["content-type"] == "application/x-protobuf" })
  }

  @Test("the signal's own variables weigh more than the shared ones")
  func signals() throws {
    let server = try server()
    let shared = try self.server()
    let result = try deliver([
      "ENDPOINT": shared.url, "TRACES_ENDPOINT": server.url + "/t", "HEADERS": "a=shared,b=shared",
      "TRACES_HEADERS": "a=own", "COMPRESSION": "gzip", "TRACES_COMPRESSION": "none", "PROTOCOL": "grpc",
      "TRACES_PROTOCOL": "http/protobuf", "METRICS_ENDPOINT": shared.url,
    ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(shared.requests.isEmpty)
    let request = try #require(server.requests.first)
    #expect(request.path == "/t")
    #expect(request.headers["a"] == "own")
    #expect(request.headers["b"] == nil)
    #expect(request.headers["content-encoding"] == nil)
  }

  @Test("headers are percent-encoded, and spaces around them do not count")
  func headers() throws {
    let server = try server()
    let result = try deliver([
      "ENDPOINT": server.url, "HEADERS": " api-key = a%2Cb%3D%20c%C3%BC ,\tx-empty=, Authorization=Basic%20dTpw,",
    ])
    #expect(result.status == 0, "\(result.errors)")
    let headers = try #require(server.requests.first?.headers)
    #expect(headers["api-key"] == "a,b= cü")
    #expect(headers["x-empty"] == "")
    #expect(headers["authorization"] == "Basic dTpw")
  }

  @Test(
    "compression", arguments: [("gzip", "gzip"), ("none", nil), ("zstd", "zstd"), ("", "gzip")] as [(String, String?)])
  func compression(_ value: String, _ expected: String?) throws {
    let server = try server()
    #expect(try deliver(["ENDPOINT": server.url, "COMPRESSION": value]).status == 0)
    #expect(server.requests.first?.headers["content-encoding"] == expected)
  }

  @Test("the timeout is in milliseconds")
  func timeout() throws {
    let server = try StubServer { _ in .silence }
    let result = try deliver(["ENDPOINT": server.url, "TIMEOUT": "150"])
    #expect(result.status == 3)
    #expect(result.errors.contains("no answer from \(server.url): nothing moved for 150ms"), "\(result.errors)")
  }

  @Test("gRPC, plain and with TLS, with and without a scheme", .enabled(if: Certificates.areAvailable))
  func grpc() throws {
    let certificates = try Certificates.shared.get()
    let server = try StubGRPCServer { _ in .init(body: [0, 0, 0, 0, 0], trailers: [("grpc-status", "0")]) }
    let front = try TLSFront(to: server.port, certificates, demandsClient: true)
    let tls = [
      "CERTIFICATE": certificates.authority, "CLIENT_CERTIFICATE": certificates.certificate("client"),
      "CLIENT_KEY": certificates.key("client"),
    ]
    let plain = [
      ["ENDPOINT": "http://127.0.0.1:\(server.port)"], ["TRACES_ENDPOINT": "http://127.0.0.1:\(server.port)/"],
      ["ENDPOINT": "127.0.0.1:\(server.port)", "INSECURE": "True"],
      // The scheme weighs more.
      ["ENDPOINT": "http://127.0.0.1:\(server.port)", "INSECURE": "false"],
    ]
    let secure = [
      ["ENDPOINT": "https://localhost:\(front.port)"], ["ENDPOINT": "localhost:\(front.port)"],
      ["ENDPOINT": "https://localhost:\(front.port)", "INSECURE": "true"],
    ]
    for variables in plain + secure.map({ $0.merging(tls) { $1 } }) {
      let result = try deliver(variables.merging(["PROTOCOL": "grpc"]) { $1 })
      #expect(result.status == 0, "\(variables): \(result.errors)")
    }
    #expect(server.bodies.count == 7)
    #expect(front.connections.all == 3)
  }

  @Test("options weigh more than variables")
  func options() throws {
    let server = try server()
    let other = try self.server()
    let result = try deliver(
      [
        "ENDPOINT": other.url, "HEADERS": "a=variable,b=variable", "COMPRESSION": "zstd", "TIMEOUT": "1",
        "PROTOCOL": "grpc", "CERTIFICATE": "/nowhere",
      ], ["--to", server.url, "--header", "A: option", "--compression", "none", "--timeout", "20s"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(other.requests.isEmpty)
    let request = try #require(server.requests.first)
    #expect(request.path == "/v1/traces")
    #expect(request.headers["a"] == "option")
    #expect(request.headers["b"] == "variable")
    #expect(request.headers["content-encoding"] == nil)
  }

  @Test(
    "what cannot be read is one line and status 2",
    arguments: [
      (["PROTOCOL": "thrift"], "PROTOCOL 'thrift': must be grpc, http/protobuf or http/json"),
      (["TIMEOUT": "10s"], "TIMEOUT '10s': must be milliseconds"),
      (["HEADERS": "secret"], "HEADERS: must be NAME=VALUE"),
      (["HEADERS": "a=b%0Ac"], "HEADERS: bad header"), (["COMPRESSION": "brotli"], "must be one of none, gzip, zstd"),
    ])
  func errors(_ variables: [String: String], _ text: String) throws {
    let result = try deliver(variables.merging(["ENDPOINT": "http://127.0.0.1:1"]) { $1 })
    #expect(result.status == 2)
    #expect(result.errorLines.count == 1)
    #expect(result.errors.contains(text), "\(result.errors)")
    #expect(!result.errors.contains("secret"))
  }
}
