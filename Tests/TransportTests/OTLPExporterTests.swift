import Foundation
import Platform
import TestSupport
import Testing

@testable import Transport

@Suite struct OTLPExporterTests {
  /// ExportTraceServiceResponse { partial_success { rejected_spans: 3, error_message: "bad" } }
  private let partial: [UInt8] = [0x0a, 7, 8, 3, 0x12, 3, 0x62, 0x61, 0x64]
  private let request = Array("two serialized requests".utf8)

  @Test(arguments: [
    ("http://h", "http://h/v1/traces"), ("http://h:4318/", "http://h:4318/v1/traces"),
    ("https://h/otlp/v1/traces", "https://h/otlp/v1/traces"),
    ("grpc://h", "grpc://h:4317/opentelemetry.proto.collector.trace.v1.TraceService/Export"),
    ("grpcs://h:443", "grpcs://h:443/opentelemetry.proto.collector.trace.v1.TraceService/Export"),
  ])
  func completesEndpoints(_ text: String, expected: String) throws {
    #expect(try OTLPEndpoint(text, signal: .traces).url.absolute == expected)
  }

  @Test func knowsTheOtherSignals() throws {
    #expect(try OTLPEndpoint("http://h", signal: .logs).url.path == "/v1/logs")
    #expect(throws: HTTPError.self) { try OTLPEndpoint("grpc://h/v1/traces", signal: .traces) }
    #expect(throws: HTTPError.self) { try OTLPEndpoint("ftp://h", signal: .traces) }
  }

  private func exportHTTP(_ answer: StubServer.Answer) throws -> ExportOutcome {
    let server = try StubServer { _ in answer }
    return try OTLPExporter(endpoint: OTLPEndpoint(server.url, signal: .traces))
      .export(.bytes(request), timeout: .seconds(2))
  }

  @Test func postsProtobuf() throws {
    let server = try StubServer { _ in .respond(status: 200) }
    let exporter = try OTLPExporter(endpoint: OTLPEndpoint(server.url, signal: .traces))
    #expect(exporter.export(.pieces([request[..<5], request[5...]]), encoding: .gzip) == .delivered())
    #expect(exporter.export(.bytes(request)) == .delivered())
    let received = server.requests
    #expect(received.map(\.path) == ["/v1/traces", "/v1/traces"])
    #expect(received.map(\.body) == [request, request])
    #expect(received.map { $0.headers["content-encoding"] } == ["gzip", nil])
    #expect(received[0].headers["content-type"] == "application/x-protobuf")
    #expect(server.connectionCount == 1)
  }

