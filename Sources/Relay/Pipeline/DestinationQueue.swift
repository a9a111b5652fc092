import Platform

/// What waits for one destination, first in, first out, with a bound; hands it out in batches.
///
/// A batch is due when it is full, when its oldest entry has waited long enough, or when the relay stops.
final class DestinationQueue: Sendable {
  private struct State {
    /// `nil` where the entry has been handed out, so that its bytes go when the batch does.
    var entries: [QueueEntry?] = []
    /// Entries before this index have been handed out.
    var first = 0
    var waitingItems = 0
    var waitingPlain = 0
    /// Bytes that wait or are being sent.
    var bytes = 0
    /// Entries that are being sent.
    var inFlight = 0
    /// Not 0 while somebody waits for room.
    var waitingProducers = 0
    /// The most bytes of a batch.
    var batchBytes: Int
    /// Called after each batch that leaves the queue uncrowded. Inside a structure: a closure that is itself what a generic
    /// type holds gets wrapped anew with each access.
    var onRoom: (@Sendable () -> Void)?
    var isDraining = false
    var isClosed = false

    var count: Int { entries.count - first }
    var oldest: Int64? { first < entries.count ? entries[first]?.accepted : nil }
  }

  private let settings: PipelineSettings
  private let batchTimeout: Int64
  private let monitor: Monitor<State>

