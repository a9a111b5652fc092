import Compression
import Foundation
import OTLP
import Platform
import TestSupport
import Testing

@testable import Relay

extension Payload {
  /// A request as it was accepted, plain or as a gzip member.
  static func holding(
    _ body: [UInt8], items: Int, signal: OTLPSignal = .traces, isGzip: Bool = false
  ) -> Payload {
    var bytes = ByteBuffer()
    bytes.append(isGzip ? (try? Spans.encoded(body, .gzip)) ?? [] : body)
    let owned = OwnedBytes(bytes)
    return Payload(
      signal: signal, items: items, plainSize: body.count, plain: isGzip ? nil : owned, gzip: isGzip ? owned : nil,
      accepted: monotonicNanoseconds())
  }

  fileprivate var bytes: [UInt8] { (try? message()).map { [UInt8]($0.view) } ?? [] }
}

/// The file of the durable queue.
@Suite struct QueueStoreTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.path("queue.sqlite") }

  init() throws { directory = try TemporaryDirectory() }

  private func requests(_ seeds: ClosedRange<UInt64>, isGzip: Bool = false) -> [Payload] {
    seeds.map { Payload.holding(Spans.request(2, seed: $0), items: 2, isGzip: isGzip) }
  }

  @Test("requests that share a row come back one by one", arguments: [false, true])
  func packs(isGzip: Bool) throws {
    let store = try QueueStore(path: path)
    let sent = requests(1...5, isGzip: isGzip)
    try store.begin()
    let rows = try store.add(sent, remaining: 1, now: 0)
    try store.commit()
    #expect(rows.count == 1)
    let loaded = try store.load(rows, bit: 1, accepted: 7)
    #expect(loaded.map(\.bytes) == sent.map(\.bytes))
    #expect(loaded.map(\.items) == [2, 2, 2, 2, 2])
    #expect(loaded.allSatisfy { ($0.gzip != nil) == isGzip && $0.accepted == 7 })
    #expect(try store.load(rows, bit: 2, accepted: 0).isEmpty)
  }

  @Test("a request without a body is not taken for stored")
  func noBody() throws {
    let store = try QueueStore(path: path)
    let payload = Payload(signal: .traces, items: 3, plainSize: 9, plain: nil, gzip: nil, accepted: 0)
    #expect(throws: SQLiteDatabase.Failure.self) { try store.add([payload], remaining: 1, now: 0) }
  }

  @Test("a row goes once all its destinations have it, and its number is not used again")
  func finish() throws {
    let store = try QueueStore(path: path)
    let first = try store.add(requests(1...1), remaining: 3, now: 0)
    let second = try store.add(requests(2...2), remaining: 1, now: 0)
    try store.finish(first, bit: 1)
    #expect(try store.load(first, bit: 1, accepted: 0).isEmpty)
    #expect(try store.load(first, bit: 2, accepted: 0).count == 1)
    try store.finish(first.lowerBound...second.upperBound, bit: 1)
    try store.finish(first, bit: 2)
    #expect(try store.isEmpty())
    #expect(try store.add(requests(3...3), remaining: 1, now: 0).lowerBound > second.upperBound)
  }

  @Test("for its owner alone, in any directory and whatever it was before")
  func mode() throws {
    chmod(directory.url.path, 0o755)
    try Data().write(to: URL(filePath: path))
    chmod(path, 0o644)
    let store = try QueueStore(path: path)
    _ = try store.add(requests(1...1), remaining: 1, now: 0)
    for suffix in ["", "-wal", "-shm"] {
      let mode = try FileManager.default.attributesOfItem(atPath: path + suffix)[.posixPermissions] as? Int
      #expect(mode == 0o600, "queue.sqlite\(suffix)")
    }
    withExtendedLifetime(store) {}
  }

  @Test("a layout of a later version is refused, and not one byte is changed")
  func later() throws {
    do {
      let database = try SQLiteDatabase(path: path)
      try database.execute("PRAGMA journal_mode = WAL; CREATE TABLE pack (id INTEGER); PRAGMA user_version = 9;")
    }
    let before = try Data(contentsOf: URL(filePath: path))
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.url.path)
    let error = #expect(throws: SQLiteDatabase.Failure.self) { try QueueStore(path: path) }
    #expect(error?.description.contains("layout 9") == true)
    #expect(try Data(contentsOf: URL(filePath: path)) == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path) == names)
  }

  @Test("the file shrinks when rows are gone")
  func shrinks() throws {
    let store = try QueueStore(path: path)
    let body = Spans.request(1, seed: 1, padding: 300_000)
    var rows: [ClosedRange<Int64>] = []
    for _ in 0..<40 { rows.append(try store.add([Payload.holding(body, items: 1)], remaining: 1, now: 0)) }
    let full = try store.room().size
    for rows in rows.dropFirst(3) { try store.finish(rows, bit: 1) }
    try store.shrink(pages: 10_000)
    try store.checkpoint()
    #expect(try store.room().size < full / 4)
    #expect(try store.load(rows[2], bit: 1, accepted: 0).map(\.bytes) == [body])
  }

  @Test("a million requests on disk take little memory in the queue")
  func merging() throws {
    let queue = DestinationQueue(PipelineSettings())
    for row in Int64(1)...200_000 {
      queue.reserve(100, force: true)
      queue.enqueue([
        QueueEntry(
          rows: row...row, requests: 1, items: 1, bytes: 100, plainSize: 100, accepted: row, previousRow: row - 1)
      ])
    }
    #expect(queue.depth.requests == 200_000 && queue.depth.items == 200_000 && queue.depth.bytes == 20_000_000)
    queue.drain()
    var rows: [ClosedRange<Int64>] = []
    while queue.depth.requests > 0, let delivery = queue.next() {
      rows += delivery.unread.compactMap(\.rows)
      queue.settle(items: delivery.items)
      queue.finish(delivery)
    }
    #expect(rows.count <= 200)
    #expect(rows.reduce(0) { $0 + $1.count } == 200_000)
    #expect(zip(rows, rows.dropFirst()).allSatisfy { $0.upperBound + 1 == $1.lowerBound })
  }

  /// Writes `count` packs of three requests each, of which every third is delivered.
  private func fill(_ count: Int) throws -> [UInt64] {
    let store = try QueueStore(path: path)
    try store.name(0, "traces somewhere")
    var kept: [UInt64] = []
    for index in 0..<count {
      let first = UInt64(index * 3 + 1)
      let padding = index % 5 == 0 ? 20_000 : 10
      let payloads = (first...first + 2).map {
        Payload.holding(Spans.request(1, seed: $0, padding: padding), items: 1, isGzip: index % 2 == 0)
      }
      let rows = try store.add(payloads, remaining: 1, now: 5)
      if index % 3 == 2 { try store.finish(rows, bit: 1) } else { kept += Array(first...first + 2) }
    }
    return kept
  }

  private func salvaged() throws -> (seeds: Set<UInt64>, lost: Int) {
    var salvage = try QueueSalvage(path: path)
    var seeds: Set<UInt64> = []
    try salvage.forEach { rescued in
      for payload in rescued.payloads {
        for id in (try? Spans.ids(in: payload.bytes)) ?? [] { seeds.insert(UInt64(id.prefix(16), radix: 16) ?? 0) }
      }
    }
    return (seeds, salvage.lostItems)
  }

  @Test("of a file that is whole everything that waits is read page by page, and nothing else")
  func salvageOfWhole() throws {
    let kept = try fill(60)
    #expect(try salvaged() == (Set(kept), 0))
  }

  @Test("of a damaged file everything is read that the damage has not reached")
  func salvageOfDamaged() throws {
    let kept = Set(try fill(300))
    let whole = try Data(contentsOf: URL(filePath: path))
    var random = SeededRandom()
    var starts = [0, 32768]
    for _ in 0..<8 { starts.append(Int.random(in: 0..<whole.count - 65536, using: &random)) }
    for start in starts {
      var damaged = whole
      damaged.replaceSubrange(
        start..<start + 65536, with: (0..<65536).map { _ in UInt8.random(in: 0...255, using: &random) })
      try damaged.write(to: URL(filePath: path))
      let (seeds, _) = try salvaged()
      // Rows that were delivered come again only where the list of free pages is lost.
      if start >= 32768 { #expect(seeds.isSubset(of: kept), "at \(start), seed \(random.seed)") }
      #expect(seeds.intersection(kept).count > kept.count / 2, "at \(start), seed \(random.seed)")
    }
  }

  @Test("what a log holds that was never copied into the file is read as well")
  func salvageOfLog() throws {
    let store = try QueueStore(path: path)
    try store.begin()
    _ = try store.add(requests(1...3), remaining: 1, now: 0)
    try store.commit()
    #expect(try salvaged().seeds == [1, 2, 3])
    withExtendedLifetime(store) {}
  }
}