  @Test func classifiesHTTPAnswers() throws {
    let protobuf = ["Content-Type": "application/x-protobuf"]
    let status: [UInt8] = [8, 3, 0x12, 4] + Array("nope".utf8)
    let cases: [(StubServer.Answer, ExportOutcome)] = [
      (.respond(status: 200, headers: protobuf, body: partial), .delivered(rejected: 3, message: "bad")),
      (.respond(status: 200, headers: protobuf, body: []), .delivered()),
      (.respond(status: 200, headers: protobuf, body: [0xff]), .delivered()),
      (.ok("{}"), .delivered()),
      (.respond(status: 400, headers: protobuf, body: status), .refused(reason: "HTTP 400: nope", scope: .content)),
      (.text(401, "go away\n"), .refused(reason: "HTTP 401: go away", scope: .destination)),
      (.text(500, ""), .refused(reason: "HTTP 500", scope: .content)),
      (
        .respond(status: 413, headers: ["Content-Type": "text/html"], body: Array("<html>".utf8)),
        .refused(reason: "HTTP 413", scope: .size)
      ),
      (.text(503, "busy"), .failed(reason: "HTTP 503: busy", cause: .overload)),
      (
        .respond(status: 429, headers: ["Retry-After": "7"]),
        .failed(reason: "HTTP 429", retryAfter: .seconds(7), cause: .overload)
      ),
    ]
    for (answer, expected) in cases { #expect(try exportHTTP(answer) == expected) }
  }

  @Test func connectionFailuresAreRetryable() throws {
    let port = try StubServer.closedPort()
    for scheme in ["http", "grpc"] {
      let exporter = try OTLPExporter(endpoint: OTLPEndpoint("\(scheme)://127.0.0.1:\(port)", signal: .traces))
      let expected = ExportOutcome.failed(
        reason: "cannot reach \(scheme)://127.0.0.1:\(port): connection refused", cause: .connection)
      #expect(exporter.export(.bytes(request), timeout: .seconds(2)) == expected)
    }
    for answer in [StubServer.Answer.close, .silence, .cutOff(after: 1, body: [1, 2])] {
      let server = try StubServer { _ in answer }
      let exporter = try OTLPExporter(endpoint: OTLPEndpoint(server.url, signal: .traces))
      guard case .failed(_, nil, let cause) = exporter.export(.bytes(request), timeout: .milliseconds(300)) else {
        Issue.record("\(answer) was not a failure")
        continue
      }
      if case .silence = answer { #expect(cause == .timeout) } else { #expect(cause == .connection) }
    }
  }

  @Test func aTalkativeServerHasAccepted() throws {
    guard case .delivered(0, let message?) = try exportHTTP(.endless(bytes: 64 << 20)) else {
      Issue.record("not accepted")
      return
    }
    #expect(message.contains("larger than"))
  }

  private func exportGRPC(_ answer: StubGRPCServer.Answer) throws -> ExportOutcome {
    let server = try StubGRPCServer { _ in answer }
    return try OTLPExporter(endpoint: OTLPEndpoint("grpc://127.0.0.1:\(server.port)", signal: .traces))
      .export(.bytes(request), timeout: .seconds(5))
  }

  @Test func framesMessages() throws {
    let server = try StubGRPCServer { _ in .init(body: [0, 0, 0, 0, 0], trailers: [("grpc-status", "0")]) }
    let exporter = try OTLPExporter(endpoint: OTLPEndpoint("grpc://127.0.0.1:\(server.port)", signal: .traces))
    let large = [UInt8](repeating: 7, count: 1_000_000)
    #expect(exporter.export(.pieces([large[...], request[...]]), encoding: .gzip) == .delivered())
    #expect(exporter.export(.bytes(request)) == .delivered())
    let views = request.withByteView { exporter.export(.views([$0.prefix(4), $0.dropFirst(4)])) }
    #expect(views == .delivered())
    let header: [UInt8] = [1, 0, 0x0f, 0x42, 0x40 + UInt8(request.count)]
    let small: [UInt8] = [0, 0, 0, 0, UInt8(request.count)] + request
    // Not compared inside the macro, which would print a megabyte.
    let matches = server.bodies == [header + large + request, small, small]
    #expect(matches)
  }

  @Test func classifiesGRPCAnswers() throws {
    // google.rpc.Status { details { type_url, value: RetryInfo { retry_delay { seconds: 2, nanos: 500000000 } } } }
    let delay: [UInt8] = [0x0a, 8, 8, 2, 0x10, 0x80, 0xca, 0xb5, 0xee, 1]
    let type = Array("type.googleapis.com/google.rpc.RetryInfo".utf8)
    let any = [0x0a, UInt8(type.count)] + type + [0x12, UInt8(delay.count)] + delay
    let details = Data([8, 8, 0x1a, UInt8(any.count)] + any).base64EncodedString().replacingOccurrences(
      of: "=", with: "")
    let framed: [UInt8] = [0, 0, 0, 0, UInt8(partial.count)] + partial
    let cases: [(StubGRPCServer.Answer, ExportOutcome)] = [
      (.init(body: framed, trailers: [("grpc-status", "0")]), .delivered(rejected: 3, message: "bad")),
      (.init(headers: [("content-type", "application/grpc"), ("grpc-status", "0")]), .delivered()),
      (
        .init(trailers: [("grpc-status", "3"), ("grpc-message", "bad%20%22x%22")]),
        .refused(reason: "gRPC INVALID_ARGUMENT: bad \"x\"", scope: .content)
      ),
      (.init(trailers: [("grpc-status", "14")]), .failed(reason: "gRPC UNAVAILABLE", cause: .overload)),
      (.init(trailers: [("grpc-status", "8")]), .refused(reason: "gRPC RESOURCE_EXHAUSTED", scope: .capacity)),
      (
        .init(trailers: [("grpc-status", "8"), ("grpc-message", "received message larger than max (9 vs. 4)")]),
        .refused(reason: "gRPC RESOURCE_EXHAUSTED: received message larger than max (9 vs. 4)", scope: .size)
      ),
      (
        .init(status: 413, headers: [("content-type", "text/html")], body: Array("<html>".utf8)),
        .refused(reason: "gRPC UNKNOWN: HTTP 413", scope: .size)
      ),
      (
        .init(status: 503, headers: [("retry-after", "7")]),
        .failed(reason: "gRPC UNAVAILABLE: HTTP 503", retryAfter: .seconds(7), cause: .overload)
      ),
      (
        .init(trailers: [("grpc-status", "8"), ("grpc-status-details-bin", details)]),
        .failed(reason: "gRPC RESOURCE_EXHAUSTED", retryAfter: .milliseconds(2500), cause: .overload)
      ),
      (.init(body: [0, 0, 0, 0, 0]), .failed(reason: "the gRPC answer has no status", cause: .connection)),
    ]
    for (answer, expected) in cases { #expect(try exportGRPC(answer) == expected) }
  }
}
