import Compression
import OTLP
import Platform
import TestSupport
import Testing
import Transport

@testable import Relay

/// What waits in the queue directory when the destinations are others after a restart.
@Suite struct DestinationChangeTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func relay(to sinks: CollectingSink...) throws -> RelayUnderTest {
    try RelayUnderTest(to: sinks.map(\.url)) {
      $0.queueDirectory = directory.path("queue")
      $0.drainTimeout = .milliseconds(200)
    }
  }

  @Test("what waits for a destination that is not named reaches nobody twice, and waits until it is named again")
  func missing() throws {
    let isUp = Switch()
    let slow = try CollectingSink { _, _ in isUp.isOn ? nil : .text(503, "down") }
    let good = try CollectingSink()
    let ids = Spans.ids(5, seed: 1)
    let both = try relay(to: slow, good)
    #expect(try both.send(Spans.request(5, seed: 1)).status == 200)
    try good.waitForSpans(5)
    both.stop()
    let alone = try relay(to: good)
    #expect(try alone.send(Spans.request(1, seed: 2)).status == 200)
    try good.waitForSpans(6)
    alone.stop()
    isUp.turnOn()
    let again = try relay(to: slow, good)
    try slow.waitForSpans(5)
    again.stop()
    #expect(slow.counts == Dictionary(uniqueKeysWithValues: ids.map { ($0, 1) }))
    #expect(ids.allSatisfy { good.counts[$0] == 1 })
  }

  @Test("a destination that takes the place of another gets what waited for it, and the other no longer does")
  func replaced() throws {
    let isUp = Switch()
    let former = try CollectingSink { _, _ in isUp.isOn ? nil : .text(503, "down") }
    let latter = try CollectingSink()
    let first = try relay(to: former)
    #expect(try first.send(Spans.request(5, seed: 1)).status == 200)
    first.stop()
    let second = try relay(to: latter)
    try latter.waitForSpans(5)
    second.stop()
    isUp.turnOn()
    let third = try relay(to: former)
    #expect(try third.send(Spans.request(1, seed: 2)).status == 200)
    try former.waitForSpans(1)
    third.stop()
    #expect(former.counts.keys.sorted() == Spans.ids(1, seed: 2).sorted())
  }

  @Test("rows that cannot be read are not taken for delivered with the others of their batch")
  func unreadable() throws {
    let storage = HoleyStorage(hole: 2)
    let destination = Destination(
      AcceptingTarget(), signal: .traces, settings: PipelineSettings(), log: .discarding)
    destination.use(storage)
    let entries = (1...3).map {
      QueueEntry(rows: $0...$0, requests: 1, items: 1, bytes: 10, plainSize: 10, accepted: 0)
    }
    #expect(destination.queue.offer(entries))
    let threads = try destination.start()
    destination.queue.drain()
    for thread in threads { thread.join() }
    #expect(storage.delivered.sorted() == [1, 3])
    #expect(destination.counters.sentItems.value == 2)
  }
}

/// Rows that can all be read but one.
private final class HoleyStorage: DestinationStorage {
  private let hole: Int64
  private let rows = Monitor<[Int64]>([])

  init(hole: Int64) { self.hole = hole }

  var delivered: [Int64] { rows.withLock { $0 } }

  func load(_ entry: QueueEntry) -> [Payload] {
    guard let row = entry.rows?.lowerBound, row != hole else { return [] }
    return [Payload.holding(Spans.request(1, seed: UInt64(row)), items: 1)]
  }

  func delivered(_ entries: [QueueEntry]) { rows.withLock { $0 += entries.compactMap(\.rows?.lowerBound) } }

  func keep(_ payloads: [Payload], of entry: QueueEntry) {}

  func bury(_ payloads: [Payload], reason: String) -> String? { nil }
}

private struct AcceptingTarget: Target {
  let name = "accepting"
  let identity = "accepting"
  let encoding = ContentEncoding.identity

  func makeExporter(cancellation: HTTPCancellation) throws(RelayError) -> any Exporter { AcceptingExporter() }
}

private final class AcceptingExporter: Exporter {
  func export(_ body: OutgoingBody, signal: OTLPSignal) -> ExportOutcome { .delivered(rejected: 0, message: nil) }
}
