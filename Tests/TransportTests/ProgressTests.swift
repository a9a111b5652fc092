import Foundation
import Platform
import TestSupport
import Testing

@testable import Transport

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The time limit is one without progress: a slow way may take as long as it moves.
@Suite struct ProgressTests {
  private func options() -> HTTPOptions {
    var options = HTTPOptions()
    options.timeout = .milliseconds(700)
    return options
  }

  /// Two seconds at the rate of the link, most of which the kernel holds.
  private let body = [UInt8](repeating: 7, count: 2_000_000)
  private static let rate = 1_000_000

  @Test func aSlowUploadMayTakeLongerThanTheLimit() throws {
    let server = try StubServer { _ in .respond(status: 200) }
    let link = try SlowLink(to: server.port, rate: Self.rate)
    let exporter = try OTLPExporter(
      endpoint: OTLPEndpoint("http://127.0.0.1:\(link.port)", signal: .traces), options: options())
    #expect(exporter.export(.bytes(body)) == .delivered())
    #expect(server.requests.map(\.body.count) == [body.count])
  }

  @Test(arguments: [false, true])
  func aSlowUploadOverGRPC(_ tls: Bool) throws {
    let window = UInt32(16 << 20)
    let server = try StubGRPCServer(window: window) { _ in
      .init(body: [0, 0, 0, 0, 0], trailers: [("grpc-status", "0")])
    }
    var options = options()
    var target = server.port
    if tls {
      let certificates = try Certificates.shared.get()
      target = try TLSFront(to: server.port, certificates).port
      options.tlsCA = certificates.authority
    }
    let link = try SlowLink(to: target, rate: Self.rate)
    let exporter = try OTLPExporter(
      endpoint: OTLPEndpoint("\(tls ? "grpcs" : "grpc")://127.0.0.1:\(link.port)", signal: .traces), options: options)
    #expect(exporter.export(.bytes(body)) == .delivered())
    #expect(server.bodies.map(\.count) == [body.count + 5])
  }

  @Test func anAnswerInDripsIsNoProgress() throws {
    let (listener, port) = try Sockets.listen()
    defer { close(listener) }
    Thread.detachNewThread {
      let client = accept(listener, nil, nil)
      for character in "HTTP/1.1 200 OK\r\nServer: \(String(repeating: "x", count: 200))" {
        pause(milliseconds: 50)
        guard Sockets.send(client, String(character)) else { break }
      }
      close(client)
    }
    let exporter = try OTLPExporter(
      endpoint: OTLPEndpoint("http://127.0.0.1:\(port)", signal: .traces), options: options())
    #expect(
      exporter.export(.bytes([1]))
        == .failed(reason: "no answer from http://127.0.0.1:\(port): nothing moved for 700ms", cause: .timeout))
  }

  @Test func aWholeExchangeMayHaveAnEnd() throws {
    let server = try StubServer { _ in .silence }
    let request = HTTPRequest(url: try HTTPURL(server.url), deadline: monotonicDeadline(after: .milliseconds(200)))
    #expect(throws: HTTPError.timeout(origin: server.url)) { try HTTPClient().send(request) }
  }
}

@Suite struct NameLookupTests {
  private static func deadline(_ limit: Duration) -> Deadline {
    Deadline(connecting: limit, for: Deadline(patience: .seconds(60), end: nil, nil))
  }

  @Test func aLookupThatHangsEndsWithItsDeadline() throws {
    let asked = Monitor(0)
    let gate = Monitor(false)
    let lookup = NameLookup { _, _ in
      asked.withLock { $0 += 1 }
      gate.wait { $0 ? .done(()) : .wait(until: nil) }
      return .addresses([SocketAddress(family: 0, type: 0, number: 0, bytes: [1])])
    }
    for _ in 0..<3 {
      #expect(throws: HTTPError.noConnection(origin: "o", after: .milliseconds(100))) {
        try lookup.addresses(of: "host.invalid", port: 1, origin: "o", Self.deadline(.milliseconds(100)))
      }
    }
    // All waited for the one that is under way.
    #expect(asked.withLock { $0 } == 1)
    gate.withLock { $0 = true }
    gate.broadcast()
    let found = try lookup.addresses(of: "host.invalid", port: 1, origin: "o", Self.deadline(.seconds(60)))
    #expect(found.map(\.bytes) == [[1]])
  }

  @Test func asksTheSystem() throws {
    let found = try NameLookup.system.addresses(of: "localhost", port: 80, origin: "o", Self.deadline(.seconds(60)))
    #expect(!found.isEmpty)
    #expect(throws: HTTPError.self) {
      try NameLookup.system.addresses(of: "no-such-host.invalid", port: 80, origin: "o", Self.deadline(.seconds(60)))
    }
  }
}
