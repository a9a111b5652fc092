import Compression
import OTLP
import Platform
import Transport

/// Sends what is due to one destination, for one of its threads: a delivery until it is done or has to wait.
struct BatchSender: ~Copyable {
  private let destination: Destination
  private let exporter: any Exporter
  private var encoder: BodyEncoder
  private let encoding: ContentEncoding

  init(_ destination: Destination, _ exporter: any Exporter) {
    self.destination = destination
    self.exporter = exporter
    encoding = destination.target.encoding
    encoder = BodyEncoder(encoding)
  }

  /// Returns when the queue has ended.
  mutating func run() {
    while let delivery = destination.queue.next() { perform(delivery) }
  }

  private mutating func perform(_ given: consuming Delivery) {
    var delivery = given
    let queue = destination.queue
    let storage = destination.storage
    // What cannot be read has been reported by the storage.
    let before = delivery.items
    delivery.begin(
      { entry in entry.payloads.isEmpty ? storage?.load(entry) ?? [] : entry.payloads },
      goesAlone: { $0.goesAlone(as: encoding) })
    queue.settle(items: before - delivery.items)
    while let piece = delivery.next(tooLarge: queue.tooLarge) {
      let step = send(piece, of: &delivery)
      settle(&delivery)
      switch step {
      case .goOn: break
      case .wait(let wait, let reason):
        destination.noteRetry(reason: reason)
        _ = bury(&delivery)
        return queue.postpone(delivery, wait: wait, isFailure: true)
      case .stop:
        keep(delivery)
        return queue.finish(delivery)
      }
    }
    guard bury(&delivery) else {
      return queue.postpone(delivery, wait: BatchSender.waitForRoom, isFailure: false)
    }
    queue.finish(delivery)
  }

  /// How long what was refused waits for room among the dead letters, in ns.
  private static let waitForRoom = Duration.seconds(10).nanoseconds

  /// Sends a piece once and takes in what became of it.
  private mutating func send(_ piece: Delivery.Piece, of delivery: inout Delivery) -> Delivery.Step {
    let payloads = delivery.payloads(of: piece)
    let began = monotonicNanoseconds()
    let outcome = export(payloads)
    let now = monotonicNanoseconds()
    let largestTaken = destination.queue.note(
      outcome, size: delivery.size(of: piece), again: piece.attempts > 0, began: began, now: now)
    let retry = destination.settings.retry
    let before = delivery.items
    let step = delivery.note(
      outcome, of: piece, began: began, now: now, largestTaken: largestTaken,
      backoff: { retry.delay(afterAttempt: $0, elapsed: .nanoseconds($1), requested: $2) })
    destination.queue.settle(items: before - delivery.items)
    return step
  }

  private mutating func export(_ payloads: [Payload]) -> ExportOutcome {
    let body: OutgoingBody
    do throws(CompressionError) { body = try encoder.encode(payloads) } catch {
      return .refused(reason: "\(error)", scope: .content)
    }
    let counters = destination.counters
    counters.batchItems.record(Double(body.items))
    let start = monotonicNanoseconds()
    let outcome = exporter.export(body, signal: destination.signal)
    counters.attempt.record(Duration.nanoseconds(monotonicNanoseconds() - start).inSeconds)
    if case .delivered(let rejected, let message) = outcome {
      destination.note(delivered: body, rejected: min(max(rejected, 0), body.items), message: message)
      if let oldest = payloads.first {
        counters.delivery.record(Duration.nanoseconds(monotonicNanoseconds() - oldest.accepted).inSeconds)
      }
    }
    return outcome
  }

  /// Puts aside what was given up; `false` when it could not be, and has to stay in the queue.
  private func bury(_ delivery: inout Delivery) -> Bool {
    let refusals = delivery.refusals
    guard !refusals.isEmpty else { return true }
    let kept = refusals.filter { $0.observer?.takesRefusals != true }.map(\.payload)
    guard kept.isEmpty || destination.bury(kept, reason: delivery.refusal) else { return false }
    for (payload, observer) in refusals {
      guard let observer, observer.takesRefusals else { continue }
      destination.counters.returnedItems.add(payload.items)
      observer.refuse(items: payload.items, reason: delivery.refusal, mayHelp: delivery.hasGivenUp)
    }
    let before = delivery.items
    delivery.noteBuried()
    destination.queue.settle(items: before - delivery.items)
    settle(&delivery)
    return true
  }

  /// Nothing more is to be done for the requests that are done with.
  private func settle(_ delivery: inout Delivery) {
    let settled = delivery.takeSettled()
    if settled.isEmpty { return }
    destination.storage?.delivered(settled.map(\.entry))
    for done in settled { done.entry.tracker?.finish(items: done.entry.items, isDelivered: done.lost == 0) }
  }

  /// These have not arrived, and stay in the queue where there is one on disk.
  private func keep(_ delivery: borrowing Delivery) {
    for (entry, payloads) in delivery.unsettled {
      if payloads.count < entry.requests { destination.storage?.keep(payloads, of: entry) }
      entry.tracker?.finish(items: entry.items, isDelivered: false)
    }
  }
}
