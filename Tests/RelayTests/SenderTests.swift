import Foundation
import Platform
import Synchronization
import TestSupport
import Testing
import Transport

@testable import Relay

/// The numbered lines of the OTLP specification for senders, over both transports.
@Suite struct SenderTests {
  private static let both = SenderTransport.allCases

  @Test(
    "12 retries the HTTP statuses that may be retried, and nothing else",
    arguments: [
      (429, true), (502, true), (503, true), (504, true), (400, false), (401, false), (403, false), (404, false),
      (408, true), (413, false), (500, false), (501, false), (505, false),
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

  @Test("12 retries gRPC codes as the specification lists them", arguments: 1...16)
  func retriedCodes(_ code: Int) throws {
    // CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS; RESOURCE_EXHAUSTED without RetryInfo as
    // Tempo means it: not as large, not now.
    let isRetried = [1, 4, 8, 10, 11, 14, 15].contains(code)
    let counter = Atomic<Int>(0)
    let sink = try StubGRPCServer { _ in
      let isFirst = counter.add(1, ordering: .relaxed).oldValue == 0
      return StubGRPCServer.Answer(
        body: isFirst ? [] : [0, 0, 0, 0, 0], trailers: [("grpc-status", isFirst ? "\(code)" : "0")])
    }
    let relay = try RelayUnderTest(to: ["grpc://127.0.0.1:\(sink.port)"])
    #expect(try relay.send(Spans.request(1, seed: 1)).status == 200)
    let report = relay.stop()
    #expect(sink.bodies.count == (isRetried ? 2 : 1))
    #expect(report.lines[0].sent == (isRetried ? 1 : 0))
    #expect(report.lines[0].lost == (isRetried ? 0 : 1))
  }

  @Test("12 retries broken connections", arguments: both)
  func brokenConnections(_ transport: SenderTransport) throws {
    let sink = try SenderSink(transport) { $0 < 2 ? .broken : .accepted }
    let relay = try RelayUnderTest(to: [sink.url])
    #expect(try relay.send(Spans.request(2, seed: 1)).status == 200)
    #expect(relay.stop().isComplete)
    #expect(sink.counts.count == 2)
  }

  @Test("12 what is refused for good is counted, logged once a minute, and kept as a dead letter", arguments: both)
  func refusals(_ transport: SenderTransport) throws {
    let sink = try SenderSink(transport) { _ in .refused }
    let directory = try TemporaryDirectory()
    let lines = Monitor<[String]>([])
    let relay = try RelayUnderTest(
      to: [sink.url], log: Log(level: .info) { record in lines.withLock { $0.append(record.message) } }
    ) { $0.queueDirectory = directory.path("queue") }
    var expected: Set<String> = []
    for seed in 1...4 as ClosedRange<UInt64> {
      #expect(try relay.send(Spans.request(1, seed: seed)).status == 200)
      try sink.waitForRequests(Int(seed))
      expected.formUnion(Spans.ids(1, seed: seed))
    }
    let line = relay.stop().lines[0]
    #expect(sink.arrivals.count == 4)
    #expect(line.deadLettered == 4)
    #expect(line.sent == 0)
    #expect(lines.withLock { $0.filter { $0.contains("could not be delivered") }.count } == 1)
    #expect(lines.withLock { $0.first { $0.contains("could not be delivered") } }?.contains("bad") == true)
    var kept: [String] = []
    for name in try FileManager.default.contentsOfDirectory(atPath: directory.path("queue/dead-letter"))
    where !name.hasSuffix(".reason") {
      let file = try Data(contentsOf: directory.url.appending(path: "queue/dead-letter/\(name)"))
      kept += try Spans.ids(in: Array(Spans.decoded(Array(file), "gzip").dropFirst(4)))
    }
    #expect(kept.sorted() == expected.sorted())
  }

  @Test(
    "13 comes back when the destination says",
    arguments: [
      (.http, .seconds(1)), (.http, .date(Date(timeIntervalSinceNow: 2))), (.grpc, .milliseconds(1100)),
    ] as [(SenderTransport, SenderSink.LaterWhen)])
  func requestedDelay(_ transport: SenderTransport, _ when: SenderSink.LaterWhen) throws {
    // A date has no fractions of a second, so that two seconds from now is more than one.
    let shift: SenderSink.LaterWhen
    if case .date = when { shift = .date(Date(timeIntervalSinceNow: 2)) } else { shift = when }
    let sink = try SenderSink(transport) { $0 == 0 ? .later(shift) : .accepted }
    let relay = try RelayUnderTest(to: [sink.url])
    _ = try relay.send(Spans.request(1, seed: 1))
    #expect(relay.stop().isComplete)
    let times = sink.arrivals.map(\.time)
    try #require(times.count == 2)
    let least: Int64 = if case .milliseconds = when { 1_100_000_000 } else { 900_000_000 }
    #expect(times[1] - times[0] >= least)
    #expect(sink.counts.count == 1)
  }

  @Test("13 waits no longer than the backoff allows when the destination says nothing", arguments: both)
  func backoff(_ transport: SenderTransport) throws {
    let sink = try SenderSink(transport) { $0 < 6 ? .later(nil) : .accepted }
    let relay = try RelayUnderTest(to: [sink.url]) {
      $0.pipeline.retry = RetryPolicy(initial: .milliseconds(1), maximum: .milliseconds(4), giveUpAfter: .seconds(20))
    }
    _ = try relay.send(Spans.request(1, seed: 1))
    try sink.waitForSpans(1)
    #expect(sink.arrivals.count == 7)
    #expect(relay.stop().lines[0].retries == 6)
  }

  @Test("14 partial success is counted and logged, and never sent again", arguments: both)
  func partialSuccess(_ transport: SenderTransport) throws {
    let sink = try SenderSink(transport) { _ in .partial(rejected: 3, message: "too old\nto keep") }
    let lines = Monitor<[String]>([])
    let relay = try RelayUnderTest(
      to: [sink.url], log: Log(level: .warn) { record in lines.withLock { $0.append(record.message) } })
    _ = try relay.send(Spans.request(10, seed: 1))
    let line = relay.stop().lines[0]
    #expect(sink.arrivals.count == 1)
    #expect(line.rejected == 3)
    #expect(line.sent == 7)
    #expect(line.lost == 0)
    #expect(line.retries == 0)
    let written = lines.withLock { $0 }
    #expect(written.count == 1)
    #expect(written.first?.contains("rejected 3: too old to keep") == true, "\(written)")
  }

  @Test("15 never sends more than a batch may hold, nor nothing", arguments: both)
  func batchLimits(_ transport: SenderTransport) throws {
    let sink = try SenderSink(transport)
    let relay = try RelayUnderTest(to: [sink.url]) {
      $0.pipeline.batchItems = 25
      $0.pipeline.batchBytes = 8000
    }
    // Nothing at all, and a resource without spans.
    for empty in [[], [0x0a, 0x02, 0x0a, 0x00]] as [[UInt8]] { #expect(try relay.send(empty).status == 200) }
    var expected: Set<String> = []
    for (seed, count) in [(1, 110), (2, 3), (3, 26), (4, 1)] as [(UInt64, Int)] {
      #expect(try relay.send(Spans.request(count, seed: seed, padding: Int(seed) * 20)).status == 200)
      expected.formUnion(Spans.ids(count, seed: seed))
    }
    #expect(relay.stop().isComplete)
    #expect(sink.counts == Dictionary(uniqueKeysWithValues: expected.map { ($0, 1) }))
    for arrival in sink.arrivals {
      let count = try Spans.ids(in: arrival.message).count
      #expect(count > 0 && count <= 25)
      #expect(arrival.message.count <= 8000)
    }
  }

  @Test("15 an answer over 4 MiB is not taken in, and what was accepted is not sent again", arguments: both)
  func longAnswers(_ transport: SenderTransport) throws {
    let sink = try SenderSink(transport) { _ in .talkative(bytes: 5 << 20) }
    let relay = try RelayUnderTest(to: [sink.url])
    _ = try relay.send(Spans.request(2, seed: 1))
    let line = relay.stop().lines[0]
    #expect(line.sent == 2)
    #expect(sink.counts.values.allSatisfy { $0 == 1 })
  }

  @Test("16 keeps connections, and has several requests in flight", arguments: both)
  func connections(_ transport: SenderTransport) throws {
    let arrived = Atomic<Int>(0)
    let sink = try SenderSink(transport) { _ in
      // Answers nothing before three requests are there, each over a connection of its own.
      arrived.add(1, ordering: .sequentiallyConsistent)
      let deadline = Date(timeIntervalSinceNow: 20)
      while arrived.load(ordering: .sequentiallyConsistent) < 3, Date() < deadline { poll(nil, 0, 5) }
      return .accepted
    }
    let relay = try RelayUnderTest(to: [sink.url]) { $0.pipeline.senders = 3 }
    for seed in 1...3 as ClosedRange<UInt64> {
      #expect(try relay.send(Spans.request(5, seed: seed)).status == 200)
      try sink.waitForRequests(Int(seed))
    }
    for seed in 4...20 as ClosedRange<UInt64> {
      #expect(try relay.send(Spans.request(5, seed: seed)).status == 200)
      try sink.waitForSpans(Int(seed) * 5)
    }
    #expect(relay.stop().isComplete)
    #expect(sink.connectionCount <= 3)
  }

  /// How a destination fails those who wait for it.
  enum Failure: String, CaseIterable, Sendable { case slow, silent, closed, overloaded }

  @Test("16 a destination that is slow or dead holds nobody back", arguments: both, Failure.allCases)
  func independence(_ transport: SenderTransport, _ failure: Failure) throws {
    let living = try SenderSink(transport)
    let scheme = transport == .grpc ? "grpc" : "http"
    let slow = try CollectingSink { _, _ in .after(seconds: 60, .respond(status: 200)) }
    let overloaded = try SenderSink(transport) { _ in .later(nil) }
    let (silent, silentPort) = try Sockets.listen()
    defer { close(silent) }
    let dead =
      switch failure {
      case .slow: slow.url
      case .silent: "\(scheme)://127.0.0.1:\(silentPort)"
      case .closed: "\(scheme)://127.0.0.1:\(try StubServer.closedPort())"
      case .overloaded: overloaded.url
      }
    let relay = try RelayUnderTest(to: [dead, living.url]) {
      // Full soon, which is nobody's business but the dead one's.
      $0.pipeline.queueMax = 64 << 10
      $0.drainTimeout = .milliseconds(100)
    }
    let start = Date()
    for seed in 1...100 as ClosedRange<UInt64> {
      #expect(try relay.send(Spans.request(5, seed: seed, padding: 1000)).status == 200)
      // One batch each.
      try living.waitForSpans(Int(seed) * 5)
    }
    // A hundred round trips take a fraction of this; a wait for the dead one, once, or in each of them, far more.
    #expect(Date().timeIntervalSince(start) < 10)
    let report = relay.stop()
    #expect(report.lines[1].sent == 500)
    #expect(report.lines[0].sent == 0)
  }

  @Test("a token that is replaced, as Kubernetes does it, is used from the next request on", arguments: both)
  func rotatedToken(_ transport: SenderTransport) throws {
    let mount = try TemporaryDirectory()
    let files = FileManager.default
    func publish(_ version: String, _ token: String) throws {
      try files.createDirectory(atPath: mount.path(version), withIntermediateDirectories: true)
      try mount.write("\(version)/token", token + "\n")
      try files.createSymbolicLink(atPath: mount.path("..new"), withDestinationPath: version)
      #expect(rename(mount.path("..new"), mount.path("..data")) == 0)
    }
    try publish("..1", "token-one")
    try files.createSymbolicLink(atPath: mount.path("token"), withDestinationPath: "..data/token")
    let sink = try CollectingSink()
    let far = try RelayUnderTest(to: [sink.url]) { $0.listenTokenFile = try? mount.write("accepted", "token-two\n") }
    let scheme = transport == .grpc ? "grpc" : "http"
    let near = try RelayUnderTest(to: ["\(scheme)://127.0.0.1:\(far.port)"]) {
      $0.destinations[0].options.bearerTokenFile = CredentialFile(path: mount.path("token"))
    }
    func losses() throws -> Int {
      try near.page("/metrics").text.split(separator: "\n").count {
        $0.contains("lost_items_total") && $0.hasSuffix(" 1")
      }
    }
    #expect(try near.send(Spans.request(1, seed: 1)).status == 200)
    try waitUntil("the refusal") { try losses() == 1 }
    // The same length, within the same second: only the inode tells.
    try publish("..2", "token-two")
    #expect(try near.send(Spans.request(1, seed: 2)).status == 200)
    try sink.waitForSpans(1)
    near.stop()
    far.stop()
    #expect(Set(sink.counts.keys) == Spans.ids(1, seed: 2))
  }

  @Test("what came compressed and what did not leaves as one request of one member")
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
    let content = try Spans.firstMember(requests[0].body, "gzip")
    #expect(try Spans.ids(in: content).count == 12)
    #expect(sink.counts.values.reduce(0, +) == 12)
  }
}
