import Libc
import OTLP
import Platform

/// What the durable queue does about a damaged file and a directory that is gone.
extension DurableQueue {
  /// A file that was set aside, and what came of it.
  struct Salvaged {
    let store: QueueStore
    let aside: String
    var items = 0
    var lostItems = 0
  }

  /// Gives the damaged file in `directory` a name of its own, which is returned. SQLite may still have it open.
  static func setAside(_ directory: String) throws(SQLiteDatabase.Failure) -> String {
    let path = QueueDirectory.queue(directory)
    let aside = "\(directory)/queue.damaged-\(time(nil)).sqlite"
    guard rename(path, aside) == 0 else {
      throw SQLiteDatabase.Failure(code: 14, description: SystemError("rename \(path)").description)
    }
    _ = rename("\(path)-wal", "\(aside)-wal")
    unlink("\(path)-shm")
    return aside
  }

  /// Begins a new file in `directory` with what can still be read from the one that was set aside, under the same row
  /// numbers.
  static func salvage(_ directory: String, from aside: String) throws(SQLiteDatabase.Failure) -> Salvaged {
    var salvaged = Salvaged(store: try QueueStore(path: QueueDirectory.queue(directory)), aside: aside)
    do throws(SystemError) {
      var rescue = try QueueSalvage(path: aside)
      try salvaged.fill(from: &rescue)
    } catch {
      throw SQLiteDatabase.Failure(code: 10, description: error.description)
    }
    return salvaged
  }
}

extension DurableQueue.Salvaged {
  /// Copies rows in transactions of some MiB.
  fileprivate mutating func fill(from rescue: inout QueueSalvage) throws(SystemError) {
    let store = store
    var failure: SQLiteDatabase.Failure?
    var items = 0
    var lost = 0
    var pending = 0
    // Nobody knows any more who has had a row that only its body tells of.
    let named = rescue.destinations.keys.reduce(rescue.usedBits) { 0..<62 ~= $1 ? $0 | 1 << $1 : $0 }
    let everybody = named == 0 ? 1 : named
    let now = Int64(time(nil))
    func attempt(_ body: () throws(SQLiteDatabase.Failure) -> Void) {
      guard failure == nil else { return }
      do throws(SQLiteDatabase.Failure) { try body() } catch { failure = error }
    }
    attempt { () throws(SQLiteDatabase.Failure) in
      try store.begin()
    }
    for (bit, name) in rescue.destinations where 0..<62 ~= bit {
      attempt { () throws(SQLiteDatabase.Failure) in try store.name(bit, name) }
    }
    try rescue.forEach { rescued in
      let count = rescued.payloads.reduce(0) { $0 + $1.items }
      if rescued.remaining == 0 { return }
      attempt { () throws(SQLiteDatabase.Failure) in
        try store.add(
          rescued.payloads, row: rescued.row, remaining: rescued.remaining ?? everybody, delivered: rescued.delivered,
          now: rescued.accepted == 0 ? now : rescued.accepted)
        items += count
        pending += rescued.payloads.reduce(0) { $0 + $1.heldBytes }
        if pending > 16 << 20 {
          try store.commit()
          try store.begin()
          pending = 0
        }
      }
      if failure != nil { lost += count }
    }
    attempt { () throws(SQLiteDatabase.Failure) in try store.commit() }
    if failure != nil { store.rollback() }
    self.items = items
    lostItems = lost + rescue.lostItems
  }
}
