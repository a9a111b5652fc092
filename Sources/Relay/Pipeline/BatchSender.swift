import Compression
import OTLP
import Platform
import Transport

/// Sends batches to one destination, for one of its threads: again where that may help, and in parts where something in
/// a batch is refused, so that one client's bad request does not take those of others with it.
struct BatchSender: ~Copyable {
  private let destination: Destination
  private let exporter: any Exporter
  private var encoder: BodyEncoder

  /// A payload and the entry it belongs to.
  private struct Item {
    let entry: QueueEntry
    let payload: Payload
  }

  init(_ destination: Destination, _ exporter: any Exporter) {
    self.destination = destination
    self.exporter = exporter
    encoder = BodyEncoder(destination.target.encoding)
  }

  /// Deals with a batch, and tells the trackers of its entries what has come of them.
  mutating func deliver(_ batch: [QueueEntry]) {
    var items: [Item] = []
    for entry in batch {
      // Rows that cannot be read have been reported by the storage and stay where they are.
      guard let payload = entry.payload ?? entry.row.flatMap({ destination.storage?.load($0) }) else { continue }
      items.append(Item(entry: entry, payload: payload))
    }
    if !items.isEmpty { deliver(items[...]) }
  }

  private mutating func deliver(_ items: ArraySlice<Item>) {
    let payloads = items.map(\.payload)
    switch send(payloads) {
    case .delivered: settle(items, isDelivered: true)
    case .cancelled:
      destination.abandon(payloads)
      keep(items)
    case .failed(let reason, _, _):
      if destination.bury(payloads, reason: reason) { settle(items, isDelivered: false) } else { keep(items) }
    case .refused(let reason, let scope):
      let isTooLarge = scope == .size || scope == .capacity
      if isTooLarge { destination.queue.lowerBatchBytes(below: payloads.reduce(0) { $0 + $1.plainSize }) }
      if scope != .destination, items.count > 1 {
        let middle = items.startIndex + items.count / 2
        deliver(items[..<middle])
        deliver(items[middle...])
        return
      }
      if isTooLarge, let item = items.first, let halves = halves(of: item.payload) {
        let (isSettled, isDelivered) = deliver(parts: halves)
        if isSettled { settle(items, isDelivered: isDelivered) } else { keep(items) }
        return
      }
      if destination.bury(payloads, reason: reason) { settle(items, isDelivered: false) } else { keep(items) }
    }
  }

  /// Nothing more is to be done for these.
  private func settle(_ items: ArraySlice<Item>, isDelivered: Bool) {
    destination.storage?.delivered(items.map(\.entry))
    for item in items { item.entry.tracker?.finish(items: item.entry.items, isDelivered: isDelivered) }
  }

  /// These have not arrived, and stay in the queue where there is one on disk.
  private func keep(_ items: ArraySlice<Item>) {
    for item in items { item.entry.tracker?.finish(items: item.entry.items, isDelivered: false) }
  }

  /// Deals with the parts of a request that was too large: whether it need not be sent again, and whether all of it has
  /// arrived.
  private mutating func deliver(parts: [Payload]) -> (isSettled: Bool, isDelivered: Bool) {
    var isSettled = true
    var isDelivered = true
    for part in parts {
      switch send([part]) {
      case .delivered: break
      case .cancelled:
        destination.abandon([part])
        isSettled = false
        isDelivered = false
      case .failed(let reason, _, _):
        isSettled = destination.bury([part], reason: reason) && isSettled
        isDelivered = false
      case .refused(let reason, let scope):
        if scope == .size || scope == .capacity, let halves = halves(of: part) {
          let rest = deliver(parts: halves)
          isSettled = rest.isSettled && isSettled
          isDelivered = rest.isDelivered && isDelivered
        } else {
          isSettled = destination.bury([part], reason: reason) && isSettled
          isDelivered = false
        }
      }
    }
    return (isSettled, isDelivered)
  }

  /// The request cut in two; `nil` when it holds one item, or cannot be cut.
  private func halves(of payload: Payload) -> [Payload]? {
    guard payload.items > 1, let plain = try? payload.message() else { return nil }
    let splitter = RequestSplitter(maxItems: (payload.items + 1) / 2, maxBytes: .max)
    var parts: [Payload] = []
    do throws(WireError) {
      try splitter.split(plain.view, signal: payload.signal, items: payload.items) { (part, items) in
        let size = part.count
        parts.append(
          Payload(
            signal: payload.signal, items: items, plainSize: size, plain: OwnedBytes(part), gzip: nil,
            accepted: payload.accepted))
      }
    } catch {
      return nil
    }
    return parts.count > 1 ? parts : nil
  }

  /// Sends one request until it is taken or cannot be; a failure is one that has been tried for long enough.
  private mutating func send(_ payloads: [Payload]) -> ExportOutcome {
    let body: OutgoingBody
    do throws(CompressionError) { body = try encoder.encode(payloads) } catch {
      return .refused(reason: "\(error)", scope: .destination)
    }
    let counters = destination.counters
    counters.batchItems.record(Double(body.items))
    let began = monotonicNanoseconds()
    var attempt = 1
    while true {
      let start = monotonicNanoseconds()
      let outcome = exporter.export(body, signal: destination.signal)
      counters.attempt.record(Double(monotonicNanoseconds() - start) / 1e9)
      switch outcome {
      case .delivered(let rejected, let message):
        destination.note(delivered: body, rejected: min(rejected, body.items), message: message)
        if let oldest = payloads.first {
          counters.delivery.record(Double(monotonicNanoseconds() - oldest.accepted) / 1e9)
        }
        return outcome
      case .refused, .cancelled: return outcome
      case .failed(let reason, let retryAfter, let cause):
        let elapsed = Duration.nanoseconds(monotonicNanoseconds() - began)
        let retry = destination.settings.retry
        guard let wait = retry.delay(afterAttempt: attempt, elapsed: elapsed, requested: retryAfter) else {
          return .failed(reason: reason + (attempt > 1 ? "; tried \(attempt) times" : ""), cause: cause)
        }
        destination.noteRetry(reason: reason)
        attempt += 1
        if destination.queue.waitForClose(nanoseconds: wait.nanoseconds) { return .cancelled }
      }
    }
  }
}
