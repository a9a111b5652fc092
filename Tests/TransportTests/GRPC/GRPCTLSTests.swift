import Foundation
import Platform
import TestSupport
import Testing

@testable import Transport

/// The gRPC client behind TLS, against servers that do as they should and servers that do not.
@Suite(.enabled(if: Certificates.areAvailable)) struct GRPCTLSTests {
  private let certificates: Certificates
  private let accepted = StubGRPCServer.Answer(body: [0, 0, 0, 0, 0], trailers: [("grpc-status", "0")])

  init() throws { certificates = try Certificates.shared.get() }

  private func options(_ change: (inout HTTPOptions) -> Void = { _ in }) -> HTTPOptions {
    var options = HTTPOptions()
    options.tlsCA = certificates.authority
    options.timeout = .seconds(20)
    change(&options)
    return options
  }

  private func exporter(_ port: Int, host: String = "localhost", _ options: HTTPOptions) throws -> OTLPExporter {
    try OTLPExporter(endpoint: OTLPEndpoint("grpcs://\(host):\(port)", signal: .traces), options: options)
  }

  /// What one small request to a port comes to.
  private func result(_ port: Int, host: String = "localhost", _ options: HTTPOptions) throws -> ExportOutcome {
    try exporter(port, host: host, options).export(.bytes(Array("request".utf8)))
  }

  private func refusal(_ result: ExportOutcome) -> String? {
    guard case .failed(let reason, nil, _) = result else { return nil }
    return reason
  }

  @Test("large and small requests over one connection, by name and by address", arguments: ["localhost", "127.0.0.1"])
  func exports(_ host: String) throws {
    let server = try StubGRPCServer { _ in accepted }
    let front = try TLSFront(to: server.port, certificates)
    let exporter = try exporter(front.port, host: host, options())
    let large = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    for _ in 0..<3 {
      #expect(exporter.export(.bytes(large)) == .delivered())
      #expect(exporter.export(.bytes([1, 2, 3])) == .delivered())
    }
    // Not compared inside the macro, which would print megabytes.
    let matches = server.bodies.allSatisfy { $0.dropFirst(5).elementsEqual($0.count > 8 ? large : [1, 2, 3]) }
    #expect(matches)
    #expect(server.bodies.count == 6)
    #expect(front.connections.all == 1)
  }

  @Test("client certificates")
  func mutual() throws {
    let server = try StubGRPCServer { _ in accepted }
    let front = try TLSFront(to: server.port, certificates, demandsClient: true)
    let shown = options {
      $0.tlsCertificate = certificates.certificate("client")
      $0.tlsKey = certificates.key("client")
    }
    #expect(try result(front.port, shown) == .delivered())
    let origin = "no TLS connection to grpcs://localhost:\(front.port): "
    #expect(try refusal(result(front.port, options())) == origin + "the server demands a client certificate")
    #expect(server.bodies.count == 1)
  }

  @Test(
    "certificates that are not to be trusted",
    arguments: [
      ("expired", "localhost", "the server's certificate has expired"),
      ("elsewhere", "localhost", "the server's certificate is for another name"),
      ("elsewhere", "127.0.0.1", "the server's certificate is not for this address"),
    ])
  func untrusted(_ certificate: String, _ host: String, _ reason: String) throws {
    let server = try StubGRPCServer { _ in accepted }
    let front = try TLSFront(to: server.port, certificates, certificate: certificate)
    let origin = "no TLS connection to grpcs://\(host):\(front.port): "
    #expect(try refusal(result(front.port, host: host, options())) == origin + reason)
    #expect(try result(front.port, host: host, options { $0.tlsInsecureSkipVerify = true }) == .delivered())
    #expect(server.bodies.count == 1)
  }

  @Test("authorities: the given one, another one, and the system's")
  func authorities() throws {
    let server = try StubGRPCServer { _ in accepted }
    let front = try TLSFront(to: server.port, certificates)
    #expect(try result(front.port, options()) == .delivered())
    let unknown =
      "no TLS connection to grpcs://localhost:\(front.port): the server's certificate is signed by an unknown authority"
    #expect(try refusal(result(front.port, options { $0.tlsCA = certificates.stranger })) == unknown)
    #expect(try refusal(result(front.port, options { $0.tlsCA = nil })) == unknown)
    #expect(server.bodies.count == 1)
  }

  @Test("another name for the certificate", arguments: ["elsewhere.example", "a.wild.example", "192.0.2.1"])
  func serverName(_ name: String) throws {
    let server = try StubGRPCServer { _ in accepted }
    let front = try TLSFront(to: server.port, certificates, certificate: "elsewhere")
    #expect(try result(front.port, options { $0.tlsServerName = name }) == .delivered())
    for wrong in ["wild.example", "a.b.wild.example", "192.0.2.2"] {
      #expect(try refusal(result(front.port, options { $0.tlsServerName = wrong }))?.contains("certificate is") == true)
    }
  }

  @Test("files that hold no certificate are an error before anything is sent")
  func badFiles() throws {
    let changes: [(inout HTTPOptions) -> Void] = [
      { $0.tlsCA = "/nowhere/ca.pem" }, { $0.tlsCA = certificates.key("server") },
      { $0.tlsCertificate = certificates.path("server.names") },
      {
        $0.tlsCertificate = certificates.certificate("client")
        $0.tlsKey = certificates.key("server")
      },
    ]
    for change in changes {
      let error = #expect(throws: HTTPError.self) { try exporter(1, options(change)) }
      #expect(error?.description.hasPrefix("cannot use ") == true, "\(String(describing: error))")
    }
  }

  @Test("a client certificate that is replaced is used from the next connection on")
  func rotatedCertificate() throws {
    let server = try StubGRPCServer { _ in accepted }
    let front = try TLSFront(to: server.port, certificates, demandsClient: true)
    // As Kubernetes mounts secrets: links to a directory that is a link, which is replaced.
    let mount = try TemporaryDirectory()
    let files = FileManager.default
    func publish(_ version: String, _ certificate: String) throws {
      try files.createDirectory(atPath: mount.path(version), withIntermediateDirectories: true)
      try files.copyItem(atPath: certificates.certificate(certificate), toPath: mount.path("\(version)/tls.crt"))
      try files.copyItem(atPath: certificates.key(certificate), toPath: mount.path("\(version)/tls.key"))
      try files.createSymbolicLink(atPath: mount.path("..new"), withDestinationPath: version)
      #expect(rename(mount.path("..new"), mount.path("..data")) == 0)
    }
    try publish("..1", "expired")
    for name in ["tls.crt", "tls.key"] {
      try files.createSymbolicLink(atPath: mount.path(name), withDestinationPath: "..data/\(name)")
    }
    let exporter = try exporter(
      front.port,
      options {
        $0.tlsCertificate = mount.path("tls.crt")
        $0.tlsKey = mount.path("tls.key")
      })
    let expired = exporter.export(.bytes([1]))
    #expect(
      refusal(expired)?.hasSuffix("the server says that the client certificate has expired") == true, "\(expired)")
    try publish("..2", "client")
    #expect(exporter.export(.bytes([1])) == .delivered())
  }

  @Test("a new connection goes on with the session of the last one")
  func resumption() throws {
    let server = try StubGRPCServer { _ in accepted }
    let front = try TLSFront(to: server.port, certificates)
    let exporter = try exporter(front.port, options())
    for _ in 0..<4 {
      #expect(exporter.export(.bytes([1])) == .delivered())
      front.disconnect()
    }
    #expect(front.connections.all == 4)
    #expect(front.connections.resumed == 3)
  }

  @Test("servers that speak no TLS")
  func plainServers() throws {
    let grpc = try StubGRPCServer { _ in accepted }
    let http = try StubServer { _ in .ok("{}") }
    for port in [http.port, grpc.port] {
      let reason = try refusal(result(port, options { $0.timeout = .milliseconds(700) }))
      // A server may also just wait for the rest of what it takes for a request of its own protocol.
      #expect(
        reason?.hasSuffix("the server does not speak TLS") == true
          || reason?.hasSuffix("the server closed the connection during the handshake") == true
          || reason?.hasSuffix("no connection within 700ms") == true, "\(String(describing: reason))")
    }
  }

  @Test("a server that accepts and then says nothing")
  func stalledHandshake() throws {
    let (listener, port) = try Sockets.listen()
    defer { close(listener) }
    let start = ContinuousClock.now
    let stalled = try result(Int(port), options { $0.connectTimeout = .milliseconds(200) })
    #expect(refusal(stalled) == "cannot reach grpcs://localhost:\(port): no connection within 200ms")
    #expect(ContinuousClock.now - start < .seconds(5))
    let cancellation = HTTPCancellation()
    Thread.detachNewThread {
      poll(nil, 0, 100)
      cancellation.cancel()
    }
    let cancelled = try exporter(Int(port), options()).export(.bytes([1]), cancellation: cancellation)
    #expect(cancelled == .cancelled)
  }

  /// Odd handshakes of the reference implementation.
  @Test(
    arguments: [
      (["-alpn", "http/1.1"], "the server does not offer HTTP/2"), ([], "the server does not offer HTTP/2"),
      (["-alpn", "h2", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], "the server has no version of TLS from 1.2 on"),
      (
        ["-alpn", "h2", "-Verify", "1", "-verify_return_error", "-tls1_2"],
        "the server refused the handshake, as some do when they miss a client certificate"
      ),
      (["-alpn", "h2", "-Verify", "1", "-verify_return_error"], "the server demands a client certificate"),
    ] as [([String], String)])
  func oddHandshakes(_ arguments: [String], _ reason: String) throws {
    let port = try Sockets.freePort()
    let server = try Program(
      [
        "s_server", "-accept", "127.0.0.1:\(port)", "-cert", certificates.certificate("server"), "-key",
        certificates.key("server"), "-CAfile", certificates.authority,
      ] + arguments, executable: #require(Tools.path(of: "openssl")))
    defer { server.send(SIGKILL) }
    try server.waitForLine(containing: "ACCEPT")
    let outcome = try result(Int(port), options { $0.timeout = .seconds(5) })
    #expect(refusal(outcome) == "no TLS connection to grpcs://localhost:\(port): \(reason)")
  }
}
