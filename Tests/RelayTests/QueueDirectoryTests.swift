import Foundation
import Platform
import TestSupport
import Testing

@testable import Relay

/// Bad days of a queue directory: full, damaged, removed, written by another version.
@Suite struct QueueDirectoryTests {
  private let directory: TemporaryDirectory
  private var queue: String { directory.path("queue") }

  init() throws { directory = try TemporaryDirectory() }

  private func relay(to sinks: [String], log: Log = .discarding, bound: Int = 64 << 20) throws -> RelayUnderTest {
    try RelayUnderTest(to: sinks, log: log) {
      $0.queueDirectory = queue
      $0.drainTimeout = .milliseconds(200)
      $0.pipeline.queueMax = bound
      $0.pipeline.retry.giveUpAfter = nil
    }
  }

  /// Bytes of all files of the queue.
  private func size() throws -> Int {
    let files = try #require(FileManager.default.subpaths(atPath: queue))
    return files.reduce(0) { sum, name in
      sum + ((try? FileStatus.of("\(queue)/\(name)")).map { $0.isRegular ? $0.size : 0 } ?? 0)
    }
  }

  private func metric(_ name: String, _ relay: RelayUnderTest) throws -> Int {
    let lines = try relay.page("/metrics").text.split(separator: "\n")
    return lines.filter { $0.hasPrefix(name + "{") || $0.hasPrefix(name + " ") }.reduce(0) {
      $0 + (Double($1.split(separator: " ").last ?? "").map { Int($0) } ?? 0)
    }
  }

  @Test("dead letters count against the bound, at which the receiver refuses; every span is in some counter")
  func bound() throws {
    let refusing = try CollectingSink { _, _ in .text(400, "no") }
    let relay = try relay(to: [refusing.url], bound: 256 << 10)
    var random = SeededRandom()
    var accepted = 0
    var refused = 0
    for seed in 1...400 as ClosedRange<UInt64> {
      // Noise, which does not compress.
      var body = Spans.request(1, seed: seed)
      body += Spans.noise(5000, &random)
      if try relay.send(body).status == 200 { accepted += 1 } else { refused += 1 }
    }
    #expect(accepted > 10 && refused > 100)
    try waitUntil("everything buried", true: { try metric("ongrid_relay_queue_items", relay) == 0 })
    #expect(try metric("ongrid_relay_dead_letter_items_total", relay) == accepted)
    #expect(try metric("ongrid_relay_dead_letter_bytes", relay) <= 300 << 10)
    // The database's log has a bound of its own, whatever the queue's.
    #expect(try size() < 300 << 10 + 18 << 20)
    // Room again, and the relay takes again.
    try FileManager.default.removeItem(atPath: "\(queue)/dead-letter")
    try FileManager.default.createDirectory(atPath: "\(queue)/dead-letter", withIntermediateDirectories: false)
    try waitUntil("room", true: { try relay.send(Spans.request(1, seed: 1000)).status == 200 })
    relay.stop()
  }

