import OTLP
import Platform
import TestSupport
import Testing
import Transport

@testable import Relay

/// How a batch is sent in parts: how many requests that takes, and what is given up.
@Suite struct DeliveryTests {
  /// Sends a batch of requests of some spans each to a destination that refuses what `refuses`, by the spans' numbers.
  private func deliver(
    _ requests: Int, of spans: Int, refusing: ExportOutcome = .refused(reason: "bad", scope: .content),
    _ refuses: ([Int]) -> Bool
  ) throws -> (sent: Int, taken: [Int], refused: [Int]) {
    var delivery = Delivery((0..<requests).map { QueueEntry(Self.payload($0 * spans..<($0 + 1) * spans)) })
    delivery.begin({ $0.payloads }, goesAlone: { _ in false })
    var sent = 0
    var taken: [Int] = []
    while let piece = delivery.next() {
      sent += 1
      let numbers = try delivery.payloads(of: piece).flatMap(Self.numbers)
      let isRefused = refuses(numbers)
      if !isRefused { taken += numbers }
      _ = delivery.note(isRefused ? refusing : .delivered(), of: piece, began: 0, now: 0, largestTaken: 0) { _, _, _ in
        .seconds(1)
      }
    }
    return (sent, taken.sorted(), try delivery.refusedPayloads.flatMap(Self.numbers).sorted())
  }

  private static func payload(_ spans: Range<Int>) -> Payload {
    var body = ByteBuffer()
    for span in spans { body.append(Spans.request(1, seed: UInt64(span) + 1)) }
    let size = body.count
    return Payload(
      signal: .traces, items: spans.count, plainSize: size, plain: OwnedBytes(body), gzip: nil, accepted: 0)
  }

  private static func numbers(_ payload: Payload) throws -> [Int] {
    try Spans.ids(in: [UInt8](payload.message().view)).map { (Int($0.prefix(16), radix: 16) ?? 0) - 1 }
  }

  @Test("k bad spans among n are found with at most 2k·log2 n further requests", arguments: [1, 2, 3, 5, 12, 15])
  func bound(_ bad: Int) throws {
    var random = SeededRandom()
    for (requests, spans) in [(64, 1), (1, 64), (16, 16), (32, 2), (8, 1)] where bad * 2 <= requests * spans {
      let all = requests * spans
      let chosen = Set(Array(0..<all).shuffled(using: &random).prefix(bad))
      let (sent, taken, refused) = try deliver(requests, of: spans) { !chosen.isDisjoint(with: $0) }
      #expect(Set(refused) == chosen, "\(random.note)")
      #expect(taken == Set(0..<all).subtracting(chosen).sorted(), "\(random.note)")
      let depth = (0..<20).first { 1 << $0 >= all } ?? 20
      #expect(sent - 1 <= 2 * bad * depth, "\(bad) of \(requests) times \(spans): \(sent) requests, \(random.note)")
    }
  }

  @Test("when all is refused, sixteen requests tell", arguments: [(1024, 1), (64, 8)])
  func allRefused(_ requests: Int, _ spans: Int) throws {
    let (sent, taken, refused) = try deliver(requests, of: spans) { _ in true }
    #expect(taken == [])
    #expect(refused == Array(0..<requests * spans))
    #expect(sent < 16 * 12)
  }

  @Test("a single request whose spans are all refused does not cost two for each")
  func oneRequestRefused() throws {
    let (sent, _, refused) = try deliver(1, of: 4096) { _ in true }
    #expect(refused.count == 4096)
    #expect(sent < 600)
  }

  @Test("what is taken in between saves the good ones, however many are bad")
  func mostlyBad() throws {
    let (_, taken, refused) = try deliver(200, of: 2) { $0.contains { $0 % 8 != 0 } }
    #expect(taken == (0..<400).filter { $0 % 8 == 0 })
    #expect(refused.count == 350)
  }

  @Test("a refusal that means the destination is tried no further")
  func destination() throws {
    let (sent, _, refused) = try deliver(10, of: 3, refusing: .refused(reason: "who?", scope: .destination)) { _ in true
    }
    #expect(sent == 1)
    #expect(refused.count == 30)
  }

  @Test("what is too large is cut until it fits", arguments: [1, 3, 16, 100])
  func tooLarge(_ most: Int) throws {
    let (_, taken, refused) = try deliver(10, of: 20, refusing: .refused(reason: "large", scope: .size)) {
      $0.count > most
    }
    #expect(taken == Array(0..<200))
    #expect(refused == [])
  }
}
