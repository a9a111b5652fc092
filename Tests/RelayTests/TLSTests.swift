import Compression
import Foundation
import HTTPServer
import TestSupport
import Testing
import Transport

@testable import Relay

/// Receivers behind TLS.
@Suite(.enabled(if: Certificates.areAvailable)) struct TLSTests {
  private let certificates: Certificates

  init() throws { certificates = try Certificates.shared.get() }

  /// What the receivers of a test show.
  private func tls(_ certificate: String = "server", key: String = "server", demandsClient: Bool = false) -> ListenTLS {
    ListenTLS(
      certificate: certificates.certificate(certificate), key: certificates.key(key),
      clientCA: demandsClient ? certificates.authority : nil)
  }

  @Test("TLS with and without client certificates, HTTP/1.1, HTTP/2 and large bodies")
  func mutual() throws {
    for demandsClient in [false, true] {
      let sink = try CollectingSink()
      let relay = try RelayUnderTest(to: [sink.url]) {
        $0.listenTLS = tls(demandsClient: demandsClient)
      }
      var seed: UInt64 = 0
      for version in [HTTPOptions.Version.http1, .automatic] {
        for showsClient in [false, true] {
          var options = HTTPOptions()
          options.version = version
          options.tlsCA = certificates.authority
          if showsClient {
            options.tlsCertificate = certificates.certificate("client")
            options.tlsKey = certificates.key("client")
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
    let relay = try RelayUnderTest(to: ["file:/dev/null"]) {
      $0.listenTLS = tls(demandsClient: true)
    }
    let result = try Tools.runPython(
      Self.application, [transport, "https://localhost:\(relay.port)", compression],
      environment: [
        "OTEL_EXPORTER_OTLP_CERTIFICATE": certificates.authority,
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": certificates.certificate("client"),
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": certificates.key("client"), "REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": "",
      ])
    #expect(result.status == 0, "\(result.errors)")
    let report = relay.stop()
    #expect(report.lines[0].sent == 1000, "\(result.errors)")
  }

  @Test("a certificate or key that cannot be used is an error at the start")
  func badFiles() throws {
    for (certificate, key) in [("client", "server"), ("server", "client"), ("missing", "server")] {
      #expect(throws: RelayError.self) {
        try RelayUnderTest(to: ["file:/dev/null"]) { $0.listenTLS = tls(certificate, key: key) }
      }
    }
  }

  @Test("a certificate that is replaced is shown from the next connection on")
  func rotatedCertificate() throws {
    let directory = try TemporaryDirectory()
    func publish(_ name: String) throws {
      for (source, target) in [(certificates.certificate(name), "tls.crt"), (certificates.key(name), "tls.key")] {
        let link = directory.path("new")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: source)
        #expect(rename(link, directory.path(target)) == 0)
      }
    }
    try publish("expired")
    let sink = try CollectingSink()
    let relay = try RelayUnderTest(to: [sink.url]) {
      $0.listenTLS = ListenTLS(certificate: directory.path("tls.crt"), key: directory.path("tls.key"))
    }
    var options = HTTPOptions()
    options.tlsCA = certificates.authority
    let request = HTTPRequest(
      method: .post, url: try HTTPURL("https://localhost:\(relay.port)/v1/traces"),
      headers: ["Content-Type": "application/x-protobuf"], body: .bytes(Spans.request(1, seed: 1)))
    #expect(throws: HTTPError.self) { try HTTPClient(options: options).send(request) }
    try publish("server")
    #expect(try HTTPClient(options: options).send(request).status == 200)
    #expect(relay.stop().isComplete)
  }

  @Test("from relay to relay: gRPC over TLS with client certificates", arguments: [ContentEncoding.identity, .gzip])
  func relayToRelay(_ encoding: ContentEncoding) throws {
    let sink = try CollectingSink()
    let far = try RelayUnderTest(to: [sink.url]) { $0.listenTLS = tls(demandsClient: true) }
    let near = try RelayUnderTest(to: ["grpcs://localhost:\(far.port)"]) {
      $0.destinations[0].compression = encoding
      $0.destinations[0].options.tlsCA = certificates.authority
      $0.destinations[0].options.tlsCertificate = certificates.certificate("client")
      $0.destinations[0].options.tlsKey = certificates.key("client")
    }
    for seed in 1...20 as ClosedRange<UInt64> {
      #expect(try near.send(Spans.request(500, seed: seed, padding: 500)).status == 200)
    }
    #expect(near.stop().isComplete)
    #expect(far.stop().isComplete)
    #expect(sink.counts.count == 10_000)
    #expect(sink.counts.values.allSatisfy { $0 == 1 })
  }
}
