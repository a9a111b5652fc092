import OTLP
import Platform
import TestSupport
import Testing
import Transport

@testable import Relay

/// A destination's queue with its senders, the destination and the disk as a model, with a clock that the test moves: no
/// threads and no waiting. Whom a wake-up reaches is drawn by lot, as with a condition that several threads wait at.
struct SendModel {
  enum Sender {
    /// Asleep, until woken or until this time.
    case waits(until: Int64?)
    case runs
    case sends(Delivery, Delivery.Piece, began: Int64)
    case ended
  }

  /// How the destination answers to a request with this span in it.
  enum Mood: Equatable {
    case accepts
    /// Never takes it.
    case refuses
    /// Has no time for it before this moment, and says when to come or does not.
    case overloaded(until: Int64, tells: Bool)
    /// Takes it, and its answer comes too late until this moment.
    case lost(until: Int64)
  }

  let isDurable: Bool
  let settings: PipelineSettings
  private(set) var queue: SendQueue
  private(set) var senders: [Sender]
  private(set) var now: Int64 = 1_000_000_000
  /// Requests that have no room yet.
  private var producers: [[Int]] = []
  private var isProducerAsleep = false

  var moods: [Int: Mood] = [:]
  /// The destination takes no more spans at once.
  var sizeLimit = Int.max
  var refusesSizeForGood = false
  /// Nothing listens there before this moment.
  var downUntil: Int64 = 0

  private(set) var accepted: Set<Int> = []
  private(set) var delivered: [Int: Int] = [:]
  private(set) var dead: Set<Int> = []
  private(set) var lostByCrash: Set<Int> = []
  private(set) var requests = 0
  /// Spans of requests whose answer was lost, once for each.
  private(set) var unanswered: [Int: Int] = [:]
  private var crashes = 0
  /// The rows that are not done with.
  private var disk: [Int64: [Int]] = [:]
  private var nextRow: Int64 = 1
  var failure: String?

  init(isDurable: Bool, senders count: Int, queueMax: Int, batchItems: Int) {
    self.isDurable = isDurable
    var settings = PipelineSettings()
    settings.senders = count
    settings.queueMax = queueMax
    settings.batchItems = batchItems
    settings.batchTimeout = .milliseconds(200)
    self.settings = settings
    queue = SendQueue(settings)
    senders = Array(repeating: .runs, count: count)
  }

  // MARK: - Requests made of spans that are known by number

  /// Spans by number; `SpanPool.most` of them.
  private static func payload(_ spans: [Int]) -> Payload { SpanPool.shared.payload(spans) }

  private static func spans(of payload: Payload) -> [Int] { SpanPool.shared.spans(of: payload) }

  // MARK: - Actions

  /// Offers a request of these spans, which waits for room if there is none.
  mutating func offer(_ spans: [Int]) {
    producers.append(spans)
    if !isProducerAsleep { produce() }
    settle()
  }

  private mutating func produce() {
    isProducerAsleep = false
    while let spans = producers.first {
      let payload = SendModel.payload(spans)
      guard queue.reserve(payload.heldBytes) else {
        isProducerAsleep = true
        return
      }
      producers.removeFirst()
      accepted.formUnion(spans)
      let entry: QueueEntry
      if isDurable {
        disk[nextRow] = spans
        // Every other one is only on disk.
        entry =
          nextRow % 2 == 0
          ? QueueEntry([payload], rows: nextRow...nextRow, isInMemory: true)
          : self.entry(onDisk: nextRow, payload)
        nextRow += 1
      } else {
        entry = QueueEntry(payload)
      }
      queue.enqueue([entry])
    }
  }

