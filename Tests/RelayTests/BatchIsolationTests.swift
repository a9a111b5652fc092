import Foundation
import OTLP
import Platform
import Synchronization
import TestSupport
import Testing
import Transport

@testable import Relay

/// What is bad or too large in a batch does not take the rest of it along.
@Suite struct BatchIsolationTests {
  /// Refuses with `status` what `isBad` picks by its ids.
  private func sink(
    refusing status: Int, _ isBad: @escaping @Sendable (_ ids: [String], _ size: Int) -> Bool
  ) throws -> CollectingSink {
    try CollectingSink { _, request in
      guard let ids = try? Spans.ids(in: Spans.decoded(request.body, request.headers["content-encoding"])) else {
        return .text(400, "unreadable")
      }
      return isBad(ids, request.body.count) ? .text(status, "no") : nil
    }
  }

  private func relay(to sink: String, _ directory: String? = nil) throws -> RelayUnderTest {
    try RelayUnderTest(to: [sink]) {
      $0.queueDirectory = directory
      $0.pipeline.batchTimeout = .milliseconds(300)
      $0.pipeline.senders = 1
    }
  }

  @Test("one span that is refused as bad is lost alone", arguments: [400, 422, 500, 501])
  func badContent(_ status: Int) throws {
    let bad = try #require(Spans.ids(3, seed: 5).first)
    let sink = try sink(refusing: status) { ids, _ in ids.contains(bad) }
    let relay = try relay(to: sink.url)
    var expected: Set<String> = []
    for seed in 1...16 as ClosedRange<UInt64> {
      #expect(try relay.send(Spans.request(3, seed: seed)).status == 200)
      expected.formUnion(Spans.ids(3, seed: seed))
    }
    expected.remove(bad)
    let line = relay.stop().lines[0]
    #expect(sink.counts == Dictionary(uniqueKeysWithValues: expected.map { ($0, 1) }))
    #expect(line.sent == 47)
    #expect(line.lost == 1)
  }

  @Test("the span that is refused goes to the dead letters alone, and nothing stays in the queue")
  func deadLetter() throws {
    let directory = try TemporaryDirectory()
    let bad = try #require(Spans.ids(3, seed: 2).first)
    let sink = try sink(refusing: 400) { ids, _ in ids.contains(bad) }
    let relay = try relay(to: sink.url, directory.path("queue"))
    for seed in 1...6 as ClosedRange<UInt64> {
      #expect(try relay.send(Spans.request(3, seed: seed)).status == 200)
    }
    relay.stop()
    #expect(sink.counts.count == 17)
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.path("queue/dead-letter"))
    let letters = names.filter { !$0.hasSuffix(".reason") }
    #expect(letters.count == 1)
    let letter = try Data(contentsOf: directory.url.appendingPathComponent("queue/dead-letter/\(letters[0])"))
    #expect(try Spans.ids(in: Array(Spans.decoded(Array(letter), "gzip").dropFirst(4))) == [bad])
    let again = try self.relay(to: sink.url, directory.path("queue"))
    #expect(again.stop().lines[0].sent == 0)
  }

  @Test("a refusal of everything is not tried in parts", arguments: [401, 403, 404])
  func refusedAsWhole(_ status: Int) throws {
    let sink = try CollectingSink { _, _ in .text(status, "no") }
    let relay = try relay(to: sink.url)
    for seed in 1...8 as ClosedRange<UInt64> {
      #expect(try relay.send(Spans.request(3, seed: seed)).status == 200)
    }
    #expect(relay.stop().lines[0].lost == 24)
    #expect(sink.server.requests.count == 1)
  }

  @Test(
    "what is too large for the destination arrives in parts, requests cut where they must be", arguments: [false, true])
  func tooLarge(isDurable: Bool) throws {
    let directory = try TemporaryDirectory()
    let sink = try sink(refusing: 413) { _, size in size > 20_000 }
    let relay = try relay(to: sink.url, isDurable ? directory.path("queue") : nil)
    var expected: Set<String> = []
    for seed in 1...6 as ClosedRange<UInt64> {
      let count = seed == 3 ? 100 : 20
      #expect(try relay.send(Spans.request(count, seed: seed, padding: 400)).status == 200)
      expected.formUnion(Spans.ids(count, seed: seed))
    }
    let line = relay.stop().lines[0]
    #expect(sink.counts == Dictionary(uniqueKeysWithValues: expected.map { ($0, 1) }))
    #expect(line.sent == 200)
    #expect(line.lost == 0)
  }

  @Test("a single span that is too large is lost alone")
  func hugeSpan() throws {
    let sink = try sink(refusing: 413) { _, size in size > 20_000 }
    let relay = try relay(to: sink.url)
    #expect(try relay.send(Spans.request(20, seed: 1)).status == 200)
    #expect(try relay.send(Spans.request(1, seed: 2, padding: 30_000)).status == 200)
    let line = relay.stop().lines[0]
    #expect(line.sent == 20)
    #expect(line.lost == 1)
  }

  @Test("batches become smaller once one was too large")
  func smallerBatches() throws {
    let sink = try sink(refusing: 413) { _, size in size > 300_000 }
    let relay = try relay(to: sink.url)
    func send(_ seeds: ClosedRange<UInt64>) throws {
      for seed in seeds { #expect(try relay.send(Spans.request(20, seed: seed, padding: 1000)).status == 200) }
      try sink.waitForSpans(Int(seeds.upperBound) * 20)
    }
    func refusals() -> Int { sink.server.requests.count { $0.body.count > 300_000 } }
    try send(1...60)
    let before = refusals()
    #expect(before > 0)
    try send(61...120)
    #expect(relay.stop().lines[0].sent == 2400)
    #expect(refusals() == before)
  }

  @Test(
    "gRPC codes that mean the request are tried in parts, those that mean the destination are not",
    arguments: [(2, true), (3, true), (9, true), (13, true), (16, false), (7, false), (12, false)])
  func codes(_ code: Int, _ isTriedInParts: Bool) throws {
    let bad = try #require(Spans.ids(1, seed: 3).first)
    let sink = try StubGRPCServer { body in
      let ids = (try? Spans.ids(in: Array(body.dropFirst(5)))) ?? []
      let isBad = ids.contains(bad)
      return StubGRPCServer.Answer(
        body: isBad ? [] : [0, 0, 0, 0, 0], trailers: [("grpc-status", isBad ? "\(code)" : "0")])
    }
    let relay = try relay(to: "grpc://127.0.0.1:\(sink.port)")
    for seed in 1...8 as ClosedRange<UInt64> {
      #expect(try relay.send(Spans.request(1, seed: seed)).status == 200)
    }
    let line = relay.stop().lines[0]
    #expect(line.sent == (isTriedInParts ? 7 : 0))
    #expect(line.lost == (isTriedInParts ? 1 : 8))
    sink.stop()
  }
}
