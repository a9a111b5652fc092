import Backends
import Foundation
import TestSupport
import Testing

@testable import Relay

/// Receivers behind TLS.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"))) struct TLSTests {
  /// A small authority, and certificates that it has signed.
  private struct Authority {
    let directory: TemporaryDirectory

    init() throws {
      directory = try TemporaryDirectory()
      try openssl(
        [
          "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
          "/CN=ca",
        ]
          + ["-keyout", path("ca.key"), "-out", path("ca.pem")])
      try "subjectAltName=DNS:localhost,IP:127.0.0.1\n".write(
        toFile: path("names"), atomically: true, encoding: .utf8)
      for name in ["server", "client"] {
        try openssl(
          ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=\(name)"]
            + ["-keyout", path("\(name).key"), "-out", path("\(name).csr")])
        try openssl(
          [
            "x509", "-req", "-in", path("\(name).csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"),
            "-CAcreateserial",
          ]
            + ["-days", "2", "-extfile", path("names"), "-out", path("\(name).pem")])
      }
    }

    func path(_ name: String) -> String { directory.path(name) }

    private func openssl(_ arguments: [String]) throws {
      let result = try Program.run(arguments, executable: "/usr/bin/openssl")
      try #require(result.status == 0, "\(result.errors)")
    }
  }

  @Test("TLS with and without client certificates, HTTP/1.1, HTTP/2 and large bodies")
  func mutual() throws {
    let authority = try Authority()
    for demandsClient in [false, true] {
      let sink = try CollectingSink()
      let relay = try RelayUnderTest(to: [sink.url]) {
        $0.listenTLS = ListenTLS(
          certificate: authority.path("server.pem"), key: authority.path("server.key"),
          clientCA: demandsClient ? authority.path("ca.pem") : nil)
      }
      var seed: UInt64 = 0
      for version in [HTTPOptions.Version.http1, .automatic] {
        for showsClient in [false, true] {
          var options = HTTPOptions()
          options.version = version
          options.tlsCA = authority.path("ca.pem")
          if showsClient {
            options.tlsCertificate = authority.path("client.pem")
            options.tlsKey = authority.path("client.key")
          }
          seed += 1
          let body = Spans.request(400, seed: seed, padding: 3000)
          let request = HTTPRequest(
            method: .post, url: try HTTPURL("https://localhost:\(relay.port)/v1/traces"),
            headers: ["Content-Type": "application/x-protobuf"], body: .bytes(body))
          let client = try HTTPClient(options: options)
          if demandsClient, !showsClient {
            #expect(throws: HTTPError.self) { try client.send(request) }
          } else {
            #expect(try client.send(request).status == 200)
          }
        }
      }
      let report = relay.stop()
      #expect(report.isComplete)
      #expect(sink.counts.count == (demandsClient ? 800 : 1600))
    }
  }

  /// Sends a thousand spans the way an application would: a tracer, a batch processor, an exporter.
  private static let application = """
    import sys
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    transport, endpoint, compression = sys.argv[1:4]
    if transport == "grpc":
        from grpc import Compression
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    else:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter, Compression
        endpoint += "/v1/traces"
    exporter = OTLPSpanExporter(
        endpoint=endpoint, compression=Compression.Gzip if compression == "gzip" else Compression.NoCompression)
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=4096))
    tracer = provider.get_tracer("test")
    for index in range(1000):
        with tracer.start_span("work"):
            pass
    provider.force_flush()
    provider.shutdown()
    """

  @Test(
    "the Python SDK with a client certificate works unchanged", .enabled(if: Tools.hasPython),
    arguments: ["grpc", "http"], ["none", "gzip"])
  func pythonSDK(_ transport: String, _ compression: String) throws {
    let authority = try Authority()
    let relay = try RelayUnderTest(to: ["file:/dev/null"]) {
      $0.listenTLS = ListenTLS(
        certificate: authority.path("server.pem"), key: authority.path("server.key"),
        clientCA: authority.path("ca.pem"))
    }
    let result = try Tools.runPython(
      Self.application, [transport, "https://localhost:\(relay.port)", compression],
      environment: [
        "OTEL_EXPORTER_OTLP_CERTIFICATE": authority.path("ca.pem"),
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": authority.path("client.pem"),
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": authority.path("client.key"), "REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": "",
      ])
    #expect(result.status == 0, "\(result.errors)")
    let report = relay.stop()
    #expect(report.lines[0].sent == 1000, "\(result.errors)")
  }

  @Test("a certificate or key that cannot be used is an error at the start")
  func badFiles() throws {
    let authority = try Authority()
    for (certificate, key) in [("names", "server.key"), ("server.pem", "client.key"), ("missing", "server.key")] {
      #expect(throws: RelayError.self) {
        try RelayUnderTest(to: ["file:/dev/null"]) {
          $0.listenTLS = ListenTLS(certificate: authority.path(certificate), key: authority.path(key))
        }
      }
    }
  }
}