  /// Lets the sender of that number hear what became of what it sends.
  mutating func answer(_ index: Int, random: inout SeededRandom) {
    guard case .sends(var delivery, let piece, let began) = senders[index] else { return }
    senders[index] = .runs
    let payloads = delivery.payloads(of: piece)
    let spans = payloads.flatMap { SendModel.spans(of: $0) }
    let outcome = self.outcome(spans)
    let bytes = delivery.size(of: piece)
    let largestTaken = queue.note(outcome, size: bytes, again: piece.attempts > 0, began: began, now: now)
    let jitter = Double.random(in: 0...1, using: &random)
    let before = delivery.items
    let step = delivery.note(outcome, of: piece, began: began, now: now, largestTaken: largestTaken) {
      attempt, _, requested in requested ?? min(.seconds(30), .milliseconds(100) * (1 << min(attempt, 12))) * jitter
    }
    queue.settle(items: before - delivery.items)
    note(settled: delivery.takeSettled())
    if case .wait(let wait, _) = step {
      _ = bury(&delivery)
      queue.postpone(delivery, wait: wait, isFailure: true, now: now)
    } else {
      goOn(index, delivery)
    }
    settle()
  }

  private mutating func outcome(_ spans: [Int]) -> ExportOutcome {
    requests += 1
    if now < downUntil { return .failed(reason: "refused", cause: .connection) }
    if spans.count > sizeLimit { return .refused(reason: "too large", scope: refusesSizeForGood ? .size : .capacity) }
    var isLost = false
    for span in spans {
      switch moods[span] ?? .accepts {
      case .accepts: break
      case .refuses: return .refused(reason: "bad", scope: .content)
      case .overloaded(let until, let tells):
        if now < until { return .failed(reason: "later", retryAfter: tells ? .seconds(25) : nil, cause: .overload) }
      case .lost(let until): if now < until { isLost = true }
      }
    }
    for span in spans { delivered[span, default: 0] += 1 }
    guard isLost else { return .delivered() }
    for span in spans { unanswered[span, default: 0] += 1 }
    return .failed(reason: "timed out", cause: .timeout)
  }

  private mutating func bury(_ delivery: inout Delivery) -> Bool {
    for payload in delivery.refusedPayloads { dead.formUnion(SendModel.spans(of: payload)) }
    let before = delivery.items
    delivery.noteBuried()
    queue.settle(items: before - delivery.items)
    note(settled: delivery.takeSettled())
    return true
  }

  private func rows(of entry: QueueEntry) -> [Int64] { entry.rows.map { Array($0) } ?? [] }

  private func entry(onDisk row: Int64, _ payload: Payload) -> QueueEntry {
    QueueEntry(
      rows: row...row, requests: 1, items: payload.items, bytes: payload.heldBytes, plainSize: payload.plainSize,
      accepted: now, previousRow: row - 1)
  }

  private mutating func note(settled: [Delivery.Settled]) {
    for request in settled { for row in rows(of: request.entry) { disk[row] = nil } }
  }

  private mutating func goOn(_ index: Int, _ delivery: Delivery) {
    var delivery = delivery
    if let piece = delivery.next(tooLarge: queue.tooLarge(now: now)) {
      senders[index] = .sends(delivery, piece, began: now)
    } else {
      _ = bury(&delivery)
      queue.finish(delivery)
      senders[index] = .runs
    }
  }

  mutating func drain() {
    queue.drain()
    settle()
  }

  /// The process ends and is started again; what was only in memory is gone.
  mutating func crash() {
    crashes += 1
    let outstanding = accepted.subtracting(delivered.keys).subtracting(dead)
    queue = SendQueue(settings)
    senders = senders.map { _ in .runs }
    producers = []
    isProducerAsleep = false
    if isDurable {
      for row in disk.keys.sorted() {
        let payload = SendModel.payload(disk[row] ?? [])
        _ = queue.reserve(payload.heldBytes, force: true)
        queue.enqueue([entry(onDisk: row, payload)])
      }
    } else {
      lostByCrash.formUnion(outstanding)
    }
    settle()
  }

  /// Moves the clock on to the next thing that anybody waits for, but no further than by `most`.
  mutating func pass(_ most: Int64) {
    var end = now + most
    for case .waits(let until?) in senders where until > now { end = min(end, until) }
    now = end
    for index in senders.indices {
      if case .waits(let until?) = senders[index], until <= now { senders[index] = .runs }
    }
    settle()
  }

