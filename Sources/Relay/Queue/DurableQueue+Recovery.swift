import Libc
import OTLP
import Platform

/// What waits since before the start, and for whom.
extension DurableQueue {
  /// Gives each destination its bit: its own, that of one that is no longer named and whose place it takes, or a free one.
  func identify() throws(SQLiteDatabase.Failure) {
    guard let store else { throw DurableQueue.unavailable }
    try store.begin()
    do throws(SQLiteDatabase.Failure) {
      var known = try store.destinations()
      let used = try store.usedBits()
      for bit in Int64(0)..<62 where used & (1 << bit) != 0 && known[bit] == nil { known[bit] = "" }
      let names = Set(destinations.map(\.identity))
      for destination in destinations {
        let name = destination.identity
        if let bit = known.first(where: { $0.value == name })?.key {
          set(bit, destination)
          continue
        }
        // One that has taken somebody's place gets what waits there, however much it is.
        let prefix = "\(destination.signal.rawValue) "
        let vacant = known.filter { bit, name in
          used & (1 << bit) != 0 && !names.contains(name) && (name.hasPrefix(prefix) || name.isEmpty)
        }
        if let bit = vacant.keys.min() {
          try store.name(bit, name)
          known[bit] = name
          set(bit, destination)
        } else {
          let bit = try store.add(name, keeping: names)
          known[bit] = name
          set(bit, destination)
        }
      }
      for signal in OTLPSignal.allCases {
        let present = destinations.reduce(Int64(0)) { $1.signal == signal ? $0 | bit(of: $1) : $0 }
        if present != 0 { try store.reassign(signal, present: present) }
      }
      try store.commit()
    } catch {
      store.rollback()
      throw error
    }
  }

  func set(_ bit: Int64, _ destination: Destination) {
    lanes[ObjectIdentifier(destination)]?.bit.store(1 << bit, ordering: .relaxed)
  }

  func bit(of destination: Destination) -> Int64 {
    lanes[ObjectIdentifier(destination)]?.bit.load(ordering: .relaxed) ?? 0
  }

  /// How far reading what was there at the start has come.
  struct Recovery {
    let last: Int64
    var row: Int64 = 0
    var items = 0
    var stranded = 0
    var isOver = false

    init(upTo last: Int64) {
      self.last = last
      isOver = last == 0
    }
  }

  /// Reads some thousand rows of what was there at the start.
  func recover(_ recovery: inout Recovery) {
    var rows: [QueueStore.Stored] = []
    let (row, last) = (recovery.row, recovery.last)
    let end = attempt("the queue cannot be read") { (store) throws(SQLiteDatabase.Failure) in
      rows = []
      return try store.scan(after: row, upTo: last, limit: 5000) { rows.append($0) }
    }
    hand(over: rows, &recovery)
    switch end {
    case .some(.some(let end)): recovery.row = end
    // What cannot be read now can be after the next start.
    case .some(.none), .none: recovery.isOver = true
    }
    guard recovery.isOver else { return }
    if recovery.items > 0 {
      plainLog.info("the queue holds \(recovery.items) spans, data points or log records from before")
    }
    if recovery.stranded > 0 {
      plainLog.warn(
        "\(recovery.stranded) spans, data points or log records in the queue wait for a destination that is no longer named"
      )
    }
  }

  func hand(over rows: [QueueStore.Stored], _ recovery: inout Recovery) {
    let now = Int64(time(nil))
    for stored in rows {
      let age = max(now - stored.accepted, 0).multipliedSaturating(by: Nanoseconds.perSecond)
      var taken: Int64 = 0
      for destination in destinations where destination.signal == stored.signal {
        let bit = bit(of: destination)
        guard stored.remaining & bit != 0, let lane = lanes[ObjectIdentifier(destination)] else { continue }
        taken |= bit
        destination.queue.reserve(stored.bytes, force: true)
        destination.counters.recoveredItems.add(stored.items)
        destination.queue.enqueue([
          QueueEntry(
            rows: stored.row...stored.row, requests: stored.requests, items: stored.items, bytes: stored.bytes,
            plainSize: stored.plainSize, accepted: monotonicNanoseconds().subtractingSaturating(age),
            previousRow: lane.lastRow.exchange(stored.row, ordering: .relaxed))
        ])
      }
      if taken != 0 { recovery.items += stored.items }
      if stored.remaining & ~taken != 0 {
        hasStrays.store(true, ordering: .relaxed)
        recovery.stranded += stored.items
      }
    }
  }
}
