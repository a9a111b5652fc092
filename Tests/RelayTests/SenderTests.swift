import Backends
import Foundation
import Platform
import TestSupport
import Testing

@testable import Relay

/// The numbered lines of the OTLP specification for senders.
@Suite struct SenderTests {
  @Test(
    "12 retries what may be retried, and nothing else",
    arguments: [
      (429, true), (502, true), (503, true), (504, true), (400, false), (401, false), (403, false), (404, false),
      (413, false), (500, false), (501, false),
    ])
  func retriedStatuses(_ status: Int, _ isRetried: Bool) throws {
    let sink = try CollectingSink { index, _ in index == 0 ? .text(status, "no") : nil }
    let relay = try RelayUnderTest(to: [sink.url])
    #expect(try relay.send(Spans.request(1, seed: 1)).status == 200)
    let report = relay.stop()
    #expect(sink.server.requests.count == (isRetried ? 2 : 1))
    #expect(sink.counts.count == (isRetried ? 1 : 0))
    #expect(report.lines[0].retries == (isRetried ? 1 : 0))
    #expect(report.lines[0].lost == (isRetried ? 0 : 1))
  }

  @Test("12 retries broken connections")
  func brokenConnections() throws {
    for answer in [StubServer.Answer.close, .reset] {
      let sink = try CollectingSink { index, _ in index == 0 ? answer : nil }
      let relay = try RelayUnderTest(to: [sink.url])
      #expect(try relay.send(Spans.request(2, seed: 1)).status == 200)
      #expect(relay.stop().isComplete)
      #expect(sink.counts.count == 2)
    }
  }

  @Test(
    "12 retries gRPC codes as the specification lists them",
    arguments: [
      (1, true), (4, true), (10, true), (11, true), (14, true), (15, true), (2, false), (3, false), (5, false),
      (7, false),
      (8, false), (12, false), (13, false), (16, false),
    ])
  func retriedCodes(_ code: Int, _ isRetried: Bool) throws {
    let counter = CallCounter()
    let sink = try StubGRPCServer { _ in
      let isFirst = counter.next() == 0
      return StubGRPCServer.Answer(
        body: isFirst ? [] : [0, 0, 0, 0, 0], trailers: [("grpc-status", isFirst ? "\(code)" : "0")])
    }
    let relay = try RelayUnderTest(to: ["grpc://127.0.0.1:\(sink.port)"])
    #expect(try relay.send(Spans.request(1, seed: 1)).status == 200)
    let report = relay.stop()
    #expect(sink.bodies.count == (isRetried ? 2 : 1))
    #expect(report.lines[0].sent == (isRetried ? 1 : 0))
    sink.stop()
  }

  private final class CallCounter: Sendable {
    private let value = Monitor(0)
    func next() -> Int {
      value.withLock {
        $0 += 1
        return $0 - 1
      }
    }
  }

  @Test("13 honours Retry-After")
  func retryAfter() throws {
    let box = TimesBox()
    let sink = try CollectingSink { index, _ in
      box.add()
      return index == 0 ? .respond(status: 503, headers: ["Retry-After": "1"]) : nil
    }
    let relay = try RelayUnderTest(to: [sink.url])
    _ = try relay.send(Spans.request(1, seed: 1))
    #expect(relay.stop().isComplete)
    let all = box.all
    #expect(all.count == 2)
    #expect(all[1].timeIntervalSince(all[0]) >= 1)
  }

  private final class TimesBox: Sendable {
    private let times = Monitor<[Date]>([])
    func add() { times.withLock { $0.append(Date()) } }
    var all: [Date] { times.withLock { $0 } }
  }

  @Test("14 partial success is counted, and never sent again")
  func partialSuccess() throws {
    // partial_success { rejected_spans = 3, error_message = "old" }
    let partial: [UInt8] = [0x0a, 0x07, 0x08, 0x03, 0x12, 0x03] + Array("old".utf8)
    let sink = try CollectingSink { _, _ in
      .respond(status: 200, headers: ["Content-Type": "application/x-protobuf"], body: partial)
    }
    let relay = try RelayUnderTest(to: [sink.url])
    _ = try relay.send(Spans.request(10, seed: 1))
    let line = relay.stop().lines[0]
    #expect(sink.server.requests.count == 1)
    #expect(line.rejected == 3)
    #expect(line.sent == 7)
    #expect(line.lost == 0)
  }

  @Test("15 never sends more than a batch may hold, nor nothing")
  func batchLimits() throws {
    let sink = try CollectingSink()
    let relay = try RelayUnderTest(to: [sink.url]) {
      $0.pipeline.batchItems = 25
      $0.pipeline.batchBytes = 8000
    }
    var expected: Set<String> = []
    for (seed, count) in [(1, 110), (2, 3), (3, 26), (4, 1)] as [(UInt64, Int)] {
      #expect(try relay.send(Spans.request(count, seed: seed, padding: Int(seed) * 20)).status == 200)
      expected.formUnion(Spans.ids(count, seed: seed))
    }
    #expect(relay.stop().isComplete)
    #expect(sink.counts == Dictionary(uniqueKeysWithValues: expected.map { ($0, 1) }))
    for request in sink.server.requests {
      let count = try Spans.ids(in: request.body).count
      #expect(count > 0 && count <= 25)
      #expect(request.body.count <= 8000)
    }
  }

  @Test("16 keeps connections, has several requests in flight, and one slow destination holds nobody back")
  func independence() throws {
    let slow = try CollectingSink { _, _ in .after(seconds: 2, .respond(status: 200)) }
    let fast = try CollectingSink()
    let relay = try RelayUnderTest(to: [slow.url, fast.url]) { $0.pipeline.senders = 3 }
    let start = Date()
    for seed in 1...20 as ClosedRange<UInt64> {
      #expect(try relay.send(Spans.request(5, seed: seed)).status == 200)
      // One batch each.
      try fast.waitForSpans(Int(seed) * 5)
    }
    #expect(Date().timeIntervalSince(start) < 1.9)
    #expect(fast.server.connectionCount <= 3)
    try waitUntil("three requests at the slow destination") { slow.server.requests.count >= 3 }
    #expect(relay.stop().isComplete)
  }

  @Test("gzip members are passed on as they came, and mixed batches are one request")
  func passThrough() throws {
    let sink = try CollectingSink()
    let relay = try RelayUnderTest(to: [sink.url]) {
      $0.destinations[0].compression = .gzip
      $0.pipeline.batchTimeout = .milliseconds(300)
    }
    let member = try Spans.encoded(Spans.request(4, seed: 1), .gzip)
    let gzip: HTTPHeaders = ["Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"]
    #expect(try relay.send(member, headers: gzip).status == 200)
    #expect(try relay.send(Spans.request(4, seed: 2)).status == 200)
    #expect(try relay.send(member, headers: gzip).status == 200)
    #expect(relay.stop().isComplete)
    let requests = sink.server.requests
    #expect(requests.count == 1)
    #expect(requests[0].body.starts(with: member))
    #expect(Array(requests[0].body.suffix(member.count)) == member)
    #expect(sink.counts.values.reduce(0, +) == 12)
  }
}
