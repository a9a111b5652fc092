import Compression
import Foundation
import OTLP
import Platform
import TestSupport
import Testing
import Transport

@testable import Relay

/// Refusals as real destinations give them: what is good arrives all the same.
@Suite struct RefusalTests {
  /// A request of one sum with some points, whose values are their ids.
  private func sum(_ name: String, isDelta: Bool = false, ids: Range<UInt64>) -> [UInt8] {
    var message = ByteBuffer()
    message.appendField(1) { resource in
      resource.appendField(2) { scope in
        scope.appendField(2) { metric in
          metric.appendField(1, string: name)
          metric.appendField(7) { sum in
            for id in ids { sum.appendField(1) { point in point.appendField(6, fixed64: id) } }
            sum.appendField(2, varint: isDelta ? 1 : 2)
          }
        }
      }
    }
    return [UInt8](message.view)
  }

  /// Whether Prometheus' OTLP receiver answers 500 to the request: a sum that is a delta, or a metric without a name.
  private static func isBad(_ body: [UInt8]) throws -> Bool {
    let metrics = try Telemetry.values(2, in: Telemetry.values(2, in: Telemetry.values(1, in: [body])))
    return try metrics.contains { metric in
      try Telemetry.values(1, in: [metric]).first?.isEmpty ?? true
        || Telemetry.values(7, in: [metric]).contains { $0.prefix(2) == [0x10, 1] || $0.suffix(2) == [0x10, 1] }
    }
  }

  @Test("one client's delta sum or nameless metric does not take the points of ten others", arguments: [true, false])
  func prometheus(isDelta: Bool) throws {
    let sink = try CollectingSink { _, request in
      (try? Self.isBad(Spans.decoded(request.body, request.headers["content-encoding"]))) == false
        ? nil : .text(500, "invalid temporality and type combination")
    }
    let relay = try RelayUnderTest(to: [sink.url]) {
      $0.destinations = [
        RelayConfiguration.DestinationSettings(
          url: sink.url, signal: .metrics, compression: .gzip)
      ]
      $0.pipeline.batchTimeout = .milliseconds(200)
    }
    var good: Set<String> = []
    for client in 0..<11 as Range<UInt64> {
      let ids = client * 100..<client * 100 + 5
      let body = client == 4 ? sum(isDelta ? "d" : "", isDelta: isDelta, ids: ids) : sum("ok", ids: ids)
      #expect(try relay.send(body, path: OTLPSignal.metrics.httpPath).status == 200)
      if client != 4 { good.formUnion(ids.map { String($0) }) }
    }
    let line = relay.stop().lines[0]
    #expect(Set(sink.counts.keys) == good)
    #expect(line.sent == 50)
    #expect(line.lost == 5)
  }

  /// As Tempo refuses what is over the burst of a tenant, and nginx in front of a gRPC server what is over its limit.
  private static let tooLarge = [
    StubGRPCServer.Answer(
      trailers: [("grpc-status", "8"), ("grpc-message", "RATE_LIMITED: batch size exceeds burst of 500000")]),
    StubGRPCServer.Answer(status: 413, headers: [("content-type", "text/html")], body: Array("too large".utf8)),
  ]

  @Test(
    "batches too large for a gRPC server, or for its burst, arrive in parts, and none is given up", arguments: [0, 1])
  func burst(_ answer: Int) throws {
    let sizes = Monitor<[Int]>([])
    let taken = Monitor<[String]>([])
    let sink = try StubGRPCServer { body in
      sizes.withLock { $0.append(body.count) }
      if body.count > 500_000 { return Self.tooLarge[answer] }
      let ids = (try? Spans.ids(in: Array(body.dropFirst(5)))) ?? []
      taken.withLock { $0 += ids }
      return StubGRPCServer.Answer(body: [0, 0, 0, 0, 0], trailers: [("grpc-status", "0")])
    }
    let relay = try RelayUnderTest(to: ["grpc://127.0.0.1:\(sink.port)"]) {
      $0.pipeline.batchTimeout = .milliseconds(300)
    }
    var expected: Set<String> = []
    for seed in 1...70 as ClosedRange<UInt64> {
      #expect(try relay.send(Spans.request(20, seed: seed, padding: 1000)).status == 200)
      expected.formUnion(Spans.ids(20, seed: seed))
    }
    let line = relay.stop().lines[0]
    #expect(taken.withLock { $0 }.count == 1400)
    #expect(Set(taken.withLock { $0 }) == expected)
    #expect(line.sent == 1400)
    #expect(line.lost == 0)
    #expect(sizes.withLock { $0.contains { $0 > 500_000 } })
    sink.stop()
  }

  @Test("what is refused alone for its capacity is tried again, and holds nobody up")
  func largeAlone() throws {
    let taken = Monitor<[String]>([])
    let sink = try StubGRPCServer { body in
      guard body.count <= 20_000 else {
        return StubGRPCServer.Answer(body: [], trailers: [("grpc-status", "8"), ("grpc-message", "RATE_LIMITED")])
      }
      let ids = (try? Spans.ids(in: Array(body.dropFirst(5)))) ?? []
      taken.withLock { $0 += ids }
      return StubGRPCServer.Answer(body: [0, 0, 0, 0, 0], trailers: [("grpc-status", "0")])
    }
    let relay = try RelayUnderTest(to: ["grpc://127.0.0.1:\(sink.port)"]) {
      $0.pipeline.senders = 1
      $0.drainTimeout = .milliseconds(100)
    }
    for seed in 1...6 as ClosedRange<UInt64> {
      #expect(try relay.send(Spans.request(1, seed: seed, padding: 30_000)).status == 200)
    }
    for seed in 11...40 as ClosedRange<UInt64> {
      #expect(try relay.send(Spans.request(5, seed: seed)).status == 200)
      try waitUntil("the others") { taken.withLock { $0.count } == Int(seed - 10) * 5 }
    }
    let line = relay.stop().lines[0]
    #expect(line.sent == 150)
    #expect(line.lost == 6)
    sink.stop()
  }
}
