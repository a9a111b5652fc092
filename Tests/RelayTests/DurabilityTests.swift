import Foundation
import OTLP
import Platform
import TestSupport
import Testing
import Transport

@testable import Relay

/// The queue directory: what was acknowledged arrives, whatever happens to the relay or its disk.
@Suite struct DurabilityTests {
  /// How often the relay is killed; `ONGRID_KILL_ROUNDS` asks for more.
  private static let rounds = ProcessInfo.processInfo.environment["ONGRID_KILL_ROUNDS"].flatMap { Int($0) } ?? 6

  @Test("after SIGKILL under load every acknowledged span arrives, with a destination that misbehaves in turn")
  func kill() throws {
    let directory = try TemporaryDirectory()
    let partial = ByteBuffer.partialSuccess
    let sink = try CollectingSink(
      { index, _ in
        switch index % 13 {
        case 1: .text(503, "later")
        case 3: .reset
        case 5: .after(seconds: 0.2, .text(429, "busy"))
        case 7: .close
        case 9: .silence
        default: nil
        }
      },
      success: { index in
        index % 13 == 11
          ? .respond(status: 200, headers: ["Content-Type": "application/x-protobuf"], body: partial) : nil
      })
    var acknowledged: Set<String> = []
    for round in 0..<Self.rounds {
      let relay = try DurableRelay(to: sink.url, directory.path("queue"))
      acknowledged.formUnion(try relay.loadAndKill(firstSeed: UInt64(round) << 40, within: 0.05...0.4))
    }
    let relay = try DurableRelay(to: sink.url, directory.path("queue"))
    try waitUntil("all acknowledged spans", timeout: 60, true: { acknowledged.isSubset(of: sink.counts.keys) })
    // Spans that the destination took and says it rejected are for its keeper to look into.
    #expect([0, 4].contains(try relay.process.stop().status))
    #expect(acknowledged.count >= 5 * Self.rounds)
    let repeated = sink.counts.values.filter { $0 > 1 }.count
    print(
      "\(Self.rounds) kills: \(acknowledged.count) spans acknowledged, all arrived; \(repeated) came more than once")
  }