  init(_ settings: PipelineSettings) {
    self.settings = settings
    monitor = Monitor(State(batchBytes: settings.batchBytes))
    batchTimeout = settings.batchTimeout.nanoseconds
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
  func reserve(_ bytes: Int, force: Bool = false) -> Bool {
    monitor.withLock { state in
      if state.isClosed || (!force && state.bytes > 0 && state.bytes + bytes > settings.queueMax) { return false }
      state.bytes += bytes
      return true
    }
  }

  /// Takes back a reservation.
  func release(_ bytes: Int) { monitor.withLock { $0.bytes -= bytes } }

  /// Adds entries whose bytes have been reserved.
  func enqueue(_ new: [QueueEntry]) {
    let signals = monitor.withLock { state in
      let wasEmpty = state.count == 0
      let wasFull = isFull(state)
      for entry in new {
        state.waitingItems += entry.items
        state.waitingPlain += entry.plainSize
      }
      state.entries.append(contentsOf: new)
      return wasEmpty || (!wasFull && isFull(state))
    }
    if signals { monitor.signal() }
  }

  private func isFull(_ state: State) -> Bool {
    state.waitingItems >= settings.batchItems || state.waitingPlain >= state.batchBytes
  }

  /// The next batch, when one is due; `nil` when the queue is closed, or drained and empty.
  func next() -> [QueueEntry]? {
    let (batch, more) = monitor.wait { state -> Monitor<State>.Step<([QueueEntry]?, Bool)> in
      if state.isClosed || (state.isDraining && state.count == 0 && state.inFlight == 0) { return .done((nil, true)) }
      guard state.count > 0 else { return .wait(until: nil) }
      let due = (state.oldest ?? 0) + batchTimeout
      if !isFull(state), !state.isDraining, monotonicNanoseconds() < due { return .wait(until: due) }
      let batch = take(&state)
      return .done((batch, isFull(state)))
    }
    if more { batch == nil ? monitor.broadcast() : monitor.signal() }
    return batch
  }

  /// A request of `bytes` was too large for the destination: batches are smaller from now on.
  func lowerBatchBytes(below bytes: Int) {
    monitor.withLock { $0.batchBytes = min($0.batchBytes, max(bytes / 2, DestinationQueue.leastBatch)) }
  }

  private static let leastBatch = 64 << 10

  private func take(_ state: inout State) -> [QueueEntry] {
    var batch: [QueueEntry] = []
    var items = 0
    var plain = 0
    while state.first < state.entries.count {
      guard let entry = state.entries[state.first] else { break }
      if !batch.isEmpty,
        items + entry.items > settings.batchItems || plain + entry.plainSize > state.batchBytes
      {
        break
      }
      batch.append(entry)
      state.entries[state.first] = nil
      items += entry.items
      plain += entry.plainSize
      state.first += 1
    }
    state.waitingItems -= items
    state.waitingPlain -= plain
    state.inFlight += batch.count
    if state.first == state.entries.count {
      state.entries.removeAll(keepingCapacity: state.first < 4096)
      state.first = 0
    } else if state.first > 1024, state.first * 2 > state.entries.count {
      state.entries.removeFirst(state.first)
      state.first = 0
    }
    return batch
  }

  /// A batch has been dealt with, one way or the other.
  func finish(_ batch: [QueueEntry]) {
    let bytes = batch.reduce(0) { $0 + $1.bytes }
    let (wakes, onRoom) = monitor.withLock { state in
      state.bytes -= bytes
      state.inFlight -= batch.count
      let wakes = state.waitingProducers > 0 || (state.isDraining && state.count == 0 && state.inFlight == 0)
      return (wakes, isCrowded(state) ? nil : state.onRoom)
    }
    if wakes { monitor.broadcast() }
    onRoom?()
  }

  /// Bytes beyond which clients are slowed down.
  private static let crowd = 12 << 20

  private func isCrowded(_ state: State) -> Bool { state.bytes > min(DestinationQueue.crowd, settings.queueMax / 2) }

  /// Whether more waits than should.
  var isCrowded: Bool { monitor.withLock { isCrowded($0) } }

  /// From now on `body` is called after each batch that leaves the queue uncrowded.
  func whenUncrowded(_ body: @escaping @Sendable () -> Void) { monitor.withLock { $0.onRoom = body } }

  /// Adds an entry, waiting for room; nothing happens when the queue is closed.
  func offerWaiting(_ entry: QueueEntry) {
    while !offer([entry]) {
      let isClosed = monitor.wait { state -> Monitor<State>.Step<Bool> in
        if state.isClosed { return .done(true) }
        if state.bytes == 0 || state.bytes + entry.bytes <= settings.queueMax { return .done(false) }
        state.waitingProducers = 1
        return .wait(until: nil)
      }
      monitor.withLock { $0.waitingProducers = 0 }
      if isClosed { return }
    }
  }

  /// Waits until nothing waits and nothing is being sent, or `nanoseconds` have passed.
  func waitUntilDrained(nanoseconds: Int64) {
    let end = monotonicNanoseconds() + nanoseconds
    monitor.wait { state in
      let isOver = state.isClosed || (state.count == 0 && state.inFlight == 0) || monotonicNanoseconds() >= end
      return isOver ? .done(()) : .wait(until: end)
    }
  }

  /// From now on everything is due; `next` ends when all has been dealt with.
  func drain() {
    monitor.withLock { $0.isDraining = true }
    monitor.broadcast()
  }

  /// Hands out nothing more and returns how many items are left behind.
  func close() -> Int {
    let left = monitor.withLock { state in
      state.isClosed = true
      return state.waitingItems
    }
    monitor.broadcast()
    return left
  }

  /// Waits until the queue is closed, or `nanoseconds` have passed; `true` when it was closed.
  func waitForClose(nanoseconds: Int64) -> Bool {
    let end = monotonicNanoseconds() + nanoseconds
    return monitor.wait { state in
      if state.isClosed { return .done(true) }
      return monotonicNanoseconds() >= end ? .done(false) : .wait(until: end)
    }
  }

  /// What the metrics show: entries waiting, bytes waiting or being sent, and the age of the oldest entry in seconds.
  var depth: (entries: Int, bytes: Int, age: Double) {
    monitor.withLock { state in
      let oldest = state.oldest ?? monotonicNanoseconds()
      return (state.count + state.inFlight, state.bytes, Double(max(monotonicNanoseconds() - oldest, 0)) / 1e9)
    }
  }

  /// Whether nothing waits and nothing is being sent.
  var isDrained: Bool { monitor.withLock { $0.count == 0 && $0.inFlight == 0 } }

  /// Whether there is next to no room left.
  var isFull: Bool { monitor.withLock { $0.bytes >= settings.queueMax / 10 * 9 } }
}
