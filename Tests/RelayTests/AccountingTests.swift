import Foundation
import OTLP
import Platform
import TestSupport
import Testing
import Transport

@testable import Relay

/// Everything that was accepted is with the destination, in the queue, among the dead letters, or said to be lost: by the
/// counters, and item by item.
@Suite struct AccountingTests {
  /// How long faults go on, in all; `ONGRID_ACCOUNTING_SECONDS` asks for more.
  private static let seconds =
    ProcessInfo.processInfo.environment["ONGRID_ACCOUNTING_SECONDS"].flatMap { Double($0) } ?? 3

  /// The first span of every sixteenth request is bad for good.
  private static func isBad(_ id: String) -> Bool { id.hasSuffix("d0000000000000001") }

  /// Sends requests in every way from several threads until told to end; the ids of what was accepted and of what was not.
  private final class Load {
    private let state = Monitor((accepted: Set<String>(), isOver: false))
    private var threads: [ThreadHandle] = []

    init(http: String, firstSeed: UInt64, seed: UInt64) throws {
      for index in 0..<3 as Range<UInt64> {
        let state = state
        threads.append(
          try ThreadHandle {
            var random = SeededRandom(seed: seed &+ index)
            guard let client = try? HTTPClient(options: HTTPOptions()), let url = try? HTTPURL("\(http)/v1/traces")
            else {
              return
            }
            var number = firstSeed + index << 32
            while !state.withLock({ $0.isOver }) {
              number += 1
              let count = Int.random(in: 1...20, using: &random)
              let isGzip = Bool.random(using: &random)
              let body = Spans.request(count, seed: number, padding: Int.random(in: 0...400, using: &random))
              var headers: HTTPHeaders = ["Content-Type": "application/x-protobuf"]
              if isGzip { headers["Content-Encoding"] = "gzip" }
              guard let sent = isGzip ? try? Spans.encoded(body, .gzip) : body,
                let answer = try? client.send(
                  HTTPRequest(method: .post, url: url, headers: headers, body: .bytes(sent), acceptsCompression: false)),
                answer.status == 200
              else {
                poll(nil, 0, 5)
                continue
              }
              let ids = Spans.ids(count, seed: number)
              state.withLock { $0.accepted.formUnion(ids) }
            }
          })
      }
    }

    /// What was accepted.
    func end() -> Set<String> {
      state.withLock { $0.isOver = true }
      for thread in threads { thread.join() }
      return state.withLock { $0.accepted }
    }
  }

  /// The sum of a metric over all its rows.
  private func sum(_ name: String, _ page: String) -> Int {
    page.split(separator: "\n").filter { $0.hasPrefix(name + "{") || $0.hasPrefix(name + " ") }
      .reduce(0) { $0 + (Int($1.split(separator: " ").last ?? "") ?? 0) }
  }

  /// What the counters say became of the accepted items, and how many were accepted.
  private func books(_ page: String) -> (accepted: Int, known: Int, queued: Int) {
    let queued = sum("ongrid_relay_queue_items", page)
    let known = ["sent", "rejected", "dead_letter", "lost", "overflow"].reduce(queued) {
      $0 + sum("ongrid_relay_\($1)_items_total", page)
    }
    return (sum("ongrid_relay_accepted_items_total", page), known, queued)
  }

