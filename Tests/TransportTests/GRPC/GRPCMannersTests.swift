import Foundation
import Platform
import TestSupport
import Testing

@testable import Transport

/// What HTTP/2 allows a server to do to a gRPC client, with TLS and without.
@Suite struct GRPCMannersTests {
  private static let good = StubGRPCServer.Answer(body: [0, 0, 0, 0, 0], trailers: [("grpc-status", "0")])

  /// Answers of these manners in turn, the last for ever; and how to get there.
  private func connect(
    tls: Bool, window: UInt32 = 65535, _ manners: StubGRPCServer.Manners...
  ) throws -> (StubGRPCServer, OTLPExporter) {
    let calls = Calls()
    let server = try StubGRPCServer(window: window) { _ in
      var answer = Self.good
      answer.manners = manners[min(calls.next(), manners.count - 1)]
      return answer
    }
    var options = HTTPOptions()
    options.timeout = .seconds(20)
    guard tls else {
      let endpoint = try OTLPEndpoint("grpc://127.0.0.1:\(server.port)", signal: .traces)
      return (server, try OTLPExporter(endpoint: endpoint, options: options))
    }
    let certificates = try Certificates.shared.get()
    let front = try TLSFront(to: server.port, certificates)
    options.tlsCA = certificates.authority
    let endpoint = try OTLPEndpoint("grpcs://127.0.0.1:\(front.port)", signal: .traces)
    return (server, try OTLPExporter(endpoint: endpoint, options: options))
  }

  private final class Calls: @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0
    func next() -> Int {
      lock.withLock {
        count += 1
        return count - 1
      }
    }
  }

  @Test("a server that goes away after an answer is asked over a new connection", arguments: [false, true])
  func goAwayAfterAnswer(_ tls: Bool) throws {
    let (server, exporter) = try connect(tls: tls, .answersAndGoesAway, .good)
    for _ in 0..<3 { #expect(exporter.export(.bytes([1, 2])) == .delivered()) }
    #expect(server.bodies.count == 3)
    #expect(server.connectionCount == 2)
  }

  @Test("a request that the server has not processed is sent again at once", arguments: [false, true])
  func goAwayBeforeAnswer(_ tls: Bool) throws {
    let (server, exporter) = try connect(tls: tls, .good, .goesAway, .good, .resets(7), .good)
    for _ in 0..<3 { #expect(exporter.export(.bytes([1, 2])) == .delivered()) }
    #expect(server.bodies.count == 5)
  }

  @Test("a stream or connection that breaks is worth another attempt", arguments: [false, true])
  func resets(_ tls: Bool) throws {
    let (_, exporter) = try connect(tls: tls, .resets(2), .closes, .breaksRules, .good)
    for _ in 0..<3 {
      guard case .failed = exporter.export(.bytes([1, 2])) else {
        Issue.record("not a failure")
        return
      }
    }
    #expect(exporter.export(.bytes([1, 2])) == .delivered())
  }

  @Test("keepalive pings are answered", arguments: [false, true])
  func pings(_ tls: Bool) throws {
    let (server, exporter) = try connect(tls: tls, .pings)
    for _ in 0..<2 { #expect(exporter.export(.bytes([1, 2])) == .delivered()) }
    #expect(server.connectionCount == 1)
  }

  @Test("a small window is filled as it opens, and waiting for a closed one costs nothing", arguments: [false, true])
  func windows(_ tls: Bool) throws {
    let body = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
    let (narrow, slow) = try connect(tls: tls, window: 1000, .good)
    #expect(slow.export(.bytes(body)) == .delivered())
    #expect(narrow.bodies.first?.count == body.count + 5)
    let (_, stuck) = try connect(tls: tls, window: 0, .good)
    let before = processorTime()
    guard case .failed(let reason, _, .timeout) = stuck.export(.bytes(body), timeout: .seconds(1)) else {
      Issue.record("not a failure")
      return
    }
    #expect(reason.hasSuffix("nothing moved for 1s"))
    #expect(processorTime() - before < 0.3)
  }

  @Test("an answer that comes before the request has been read ends the request", arguments: [413, 200])
  func earlyAnswer(_ status: Int) throws {
    // As nginx does with its own limit, and Go's servers with a message over theirs.
    let server = try StubGRPCServer(window: 1000, answersEarly: true) { _ in
      .init(status: status, headers: status == 200 ? [("grpc-status", "8"), ("grpc-message", "too large")] : [])
    }
    var options = HTTPOptions()
    options.timeout = .seconds(20)
    let exporter = try OTLPExporter(
      endpoint: OTLPEndpoint("grpc://127.0.0.1:\(server.port)", signal: .traces), options: options)
    for _ in 0..<2 {
      guard case .refused(_, .size) = exporter.export(.bytes([UInt8](repeating: 1, count: 100_000))) else {
        Issue.record("not a refusal for its size")
        return
      }
    }
    #expect(server.connectionCount == 1)
  }

  /// Seconds that this thread has computed.
  private func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
