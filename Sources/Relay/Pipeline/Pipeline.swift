import Backends
import Compression
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
  private let storage: (any PayloadStorage)?

  /// - Parameters:
  ///   - passesGzip: whether members may be handed on as they came.
  ///   - storage: makes requests durable before they are answered.
  init(_ destinations: [Destination], passesGzip: Bool, storage: (any PayloadStorage)? = nil) {
    self.destinations = destinations
    self.storage = storage
    bySignal = OTLPSignal.allCases.map { signal in destinations.filter { $0.signal == signal } }
    wantsGzip = passesGzip && destinations.contains { $0.target.encoding == .gzip }
    wantsPlain = !passesGzip || destinations.contains { $0.target.encoding != .gzip }
  }

  func take(_ payloads: [Payload], ticket: Ticket) -> Reply? {
    guard let signal = payloads.first?.signal else { return .accepted() }
    let destinations = bySignal[signal.index]
    if let storage { return storage.store(payloads, for: destinations, ticket: ticket) }
    let entries = payloads.map { QueueEntry($0) }
    return Pipeline.reply(
      destinations.filter { !$0.queue.offer(entries) }, of: destinations,
      items: payloads.reduce(0) { $0 + $1.items })
  }

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

/// Makes payloads durable.
protocol PayloadStorage: Sendable {
  /// Keeps `payloads` and then gives them to `destinations`; the reply goes to `ticket` when that is done, unless one is
  /// returned at once.
  func store(_ payloads: [Payload], for destinations: [Destination], ticket: Ticket) -> Reply?
}