  // MARK: - What the threads would do

  private var lot = SeededRandom(seed: 7)

  /// Wakes whom the queue names, and lets everybody run who can.
  private mutating func settle() {
    while failure == nil {
      wakeUp(queue.takeWake())
      guard let index = senders.indices.first(where: { if case .runs = senders[$0] { true } else { false } }) else {
        break
      }
      switch queue.next(now: now) {
      case .wait(let until): senders[index] = .waits(until: until)
      case .end: senders[index] = .ended
      case .deliver(var delivery):
        delivery.begin(
          { entry in
            entry.payloads.isEmpty
              ? rows(of: entry).compactMap { disk[$0].map(SendModel.payload) } : entry.payloads
          },
          goesAlone: { _ in false })
        goOn(index, delivery)
      }
    }
    check()
  }

  private mutating func wakeUp(_ wake: SendQueue.Wake) {
    var asleep = senders.indices.filter { if case .waits = senders[$0] { true } else { false } }
    if wake.contains(.sender), !wake.contains(.allSenders) {
      asleep = asleep.randomElement(using: &lot).map { [$0] } ?? []
    }
    if wake.contains(.sender) || wake.contains(.allSenders) { for index in asleep { senders[index] = .runs } }
    if wake.contains(.producers), isProducerAsleep { produce() }
  }

  // MARK: - What must hold whenever nobody can run

  private mutating func check() {
    guard failure == nil else { return }
    var alarms: [Int64] = []
    var isAnyoneFree = false
    for case .waits(let until) in senders {
      isAnyoneFree = true
      if let until { alarms.append(until) }
    }
    var copy = queue
    if isAnyoneFree {
      switch copy.next(now: now) {
      case .deliver: failure = "a sender is free and something is due"
      case .end: failure = "the end is here and a sender sleeps"
      case .wait(let until?):
        if until < alarms.min() ?? .max { failure = "something is due at \(until), and nobody wakes up then" }
      case .wait(nil): break
      }
    }
    if isProducerAsleep, let spans = producers.first, queue.hasRoom(SendModel.payload(spans).heldBytes) {
      failure = "there is room, and somebody waits for it"
    }
    // Until something came twice or is gone, it is simple.
    if crashes == 0, unanswered.isEmpty, queue.items != accepted.count - delivered.count - dead.count {
      failure = "\(queue.items) of \(accepted.count) items are counted, \(delivered.count) came, \(dead.count) are dead"
    }
  }

  /// The senders that wait for an answer.
  var sending: [Int] { senders.indices.filter { if case .sends = senders[$0] { true } else { false } } }
  var hasEnded: Bool { senders.allSatisfy { if case .ended = $0 { true } else { false } } }
  var diskIsEmpty: Bool { disk.isEmpty }
}

/// Requests of a few spans, encoded once, and the numbers of the spans in them.
private final class SpanPool: Sendable {
  static let shared = SpanPool()

  private struct Known {
    var payloads: [[Int]: Payload] = [:]
    var spans: [ObjectIdentifier: (payload: Payload, spans: [Int])] = [:]
  }

  private let known = Monitor(Known())

  func payload(_ spans: [Int]) -> Payload {
    known.withLock { known in
      if let payload = known.payloads[spans] { return payload }
      var body = ByteBuffer()
      for span in spans { body.append(Spans.request(1, seed: UInt64(span))) }
      let size = body.count
      let payload = Payload(
        signal: .traces, items: spans.count, plainSize: size, plain: OwnedBytes(body), gzip: nil, accepted: 0)
      known.payloads[spans] = payload
      known.spans[ObjectIdentifier(payload)] = (payload, spans)
      return payload
    }
  }

  func spans(of payload: Payload) -> [Int] {
    if let found = known.withLock({ $0.spans[ObjectIdentifier(payload)]?.spans }) { return found }
    let ids = (try? payload.message()).flatMap { try? Spans.ids(in: [UInt8]($0.view)) } ?? []
    return ids.compactMap { Int($0.prefix(16), radix: 16) }
  }
}
