import Foundation
import Platform
import TestSupport
import Testing

@testable import Relay

/// Random sequences of actions on a destination's queue, its deliveries and its pace, against a model of everything around.
@Suite struct SendQueueModelTests {
  /// `ONGRID_MODEL_SEQUENCES` asks for more.
  private static let sequences =
    ProcessInfo.processInfo.environment["ONGRID_MODEL_SEQUENCES"].flatMap { Int($0) } ?? 10_000

  @Test("whatever can be delivered is delivered while a sender is free, and everything is counted")
  func sequences() throws {
    let seed = SeededRandom().seed
    for number in 0..<Self.sequences {
      var random = SeededRandom(seed: seed &+ UInt64(number) &* 0x9E37_79B9)
      if let failure = run(&random) {
        Issue.record("sequence \(number): \(failure); ONGRID_TEST_SEED=\(seed)")
        return
      }
    }
  }

  /// One sequence; what went wrong in it.
  private func run(_ random: inout SeededRandom) -> String? {
    var model = SendModel(
      isDurable: Bool.random(using: &random), senders: Int.random(in: 1...5, using: &random),
      queueMax: [2_000, 6_000, 1 << 20].randomElement(using: &random) ?? 0,
      batchItems: [1, 4, 16].randomElement(using: &random) ?? 1)
    var next = 1
    var bad: Set<Int> = []
    for _ in 0..<Int.random(in: 5...30, using: &random) {
      switch Int.random(in: 0..<20, using: &random) {
      case 0..<6:
        let count = [1, 1, 1, 2, 4].randomElement(using: &random) ?? 1
        let spans = Array(next..<next + count)
        next += count
        for span in spans {
          switch Int.random(in: 0..<12, using: &random) {
          case 0 where bad.count < 12:
            model.moods[span] = .refuses
            bad.insert(span)
          case 1:
            model.moods[span] = .overloaded(
              until: model.now + .random(in: 0...60_000_000_000, using: &random), tells: .random(using: &random))
          case 2: model.moods[span] = .lost(until: model.now + .random(in: 0...2_000_000_000, using: &random))
          default: break
          }
        }
        model.offer(spans)
      case 6..<13:
        if let index = model.sending.randomElement(using: &random) { model.answer(index, random: &random) }
      case 13..<17: model.pass(.random(in: 1...3_000_000_000, using: &random))
      case 17: model.downUntil = model.now + .random(in: 0...20_000_000_000, using: &random)
      case 18:
        model.sizeLimit = [1, 2, 5, .max].randomElement(using: &random) ?? .max
        model.refusesSizeForGood = .random(using: &random)
      default: if Int.random(in: 0..<4, using: &random) == 0 { model.crash() }
      }
      if let failure = model.failure { return failure }
    }
    return finish(&model, bad, &random)
  }

  /// The relay stops: everything must come to an end.
  private func finish(_ model: inout SendModel, _ bad: Set<Int>, _ random: inout SeededRandom) -> String? {
    var rounds = 0
    while !model.hasEnded {
      if let failure = model.failure { return failure }
      rounds += 1
      if rounds > 20_000 { return "it does not come to an end" }
      if rounds == 20 { model.drain() }
      if let index = model.sending.randomElement(using: &random) {
        model.answer(index, random: &random)
      } else {
        model.pass(60_000_000_000)
      }
    }
    if model.queue.bytes != 0 || model.queue.items != 0 { return "\(model.queue.bytes) bytes are left over" }
    if !model.diskIsEmpty { return "rows are left over" }
    for span in model.accepted where !model.lostByCrash.contains(span) {
      let count = model.delivered[span] ?? 0
      if bad.contains(span) {
        if count > 0 || !model.dead.contains(span) { return "bad span \(span) came \(count) times" }
      } else if count == 0 || model.dead.contains(span) {
        return "span \(span) came \(count) times"
      }
    }
    return nil
  }
}