  @Test("accepted = sent + rejected + queued + dead + lost under faults of every kind", arguments: [false, true])
  func counters(isDurable: Bool) throws {
    let random = SeededRandom()
    let directory = try TemporaryDirectory()
    let sink = try FaultySink(seed: random.seed, refuses: Self.isBad)
    let relay = try RelayUnderTest(to: [sink.server.url]) {
      $0.queueDirectory = isDurable ? directory.path("queue") : nil
      $0.destinations[0].compression = .gzip
      $0.destinations[0].options.timeout = .milliseconds(300)
      $0.pipeline.queueMax = 8 << 20
      $0.pipeline.batchItems = 200
    }
    let load = try Load(http: "http://127.0.0.1:\(relay.port)", firstSeed: 1 << 40, seed: random.seed)
    poll(nil, 0, Int32(Self.seconds * 500))
    let accepted = load.end()
    // At rest all that moves is retries, so that the books are in balance again and again.
    try waitUntil("balanced books, \(random.note)") {
      let books = try self.books(relay.page("/metrics").text)
      return books.accepted == accepted.count && books.known == accepted.count
    }
    sink.heal()
    try waitUntil("an empty queue, \(random.note)") { try self.books(relay.page("/metrics").text).queued == 0 }
    let page = try relay.page("/metrics").text
    #expect(books(page).known == accepted.count, "\(random.note)")
    let line = relay.stop().lines[0]
    let missing = accepted.subtracting(sink.taken)
    #expect(line.waiting == 0)
    if isDurable {
      let dead = try deadLetters(directory.path("queue"))
      #expect(line.lost == 0)
      #expect(missing.isSubset(of: dead), "\(random.note)")
    } else {
      // What was taken although the relay was told otherwise, and given up then, is in both.
      #expect(missing.count <= line.lost, "\(random.note)")
    }
    #expect(accepted.filter { Self.isBad($0) }.allSatisfy { missing.contains($0) })
  }

  /// Takes what lies in the dead letters of a queue directory out of it, by sending it somewhere.
  private func deadLetters(_ queue: String) throws -> Set<String> {
    guard FileManager.default.fileExists(atPath: queue + "/dead-letter") else { return [] }
    let sink = try CollectingSink()
    let result = try Program.run(["relay", "--once", "--delete", "--to", sink.url, queue + "/dead-letter"])
    #expect([0, 2].contains(result.status), "\(result.errors)")
    return Set(sink.counts.keys)
  }

  @Test("after kills, behind a slow link, every accepted span is somewhere")
  func kills() throws {
    let random = SeededRandom()
    let directory = try TemporaryDirectory()
    let sink = try FaultySink(seed: random.seed, refuses: Self.isBad)
    let proxy = try ThrottlingProxy(to: sink.server.port, bytesPerSecond: 60_000)
    var accepted: Set<String> = []
    let rounds = max(Int(Self.seconds / 1.5), 2)
    let options = ["--queue-max", "64MiB", "--timeout", "500ms"]
    for round in 0..<rounds {
      let relay = try DurableRelay(to: proxy.url, directory.path("queue"), options)
      let load = try Load(
        http: "http://\(relay.process.http)", firstSeed: UInt64(round + 1) << 40, seed: random.seed &+ UInt64(round))
      poll(nil, 0, Int32.random(in: 300...1200))
      proxy.set(bytesPerSecond: [20_000, 200_000, 5_000_000].randomElement() ?? 1e6)
      poll(nil, 0, 100)
      relay.process.program.send(SIGKILL)
      accepted.formUnion(load.end())
      try relay.process.program.wait()
    }
    sink.heal()
    proxy.set(bytesPerSecond: 1e9)
    let relay = try DurableRelay(to: proxy.url, directory.path("queue"), ["--queue-max", "64MiB"])
    let client = try HTTPClient(options: HTTPOptions())
    let page = { [admin = relay.process.admin] in
      String(
        decoding: try client.send(HTTPRequest(url: HTTPURL("http://\(admin)/metrics"), acceptsCompression: false)).body,
        as: UTF8.self)
    }
    try waitUntil("an empty queue, \(random.note)", timeout: 60) { try self.books(page()).queued == 0 }
    #expect([0, 4].contains(try relay.process.stop().status))
    let dead = try deadLetters(directory.path("queue"))
    let missing = accepted.subtracting(sink.taken).subtracting(dead)
    #expect(missing.isEmpty, "\(missing.count) of \(accepted.count) are nowhere, \(random.note)")
    #expect(accepted.count > 100)
  }
}
