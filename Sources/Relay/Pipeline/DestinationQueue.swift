import Platform
import Transport

/// What waits for one destination, shared by those who bring requests and those who send them; `SendQueue` says what is due
/// and whom to wake.
///
/// Senders wait at one point, whoever wants room at another, and whoever waits for the end at a third, so that no wake-up
/// goes to somebody it was not meant for.
final class DestinationQueue: Sendable {
  private struct State {
    var queue: SendQueue
    /// Called after each delivery that leaves the queue uncrowded. Inside a structure: a closure that is itself what a
    /// generic type holds gets wrapped anew with each access.
    var onRoom: (@Sendable () -> Void)?
  }

  private let settings: PipelineSettings
  private let monitor: Monitor<State>
  private let work = WaitPoint()
  private let room = WaitPoint()
  private let end = WaitPoint()

  init(_ settings: PipelineSettings) {
    self.settings = settings
    monitor = Monitor(State(queue: SendQueue(settings)))
  }

  /// Changes the queue, and wakes whom that concerns.
  private func change<Result: Sendable>(_ body: (inout SendQueue) -> Result) -> Result {
    let (result, wake) = monitor.withLock { state in
      let result = body(&state.queue)
      return (result, state.queue.takeWake())
    }
    wakeUp(wake)
    return result
  }

  private func wakeUp(_ wake: SendQueue.Wake) {
    if wake.contains(.allSenders) {
      work.broadcast()
    } else if wake.contains(.sender) {
      work.signal()
    }
    if wake.contains(.producers) { room.broadcast() }
    if wake.contains(.enders) { end.broadcast() }
  }

  /// Adds entries, all of them or none; `false` when they are over the bound.
  func offer(_ new: [QueueEntry]) -> Bool {
    guard reserve(new.reduce(0) { $0 + $1.bytes }) else { return false }
    enqueue(new)
    return true
  }

  /// Counts `bytes` against the bound, for entries that come later; `false` when there is no room. `force` is for what has
  /// been accepted before.
  @discardableResult
  func reserve(_ bytes: Int, force: Bool = false) -> Bool { change { $0.reserve(bytes, force: force) } }

  /// Takes back a reservation.
  func release(_ bytes: Int) { change { $0.release(bytes) } }

  /// Adds entries whose bytes have been reserved.
  func enqueue(_ new: [QueueEntry]) { change { $0.enqueue(new) } }

  /// What a sender has to do next, when it is due; `nil` when there will be nothing more.
  func next() -> Delivery? {
    let (delivery, wake) = monitor.wait(at: work) { state -> Monitor<State>.Step<(Delivery?, SendQueue.Wake)> in
      switch state.queue.next(now: monotonicNanoseconds()) {
      case .wait(let until): .wait(until: until)
      case .end: .done((nil, state.queue.takeWake()))
      case .deliver(let delivery): .done((delivery, state.queue.takeWake()))
      }
    }
    wakeUp(wake)
    return delivery
  }

  /// A delivery has been dealt with, one way or the other.
  func finish(_ delivery: borrowing Delivery) {
    let (wake, onRoom) = monitor.withLock { state in
      state.queue.finish(delivery)
      return (state.queue.takeWake(), isCrowded(state.queue) ? nil : state.onRoom)
    }
    wakeUp(wake)
    onRoom?()
  }

  /// A delivery goes on after `wait` ns; `isFailure`: because the destination would not take it now.
  func postpone(_ delivery: Delivery, wait: Int64, isFailure: Bool) {
    change { $0.postpone(delivery, wait: wait, isFailure: isFailure, now: monotonicNanoseconds()) }
  }

  /// What has so many bytes need not be tried.
  var tooLarge: Int { monitor.withLock { $0.queue.tooLarge(now: monotonicNanoseconds()) } }

  /// These are with the destination or have been given up, while the rest of their delivery goes on.
  func settle(items: Int) {
    if items != 0 { change { $0.settle(items: items) } }
  }

  /// Lets what became of a piece of `size` bytes, sent at `began`, change how much is sent; see `SendQueue.note`.
  func note(_ outcome: ExportOutcome, size: Int, again: Bool, began: Int64, now: Int64) -> Int {
    change { $0.note(outcome, size: size, again: again, began: began, now: now) }
  }

  /// The share of the bound beyond which clients are slowed down.
  private static let crowd = (share: 4, of: 5)

  private func isCrowded(_ queue: borrowing SendQueue) -> Bool {
    queue.bytes + queue.keptBytes > settings.queueMax / DestinationQueue.crowd.of * DestinationQueue.crowd.share
  }

  /// Whether it is nearly full.
  var isCrowded: Bool { monitor.withLock { isCrowded($0.queue) } }

  /// From now on `body` is called after each delivery that leaves the queue uncrowded.
  func whenUncrowded(_ body: @escaping @Sendable () -> Void) { monitor.withLock { $0.onRoom = body } }

  /// Adds an entry, waiting for room; nothing happens when the queue is closed.
  func offerWaiting(_ entry: QueueEntry) {
    while !offer([entry]) {
      let isClosed = monitor.wait(at: room) { state in
        if state.queue.isClosed { return .done(true) }
        return state.queue.hasRoom(entry.bytes) ? .done(false) : .wait(until: nil)
      }
      if isClosed { return }
    }
  }

  /// Waits until nothing waits and nothing is being sent, or `nanoseconds` have passed.
  func waitUntilDrained(nanoseconds: Int64) {
    let limit = monotonicNanoseconds().addingSaturating(nanoseconds)
    monitor.wait(at: end) { state in
      let isOver = state.queue.isClosed || state.queue.isDrained || monotonicNanoseconds() >= limit
      return isOver ? .done(()) : .wait(until: limit)
    }
  }

  /// From now on everything new is due; `next` ends when all has been dealt with.
  func drain() { change { $0.drain() } }

  /// Hands out nothing more.
  func close() { change { $0.close() } }

  /// Spans, data points or log records that wait or are being sent; after the end those that are left behind.
  var items: Int { monitor.withLock { $0.queue.items } }

  /// Counts bytes that are kept for the destination elsewhere; less than 0 when they are gone.
  func keep(_ bytes: Int) { change { $0.keep(bytes) } }

  /// Bytes that are kept for the destination elsewhere.
  var keptBytes: Int { monitor.withLock { $0.queue.keptBytes } }

  /// What the metrics show: requests, bytes and items that wait or are being sent, and the age of the oldest in seconds.
  var depth: (requests: Int, bytes: Int, items: Int, age: Double) {
    monitor.withLock { state in
      let (requests, oldest) = state.queue.depth
      let now = monotonicNanoseconds()
      return (
        requests, state.queue.bytes, state.queue.items, Duration.nanoseconds(max(now - (oldest ?? now), 0)).inSeconds
      )
    }
  }

  /// Whether nothing waits and nothing is being sent.
  var isDrained: Bool { monitor.withLock { $0.queue.isDrained } }

  /// Whether there is next to no room left.
  var isFull: Bool { monitor.withLock { $0.queue.bytes + $0.queue.keptBytes >= settings.queueMax / 10 * 9 } }
}
