import Libc
import OTLP
import Platform

/// What the durable queue does when its file or its directory is not what it was.
extension DurableQueue {
  /// Begins with an empty file, which takes no room on the disk; `false` when that fails.
  func begin(anew complaint: String) -> Bool {
    let failure: SQLiteDatabase.Failure? = lock.withLock { _ in
      store = nil
      for suffix in ["", "-wal", "-shm"] { unlink(directory.queue + suffix) }
      return reopenLocked()
    }
    if let failure { log.error("\(complaint): \(failure)", kind: "queue") }
    return failure == nil
  }

  func reopenLocked() -> SQLiteDatabase.Failure? {
    do throws(SQLiteDatabase.Failure) {
      store = try QueueStore(path: directory.queue)
      storeFile = try? FileStatus.of(directory.queue)
      try identify()
      return nil
    } catch {
      return error
    }
  }

  /// Runs `body` in a transaction; what went wrong, if anything. A damaged file is replaced first.
  func transaction(
    _ body: (QueueStore) throws(SQLiteDatabase.Failure) -> Void
  ) -> SQLiteDatabase.Failure? {
    var failure: SQLiteDatabase.Failure?
    for _ in 0..<2 {
      failure = lock.withLock { _ in
        do throws(SQLiteDatabase.Failure) {
          guard let store else { throw DurableQueue.unavailable }
          try store.begin()
          do throws(SQLiteDatabase.Failure) {
            try body(store)
            try store.commit()
          } catch {
            store.rollback()
            throw error
          }
          return nil
        } catch {
          return error
        }
      }
      guard let failure, failure.isCorruption, salvage() else { return failure }
    }
    return failure
  }

  /// Runs `body`, with a file that takes the place of a damaged one if need be; `nil` when that fails, which is logged.
  func attempt<Result>(
    _ complaint: String, _ body: (QueueStore) throws(SQLiteDatabase.Failure) -> Result
  ) -> Result? {
    var outcome: Swift.Result<Result, SQLiteDatabase.Failure> = .failure(DurableQueue.unavailable)
    for _ in 0..<2 {
      lock.withLock { _ in
        do throws(SQLiteDatabase.Failure) {
          guard let store else { throw DurableQueue.unavailable }
          outcome = .success(try body(store))
        } catch {
          outcome = .failure(error)
        }
      }
      switch outcome {
      case .success(let result): return result
      case .failure(let error):
        if error.isCorruption, salvage() { continue }
        log.error("\(complaint): \(error)", kind: "queue")
        return nil
      }
    }
    return nil
  }

  func salvage() -> Bool {
    do throws(SQLiteDatabase.Failure) {
      try lock.withLock { _ throws(SQLiteDatabase.Failure) in try salvageLocked() }
      return true
    } catch {
      log.error("the damaged queue cannot be replaced: \(error)", kind: "queue")
      return false
    }
  }

  func salvageLocked() throws(SQLiteDatabase.Failure) {
    let aside = try DurableQueue.setAside(path)
    // Closed before there is a new file: SQLite removes the log of a file that it closes by its name.
    store = nil
    let salvaged = try DurableQueue.salvage(path, from: aside)
    // Whose bits they are may have been among what is lost.
    for destination in destinations where bit(of: destination) != 0 {
      try salvaged.store.name(Int64(bit(of: destination).trailingZeroBitCount), destination.identity)
    }
    store = salvaged.store
    storeFile = try? FileStatus.of(directory.queue)
    counters.damages.add(1)
    counters.salvagedItems.add(salvaged.items)
    counters.damagedItems.add(salvaged.lostItems)
    plainLog.error(
      """
      the queue file was damaged and is kept as \(salvaged.aside); \(salvaged.items) spans, data points or log records \
      could be read from it and go on, at least \(salvaged.lostItems) could not
      """)
  }

  /// Whether the directory and the file are still there; where they are not, makes them anew with what the open file has.
  func checkDirectory() -> Bool {
    let isThere = lock.withLock { _ in isThereLocked() || restoreLocked() }
    if isUsable.exchange(isThere, ordering: .relaxed) != isThere {
      if isThere { plainLog.info("\(path) can be used again") }
    }
    if !isThere { log.error("\(path) is gone or cannot be written: nothing is accepted", kind: "directory") }
    return isThere
  }

  func isThereLocked() -> Bool {
    guard directory.isThere, let storeFile, let now = try? FileStatus.of(directory.queue) else { return false }
    return now.inode == storeFile.inode && now.device == storeFile.device
      && access("\(directory.queue)-wal", F_OK) == 0
  }

  /// Writes what the open file holds, which nobody can find any more, to a new one in its place.
  func restoreLocked() -> Bool {
    guard store == nil || access(directory.queue, F_OK) != 0 else { return false }
    do {
      let fresh = try QueueDirectory(path)
      if let store { try store.copy(to: fresh.queue) }
      // Closed before the new file is opened: SQLite removes the log of a file that it closes by its name.
      store = nil
      store = try QueueStore(path: fresh.queue)
      try identify()
      directory = fresh
      storeFile = try FileStatus.of(fresh.queue)
      if mkdir(fresh.deadLetters, 0o700) == 0 { deadLetters.refresh() }
      plainLog.error("\(path) had been removed; it is there again, with what waits")
      return true
    } catch {
      return false
    }
  }
}
