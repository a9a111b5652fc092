import Compression
import OTLP
import Platform

/// Spreads accepted payloads over the destinations of their signal.
///
/// A request is refused as overload only when no destination can take it: a destination that is down and whose queue is
/// full must not stop the others. What it misses is counted, and the client is told in the reply.
final class Pipeline: Intake {
  let destinations: [Destination]
  let wantsGzip: Bool
  let wantsPlain: Bool
  private let bySignal: [[Destination]]
  let storage: (any PayloadStorage)?
  let acknowledgement: Acknowledgement
  /// What traces go through, if anything.
  let staged: Staged?
  /// Replies held back while much waits, with the time until which.
  private let parked = Monitor<[(ticket: Ticket, reply: Reply, until: Int64)]>([])

  /// - Parameters:
  ///   - passesGzip: whether members may be handed on as they came.
  ///   - storage: makes requests durable before they are answered.
  ///   - stage: what traces go through, if anything.
  init(
    _ destinations: [Destination], passesGzip: Bool, storage: (any PayloadStorage)? = nil,
    acknowledgement: Acknowledgement = .stored, stage: (any TraceStage)? = nil
  ) {
    self.destinations = destinations
    self.acknowledgement = acknowledgement
    self.storage = storage
    bySignal = OTLPSignal.allCases.map { signal in destinations.filter { $0.signal == signal } }
    wantsGzip = passesGzip && destinations.contains { $0.target.encoding == .gzip }
    wantsPlain = !passesGzip || stage != nil || destinations.contains { $0.target.encoding != .gzip }
    let traces = destinations.filter { $0.signal == .traces }
    staged = stage.map { stage in
      Staged(stage: stage, copies: traces.filter(\.isCopy), chosen: traces.filter { !$0.isCopy })
    }
  }

  func take(_ payloads: [Payload], ticket: Ticket) -> Reply? {
    guard let signal = payloads.first?.signal else { return .accepted() }
    if signal == .traces, let staged { return choose(payloads, staged, ticket) }
    let destinations = bySignal[signal.index]
    if acknowledgement == .delivered { return deliver(payloads, to: destinations, ticket) }
    if let storage {
      if acknowledgement == .stored { return storage.store(payloads, for: destinations, ticket: ticket) }
      return storage.store(payloads, for: destinations, ticket: nil) ?? .accepted()
    }
    let entries = payloads.map { QueueEntry($0) }
    let reply = Pipeline.reply(
      destinations.filter { !$0.queue.offer(entries) }, of: destinations,
      items: payloads.reduce(0) { $0 + $1.items })
    return park(reply, ticket, destinations) ? nil : reply
  }

  /// Gives the requests to all destinations or to none; what they answer is the reply. Until then they are the client's, so
  /// they are not stored.
  private func deliver(_ payloads: [Payload], to destinations: [Destination], _ ticket: Ticket) -> Reply? {
    let bytes = payloads.reduce(0) { $0 + $1.heldBytes }
    let withRoom = destinations.filter { $0.queue.reserve(bytes) }
    guard withRoom.count == destinations.count, !destinations.isEmpty else {
      for destination in withRoom { destination.queue.release(bytes) }
      return Pipeline.reply(destinations, of: destinations, items: 0)
    }
    let waiter = DeliveryWaiter(
      ticket, items: payloads.reduce(0) { $0 + $1.items }, entries: payloads.count * destinations.count)
    let entries = payloads.map { QueueEntry($0, tracker: waiter) }
    for destination in destinations { destination.queue.enqueue(entries) }
    return nil
  }

  /// Holds back the reply to what was accepted while the queue of every destination is nearly full: clients then send no
  /// faster than destinations take. Not for long, though: a destination that is down must not stop clients before the queue
  /// is full.
  func park(_ reply: Reply, _ ticket: Ticket, _ destinations: [Destination]) -> Bool {
    guard case .accepted = reply, destinations.allSatisfy(\.queue.isCrowded) else { return false }
    for destination in destinations { destination.noteCrowded(Pipeline.longestDelay) }
    parked.withLock { $0.append((ticket, reply, monotonicNanoseconds() + Pipeline.longestDelay.nanoseconds)) }
    // A destination may have caught up in between.
    if !destinations.allSatisfy(\.queue.isCrowded) { unpark() }
    return true
  }

  private static let longestDelay = Duration.milliseconds(200)

  /// Gives the replies that were held back; with `now` only those that have been for long enough.
  func unpark(now: Int64 = .max) {
    let due = parked.withLock { parked in
      let due = parked.filter { $0.until <= now }
      if !due.isEmpty { parked.removeAll { $0.until <= now } }
      return due
    }
    for entry in due { entry.ticket.complete(entry.reply) }
  }

  func tick(_ now: Int64) { unpark(now: now) }

  /// The reply when the `full` ones among `destinations` could not take `items`.
  static func reply(_ full: [Destination], of destinations: [Destination], items: Int) -> Reply {
    if full.isEmpty { return .accepted() }
    if full.count == destinations.count {
      return .refused(Refusal(.overloaded, "the queue is full; the destination is slow or down", retryAfter: 2))
    }
    for destination in full { destination.counters.overflowItems.add(items) }
    let names = full.map(\.target.name).joined(separator: ", ")
    return .accepted(warning: "accepted, but not for \(names), whose queue is full")
  }
}

/// When a client is told that its request was taken.
public enum Acknowledgement: String, Sendable, CaseIterable {
  /// Once it is in memory.
  case accepted
  /// Once it is on disk, where there is a queue directory.
  case stored
  /// Once all destinations have taken it; what they refuse is refused to the client.
  case delivered
}

/// Makes payloads durable.
protocol PayloadStorage: Sendable {
  /// Keeps `payloads` and then gives them to `destinations`; the reply goes to `ticket` when that is done, unless one is
  /// returned at once.
  func store(_ payloads: [Payload], for destinations: [Destination], ticket: Ticket?) -> Reply?

  /// The same for requests of which a stage will say what goes on.
  func store(_ payloads: [Payload], undecided: Pipeline.Staged, ticket: Ticket?) -> Reply?
}
