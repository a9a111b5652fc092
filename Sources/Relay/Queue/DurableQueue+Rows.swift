import OTLP
import Platform

/// What destinations do with their rows.
extension DurableQueue {
  func load(_ entry: QueueEntry, _ destination: Destination) -> [Payload] {
    guard let rows = entry.rows else { return [] }
    let bit = bit(of: destination)
    let loaded = attempt("the queue cannot be read") { (store) throws(SQLiteDatabase.Failure) in
      try store.load(rows, bit: bit, accepted: entry.accepted)
    }
    guard let loaded else {
      // It may be readable later.
      wait(for: entry, destination)
      return []
    }
    let missing = entry.items - loaded.reduce(0) { $0 + $1.items }
    guard missing > 0 else { return loaded }
    if counters.damages.value > 0 {
      destination.counters.lostItems.add(missing)
      log.error("\(destination.signal.items(missing)) in the queue cannot be read and are lost", kind: "lost")
    } else {
      destination.counters.droppedItems.add(missing)
    }
    return loaded
  }

  /// An entry that cannot be read now is tried again later.
  private func wait(for entry: QueueEntry, _ destination: Destination) {
    // The delivery releases its bytes.
    destination.queue.reserve(entry.bytes, force: true)
    waitingAgain.withLock { $0.append((entry, destination, monotonicNanoseconds() + DurableQueue.keptDelay)) }
  }

  private func finish(_ entries: [QueueEntry], _ destination: Destination) {
    let wakes = work.withLock { work in
      let wakes = work.finished.isEmpty
      if wakes { work.firstFinished = monotonicNanoseconds() }
      for rows in entries.compactMap(\.rows) { work.finished.append((rows, destination)) }
      return wakes && work.arrivals.isEmpty
    }
    if wakes { work.signal() }
  }

  /// Stores requests that were accepted before for `chosen`; `also` is part of the transaction.
  func addAgain(
    _ payloads: [Payload], for chosen: [Destination],
    also body: (QueueStore) throws(SQLiteDatabase.Failure) -> Void = { _ in }
  ) throws(SQLiteDatabase.Failure) -> [(pack: PackBuilder.Pack, rows: ClosedRange<Int64>)] {
    let bits = chosen.reduce(Int64(0)) { $0 | bit(of: $1) }
    var builder = PackBuilder(limit)
    builder.add(payloads, for: chosen, remaining: bits)
    let packs = builder.packs
    var added: [(pack: PackBuilder.Pack, rows: ClosedRange<Int64>)] = []
    let failure = transaction { (store) throws(SQLiteDatabase.Failure) in
      added = []
      for pack in packs {
        added.append((pack, try store.add(pack.payloads, remaining: bits, now: Timestamp.now.wholeSeconds)))
      }
      try body(store)
    }
    if let failure { throw failure }
    return added
  }

  /// Gives to their destinations what `addAgain` has stored, be there room or not.
  func handOverAgain(_ added: [(pack: PackBuilder.Pack, rows: ClosedRange<Int64>)]) {
    for (pack, rows) in added {
      for destination in pack.destinations { destination.queue.reserve(pack.bytes, force: true) }
      hand(over: pack, rows)
    }
  }

  func bury(_ payloads: [Payload], _ destination: Destination, _ reason: String) -> String? {
    let note = DeadLetterNote(
      identity: destination.identity, destination: destination.target.name, signal: destination.signal,
      requests: payloads.count, items: payloads.reduce(0) { $0 + $1.items }, reason: reason, refused: .now)
    do throws(SystemError) {
      let (path, size) = try deadLetters.write(payloads, note)
      destination.queue.keep(size)
      return path
    } catch {
      log.error("\(error)", kind: "dead-letter")
      return nil
    }
  }

  struct View: DestinationStorage {
    let queue: DurableQueue
    let destination: Destination

    func load(_ entry: QueueEntry) -> [Payload] { queue.load(entry, destination) }

    func delivered(_ entries: [QueueEntry]) { queue.finish(entries, destination) }

    func keep(_ payloads: [Payload], of entry: QueueEntry) {
      queue.work.withLock { $0.kept.append(Kept(destination: destination, entry: entry, payloads: payloads)) }
      queue.work.signal()
    }

    func bury(_ payloads: [Payload], reason: String) -> String? { queue.bury(payloads, destination, reason) }
  }
}
