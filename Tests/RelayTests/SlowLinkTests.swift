import OTLP
import Platform
import TestSupport
import Testing
import Transport

@testable import Relay

/// A backlog behind a link that is too slow for large batches, and behind a destination that takes no large ones: it gets
/// through, in a time and with copies that are bounded. With a clock of its own, so that minutes take no time.
@Suite struct SlowLinkTests {
  /// The link takes what it is given at once, as a proxy does, and hands it on at its rate, one request after the other; the
  /// sender gives up after its time-out, and the link does not.
  private struct Link {
    let rate: Double
    let latency: Int64
    private var free: Int64 = 0

    init(bytesPerSecond: Double, latency: Duration) {
      rate = bytesPerSecond
      self.latency = latency.nanoseconds
    }

    mutating func send(_ bytes: Int, at now: Int64) -> Int64 {
      free = max(free, now) + Int64(Double(bytes) / rate * 1e9)
      return free + latency
    }
  }

  private struct Result {
    var delivered: [ObjectIdentifier: Int] = [:]
    var dead = 0
    var ended: Int64 = 0
    var copies: Int { delivered.values.reduce(0, +) }
  }

  /// Delivers `payloads` as four senders would, until all are with the destination or `limit` has passed.
  private func run(
    _ payloads: [Payload], limit: Duration, timeout: Duration = .seconds(30),
    answer: (_ bytes: Int, _ now: Int64) -> (at: Int64, outcome: ExportOutcome)
  ) -> Result {
    var queue = SendQueue(PipelineSettings())
    var result = Result()
    var random = SeededRandom(seed: 3)
    var senders: [(delivery: Delivery, piece: Delivery.Piece, began: Int64, ends: Int64, outcome: ExportOutcome)?] =
      Array(repeating: nil, count: 4)
    var now: Int64 = 1
    queue.enqueue(payloads.map { QueueEntry($0) })
    queue.drain()
    while now < limit.nanoseconds {
      var alarm = Int64.max
      for index in senders.indices {
        if let sending = senders[index], sending.ends <= now {
          senders[index] = nil
          var delivery = sending.delivery
          let bytes = delivery.size(of: sending.piece)
          let largest = queue.note(
            sending.outcome, size: bytes, again: sending.piece.attempts > 0, began: sending.began, now: now)
          let jitter = Double.random(in: 0...1, using: &random)
          let step = delivery.note(
            sending.outcome, of: sending.piece, began: sending.began, now: now, largestTaken: largest
          ) { attempt, _, requested in requested ?? min(.seconds(30), .seconds(1) * (1 << min(attempt - 1, 6))) * jitter
          }
          if case .wait(let wait, _) = step {
            queue.postpone(delivery, wait: wait, isFailure: true, now: now)
          } else {
            start(delivery, index)
          }
        }
        while senders[index] == nil {
          switch queue.next(now: now) {
          case .deliver(var delivery):
            delivery.begin({ $0.payloads }, goesAlone: { _ in false })
            start(delivery, index)
            continue
          case .wait(let until): alarm = min(alarm, until ?? .max)
          case .end: break
          }
          break
        }
        if let ends = senders[index]?.ends { alarm = min(alarm, ends) }
      }
      if alarm == .max { break }
      now = max(alarm, now)
    }
    result.ended = now

    func start(_ given: Delivery, _ index: Int) {
      var delivery = given
      guard let piece = delivery.next(tooLarge: queue.tooLarge(now: now)) else {
        result.dead += delivery.refusedPayloads.reduce(0) { $0 + $1.items }
        delivery.noteBuried()
        return queue.finish(delivery)
      }
      let payloads = delivery.payloads(of: piece)
      var (at, outcome) = answer(payloads.reduce(0) { $0 + $1.plainSize }, now)
      if case .delivered = outcome {
        for payload in payloads { result.delivered[ObjectIdentifier(payload), default: 0] += 1 }
      }
      let end = now + timeout.nanoseconds
      if at > end { (at, outcome) = (end, .failed(reason: "timed out", cause: .timeout)) }
      senders[index] = (delivery, piece, now, at, outcome)
    }
    return result
  }

  private func payloads(_ count: Int, bytes: Int) -> [Payload] {
    (0..<count).map { index in
      var body = ByteBuffer()
      body.append(Spans.request(1, seed: UInt64(index) + 1, padding: bytes))
      let size = body.count
      return Payload(signal: .traces, items: 1, plainSize: size, plain: OwnedBytes(body), gzip: nil, accepted: 0)
    }
  }

  @Test("a backlog of 12 MB over 40 kB/s, with a time-out of 30 s")
  func slowLink() {
    var link = Link(bytesPerSecond: 40_000, latency: .milliseconds(50))
    let payloads = payloads(400, bytes: 30_000)
    let result = run(payloads, limit: .seconds(3600)) { bytes, now in (link.send(bytes, at: now), .delivered()) }
    #expect(result.delivered.count == 400)
    #expect(result.dead == 0)
    // Each once before anything is known of the link, once when it is, and some on the way.
    #expect(result.copies < 1000, "\(result.copies) copies of 400")
    #expect(result.ended < Duration.seconds(900).nanoseconds, "\(result.ended / 1_000_000_000) s for 300 s of link")
  }

  @Test("a destination that takes 500 kB at once and 200 kB a second, as Tempo with a burst of that size")
  func burst() {
    var tokens = 500_000.0
    var filled: Int64 = 0
    let payloads = payloads(1000, bytes: 5_000)
    var refusals = 0
    let result = run(payloads, limit: .seconds(3600)) { bytes, now in
      tokens = min(500_000, tokens + Double(now - filled) / 1e9 * 200_000)
      filled = now
      guard Double(bytes) <= tokens else {
        refusals += 1
        return (now + 1_000_000, .refused(reason: "RATE_LIMITED", scope: .capacity))
      }
      tokens -= Double(bytes)
      return (now + 1_000_000, .delivered())
    }
    #expect(result.delivered.count == 1000)
    #expect(result.copies == 1000)
    #expect(result.dead == 0)
    #expect(refusals < 400, "\(refusals) refusals")
    #expect(result.ended < Duration.seconds(120).nanoseconds, "\(result.ended / 1_000_000_000) s for 23 s of rate")
  }

  @Test("a destination that takes a hundred seconds for what is large")
  func slowDestination() {
    let payloads = payloads(500, bytes: 8_000)
    let result = run(payloads, limit: .seconds(3600)) { bytes, now in (now + Int64(bytes) * 25_000, .delivered()) }
    #expect(result.delivered.count == 500)
    #expect(result.copies < 1500, "\(result.copies) copies of 500")
  }
}