  @Test("what is refused and cannot be buried stays, is counted and told of, and comes again after a restart")
  func unburied() throws {
    let isUp = Switch()
    let sink = try CollectingSink { _, request in isUp.isOn ? nil : .text(400, "no") }
    let first = try relay(to: [sink.url])
    try FileManager.default.removeItem(atPath: "\(queue)/dead-letter")
    try "".write(toFile: "\(queue)/dead-letter", atomically: false, encoding: .utf8)
    for seed in 1...20 as ClosedRange<UInt64> { #expect(try first.send(Spans.request(2, seed: seed)).status == 200) }
    try waitUntil("refusals", true: { try metric("ongrid_relay_send_duration_seconds_count", first) >= 20 })
    try waitUntil("all of it counted", true: { try metric("ongrid_relay_queue_items", first) == 40 })
    let report = first.stop()
    #expect(report.lines[0].waiting == 40)
    #expect(report.summary.contains("40 spans waiting") || report.summary.contains("40 waiting in the queue"))
    try FileManager.default.removeItem(atPath: "\(queue)/dead-letter")
    isUp.turnOn()
    let second = try relay(to: [sink.url])
    try sink.waitForSpans(40)
    second.stop()
    #expect(sink.counts.values.allSatisfy { $0 == 1 })
  }

  @Test("a dead letter tells beside it who refused it and why, and goes with it")
  func reasons() throws {
    let refusing = try CollectingSink { _, _ in .text(422, "label too long") }
    let first = try relay(to: [refusing.url])
    #expect(try first.send(Spans.request(3, seed: 1)).status == 200)
    try waitUntil("a dead letter", true: { try metric("ongrid_relay_dead_letter_items_total", first) == 3 })
    first.stop()
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(queue)/dead-letter").sorted()
    try #require(names.count == 2)
    let note = try #require(DeadLetters.note(of: "\(queue)/dead-letter/\(names[0])"))
    #expect(note.items == 3 && note.signal == .traces)
    #expect(note.destination == refusing.url && note.reason.contains("422"))
    let sink = try CollectingSink()
    let again = try Program.run(
      ["relay", "--once", "--delete", "--to", sink.url] + names.map { "\(queue)/dead-letter/\($0)" })
    #expect(again.status == 0, "\(again.errors)")
    #expect(Set(sink.counts.keys) == Spans.ids(3, seed: 1))
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(queue)/dead-letter").isEmpty)
  }

  @Test(
    "a damaged file is set aside, what can be read from it goes on, and the relay starts", arguments: [0, 32768, 98304])
  func damaged(_ offset: Int) throws {
    let down = try CollectingSink { _, _ in .text(503, "down") }
    let first = try relay(to: [down.url])
    for seed in 1...100 as ClosedRange<UInt64> {
      #expect(try first.send(Spans.request(1, seed: seed, padding: 3000)).status == 200)
    }
    first.stop()
    let file = URL(filePath: "\(queue)/queue.sqlite")
    var bytes = try Data(contentsOf: file)
    try #require(bytes.count > offset + 65536)
    bytes.replaceSubrange(offset..<offset + 65536, with: Data(repeating: 0x5a, count: 65536))
    try bytes.write(to: file)
    let sink = try CollectingSink()
    let lines = LogLines()
    let second = try relay(to: [sink.url], log: lines.log)
    #expect(try second.send(Spans.request(1, seed: 500)).status == 200)
    try waitUntil("the new span", true: { sink.counts[Spans.ids(1, seed: 500).first ?? ""] == 1 })
    try sink.waitForSpans(50)
    try waitUntil("an empty queue", true: { try metric("ongrid_relay_queue_items", second) == 0 })
    #expect(try metric("ongrid_relay_queue_damages_total", second) == 1)
    let salvaged = try metric("ongrid_relay_queue_salvaged_items_total", second)
    #expect(salvaged + 1 == sink.counts.count)
    let lost =
      try metric("ongrid_relay_queue_damaged_items_total", second) + metric("ongrid_relay_lost_items_total", second)
    #expect(salvaged + lost <= 100)
    #expect(second.stop().isComplete || lost > 0)
    #expect(lines.texts.contains { $0.contains("was damaged and is kept as") })
    let kept = try FileManager.default.contentsOfDirectory(atPath: queue).filter { $0.hasPrefix("queue.damaged-") }
    #expect(kept.contains { $0.hasSuffix(".sqlite") })
    // The next start finds nothing wrong.
    let third = try relay(to: [sink.url])
    #expect(try metric("ongrid_relay_queue_damages_total", third) == 0)
    third.stop()
  }

  @Test("a live directory that is removed is noticed: what was acknowledged before and after arrives, kill or not")
  func removed() throws {
    let down = try CollectingSink { _, _ in .text(503, "down") }
    let first = try DurableRelay(to: down.url, queue)
    let client = try first.client(.http)
    var acknowledged: Set<String> = []
    for seed in 1...50 as ClosedRange<UInt64> {
      #expect(try client.send(Spans.request(2, seed: seed)) == .delivered())
      acknowledged.formUnion(Spans.ids(2, seed: seed))
    }
    try FileManager.default.removeItem(atPath: queue)
    for seed in 51...100 as ClosedRange<UInt64> {
      if try client.send(Spans.request(2, seed: seed)) == .delivered() {
        acknowledged.formUnion(Spans.ids(2, seed: seed))
      }
    }
    try waitUntil("the directory", true: { try client.send(Spans.request(1, seed: 200)) == .delivered() })
    acknowledged.formUnion(Spans.ids(1, seed: 200))
    try first.kill()
    let sink = try CollectingSink()
    let second = try DurableRelay(to: sink.url, queue)
    try waitUntil("all acknowledged spans", true: { acknowledged.isSubset(of: sink.counts.keys) })
    #expect(try second.process.stop().status == 0)
  }

  @Test("a directory that another one has taken the place of is not acknowledged into")
  func replaced() throws {
    let sink = try CollectingSink { _, _ in .text(503, "down") }
    let relay = try relay(to: [sink.url])
    #expect(try relay.send(Spans.request(1, seed: 1)).status == 200)
    try FileManager.default.moveItem(atPath: queue, toPath: directory.path("moved"))
    try FileManager.default.createDirectory(atPath: queue, withIntermediateDirectories: false)
    try "not ours".write(toFile: "\(queue)/queue.sqlite", atomically: false, encoding: .utf8)
    #expect(try [429, 503].contains(relay.send(Spans.request(1, seed: 2)).status))
    #expect(try relay.page("/readyz").status == 503)
    relay.stop()
    #expect(try String(contentsOfFile: "\(queue)/queue.sqlite", encoding: .utf8) == "not ours")
  }

  @Test("a queue of the former layout gives each destination everything once, and shrinks")
  func former() throws {
    try FileManager.default.copyItem(at: Fixtures.url("queue/former"), to: URL(filePath: queue))
    let before = try FileStatus.of("\(queue)/queue.sqlite").size
    let one = try CollectingSink()
    let two = try CollectingSink()
    let relay = try relay(to: [one.url, two.url])
    // The seeds that make.py counts from; the second destination refused the first three.
    let first = (1...3).reduce(into: Set<String>()) { $0.formUnion(Spans.ids(3, seed: UInt64($1))) }
    let rest = (1000..<1012).reduce(into: Set<String>()) { $0.formUnion(Spans.ids(1, seed: UInt64($1))) }
    try one.waitForSpans(21)
    try two.waitForSpans(12)
    try waitUntil("a new file", true: { (try? FileStatus.of("\(queue)/queue.sqlite").size) ?? before < before })
    #expect(try relay.send(Spans.request(1, seed: 5000)).status == 200)
    relay.stop()
    let new = Spans.ids(1, seed: 5000)
    #expect(Set(one.counts.keys) == first.union(rest).union(new))
    #expect(Set(two.counts.keys) == rest.union(new))
    #expect((Array(one.counts.values) + Array(two.counts.values)).allSatisfy { $0 == 1 })
    let letters = try Program.run(["relay", "--once", "--to", two.url, "\(queue)/dead-letter"])
    #expect(letters.status == 0)
    #expect(Set(two.counts.keys) == first.union(rest).union(new))
  }

  @Test("the longest time to stop does not end the relay before its time")
  func longStop() throws {
    let relay = try DurableRelay(to: "file:/dev/null", queue, ["--drain-timeout", "9223372036s"])
    #expect(try relay.client(.http).send(Spans.request(1, seed: 1)) == .delivered())
    #expect(try relay.process.stop().status == 0)
  }
}

/// A log that a test reads.
private final class LogLines: Sendable {
  private let lines = Monitor<[String]>([])

  var log: Log { Log(level: .info) { record in self.lines.withLock { $0.append(record.message) } } }
  var texts: [String] { lines.withLock { $0 } }
}

extension Spans {
  /// A ResourceSpans message of nothing but bytes that do not compress, as an attribute.
  static func noise(_ count: Int, _ random: inout SeededRandom) -> [UInt8] {
    let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    var message = ByteBuffer()
    message.appendField(1) { element in
      element.appendField(1) { resource in
        resource.appendField(1) { attribute in
          attribute.appendField(1, string: "noise")
          attribute.appendField(2) { value in bytes.withByteView { value.appendField(7, bytes: $0) } }
        }
      }
    }
    return [UInt8](message.view)
  }
}