  @Test(
    "a write that power loss has torn takes nothing with it that was acknowledged",
    arguments: ["noise", "half a frame", "frames of another log"])
  func tornWrite(_ kind: String) throws {
    let directory = try TemporaryDirectory()
    let down = try CollectingSink { _, _ in .text(503, "down") }
    let relay = try DurableRelay(to: down.url, directory.path("queue"))
    var acknowledged: Set<String> = []
    for (way, seed) in zip(DurableRelay.Way.allCases, 1...(4 as UInt64)) {
      #expect(try relay.client(way).send(Spans.request(9, seed: seed, padding: 500)) == .delivered())
      acknowledged.formUnion(Spans.ids(9, seed: seed))
    }
    try relay.kill()
    let log = URL(filePath: directory.path("queue/queue.sqlite-wal"))
    var bytes = try Data(contentsOf: log)
    // A frame is 24 bytes of header and a page; the log's own header has 32.
    let frame = 24 + 32768
    try #require(bytes.count >= 32 + 2 * frame)
    switch kind {
    case "noise":
      var random = SeededRandom()
      bytes += (0..<50_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    case "half a frame": bytes += bytes.suffix(frame).prefix(frame / 2)
    default:
      var foreign = bytes.suffix(frame)
      foreign[foreign.startIndex + 8] ^= 1
      bytes += foreign + foreign
    }
    try bytes.write(to: log)
    let sink = try CollectingSink()
    let second = try DurableRelay(
      to: sink.url, directory.path("queue"))
    #expect(try second.client(.grpc).send(Spans.request(1, seed: 99)) == .delivered())
    acknowledged.formUnion(Spans.ids(1, seed: 99))
    try waitUntil("all acknowledged spans", true: { acknowledged.isSubset(of: sink.counts.keys) })
    #expect(try second.process.stop().status == 0)
  }

  @Test("what is refused for good is kept, and can be sent again from there", arguments: DurableRelay.Way.allCases)
  func deadLetters(_ way: DurableRelay.Way) throws {
    let directory = try TemporaryDirectory()
    let refusing = try CollectingSink { _, _ in .text(400, "no") }
    let relay = try DurableRelay(to: refusing.url, directory.path("queue"))
    #expect(try relay.client(way).send(Spans.request(7, seed: 1)) == .delivered())
    try relay.process.program.waitForLine(containing: "are kept in")
    #expect(try relay.process.stop().status == 4)
    let sink = try CollectingSink()
    let again = try Program.run(["relay", "--once", "--delete", "--to", sink.url, directory.path("queue/dead-letter")])
    #expect(again.status == 0, "\(again.errors)")
    #expect(Set(sink.counts.keys) == Spans.ids(7, seed: 1))
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path("queue/dead-letter")).isEmpty)
  }

  @Test("two relays cannot share a queue directory")
  func exclusive() throws {
    let directory = try TemporaryDirectory()
    let relay = try DurableRelay(to: "file:/dev/null", directory.path("queue"))
    let second = try Program.run([
      "relay", "--to", "file:/dev/null", "--queue-dir", directory.path("queue"), "--listen-grpc", "none",
    ])
    #expect(second.status == 3)
    #expect(second.errors.contains("in use by another process"))
    try relay.process.stop()
  }

  @Test("at its bound the queue refuses with a time, and takes again when there is room", arguments: [true, false])
  func bound(overGRPC: Bool) throws {
    let directory = try TemporaryDirectory()
    let state = Switch()
    let sink = try CollectingSink { _, _ in state.isOn ? nil : .text(503, "down") }
    let relay = try DurableRelay(to: sink.url, directory.path("queue"), ["--queue-max", "128KiB"])
    let client = try relay.client(overGRPC ? .grpc : .http)
    var taken: Set<String> = []
    var refused: ExportOutcome?
    for seed in 1...20 as ClosedRange<UInt64> where refused == nil {
      let result = try client.send(Spans.request(10, seed: seed, padding: 2000))
      if result == .delivered() { taken.formUnion(Spans.ids(10, seed: seed)) } else { refused = result }
    }
    guard case .failed(_, let after?, _) = refused else {
      Issue.record("\(refused as Any)")
      return
    }
    #expect(after > .zero)
    state.turnOn()
    try waitUntil(
      "room in the queue",
      true: {
        try client.send(Spans.request(10, seed: 100, padding: 2000)) == .delivered()
      })
    #expect(try relay.process.stop().status == 0)
    #expect(taken.isSubset(of: Set(sink.counts.keys)))
  }

  @Test("a disk that fills up loses nothing that was acknowledged", .enabled(if: getuid() == 0))
  func fullDisk() throws {
    let directory = try TemporaryDirectory()
    let mounted = try Program.run(
      ["-t", "tmpfs", "-o", "size=4m", "tmpfs", directory.url.path], executable: "/bin/mount")
    guard mounted.status == 0 else {
      // A container may forbid it; continuous integration must not.
      #expect(!Tools.areRequired, "\(mounted.errors)")
      return
    }
    defer { _ = try? Program.run(["-l", directory.url.path], executable: "/bin/umount") }
    let state = Switch()
    let sink = try CollectingSink { _, _ in state.isOn ? nil : .text(503, "down") }
    var taken: Set<String> = []
    /// Sends until the disk has been full for some time.
    func fill(_ relay: DurableRelay, from first: UInt64) throws {
      let clients = try DurableRelay.Way.allCases.map { try relay.client($0) }
      var refusals = 0
      for seed in first..<first + 1000 where refusals < 12 {
        switch try clients[Int(seed) % clients.count].send(Spans.request(10, seed: seed, padding: 5000)) {
        case .delivered: taken.formUnion(Spans.ids(10, seed: seed))
        case .failed(_, let after?, _):
          refusals += 1
          #expect(after > .zero)
        case let other: Issue.record("\(other)")
        }
      }
      #expect(refusals == 12)
    }
    let relay = try DurableRelay(to: sink.url, directory.path("queue"))
    try fill(relay, from: 1)
    try relay.kill()
    // It starts on the full disk as well, and still has no room.
    let second = try DurableRelay(to: sink.url, directory.path("queue"))
    try fill(second, from: 10_000)
    state.turnOn()
    try waitUntil("all acknowledged spans", true: { taken.isSubset(of: sink.counts.keys) })
    let client = try second.client(.http)
    try waitUntil("room on the disk", true: { try client.send(Spans.request(1, seed: 99_999)) == .delivered() })
    taken.formUnion(Spans.ids(1, seed: 99_999))
    #expect(try second.process.stop().status == 0)
    #expect(taken.isSubset(of: Set(sink.counts.keys)))
  }
}

extension ByteBuffer {
  /// An ExportTraceServiceResponse that rejects a span.
  fileprivate static var partialSuccess: [UInt8] {
    var message = ByteBuffer()
    message.appendField(1) { partial in
      partial.appendField(1, varint: 1)
      partial.appendField(2, string: "too old")
    }
    return [UInt8](message.view)
  }
}
