import Foundation
import OTLP
import Platform
import TestSupport
import Testing

@testable import Transport

/// The gRPC client against gRPC's own server for Python.
@Suite(.enabled(if: Tools.hasPython && Certificates.areAvailable)) struct PythonServerTests {
  /// Counts spans; answers with a partial success to a request of three, and is not available for one of four.
  private static let server = """
    import sys, time, grpc
    from concurrent import futures
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as messages
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as services
    mode, certificate, key, authority = sys.argv[1:5]
    class Service(services.TraceServiceServicer):
        def Export(self, request, context):
            spans = sum(len(s.spans) for r in request.resource_spans for s in r.scope_spans)
            name = context.auth_context().get("x509_common_name", [b"nobody"])[0].decode()
            print("received", spans, "from", name, flush=True)
            if spans == 4:
                context.abort(grpc.StatusCode.UNAVAILABLE, "later \\u00fc")
            reply = messages.ExportTraceServiceResponse()
            if spans == 3:
                reply.partial_success.rejected_spans = 2
                reply.partial_success.error_message = "too old"
            return reply
    server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", 64 << 20)])
    services.add_TraceServiceServicer_to_server(Service(), server)
    read = lambda path: open(path, "rb").read()
    if mode == "plain":
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials(
            [(read(key), read(certificate))], read(authority), mode == "mutual"))
    server.start()
    print("port", port, flush=True)
    sys.stdin.read()
    server.stop(0)
    """

  /// A request of `count` spans, padded.
  private func request(_ count: Int, padding: Int = 0) -> [UInt8] {
    var message = ByteBuffer()
    message.appendField(1) { resource in
      resource.appendField(2) { scope in
        for index in 0..<count {
          scope.appendField(2) { span in
            span.appendField(5, string: "span \(index)" + String(repeating: "x", count: padding))
          }
        }
      }
    }
    return [UInt8](message.view)
  }

  @Test(arguments: ["plain", "tls", "mutual"])
  func exports(_ mode: String) throws {
    let certificates = try Certificates.shared.get()
    let server = try Program(
      [
        "-c", Self.server, mode, certificates.certificate("server"), certificates.key("server"),
        certificates.authority,
      ], executable: Tools.python)
    defer { server.closeInput() }
    let line = try server.waitForLine(containing: "port ")
    let port = try #require(line.split(separator: " ").last)
    var options = HTTPOptions()
    options.tlsCA = certificates.authority
    if mode == "mutual" {
      options.tlsCertificate = certificates.certificate("client")
      options.tlsKey = certificates.key("client")
    }
    let scheme = mode == "plain" ? "grpc" : "grpcs"
    let exporter = try OTLPExporter(
      endpoint: OTLPEndpoint("\(scheme)://localhost:\(port)", signal: .traces), options: options)
    for _ in 0..<3 { #expect(exporter.export(.bytes(request(2))) == .delivered()) }
    #expect(exporter.export(.bytes(request(3))) == .delivered(rejected: 2, message: "too old"))
    #expect(exporter.export(.bytes(request(4))) == .failed(reason: "gRPC UNAVAILABLE: later ü", cause: .overload))
    #expect(exporter.export(.bytes(request(1000, padding: 5000))) == .delivered())
    let who = mode == "mutual" ? "client" : "nobody"
    try server.waitForLine(containing: "received 1000 from \(who)")
    if mode == "mutual" {
      options.tlsCertificate = nil
      options.tlsKey = nil
      let stranger = try OTLPExporter(
        endpoint: OTLPEndpoint("grpcs://localhost:\(port)", signal: .traces), options: options)
      // gRPC's servers close without an alert.
      guard case .failed = stranger.export(.bytes(request(2))) else {
        Issue.record("taken without a certificate")
        return
      }
    }
  }
}
