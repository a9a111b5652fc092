import Libc
import OTLP
import Platform
import Synchronization
import Transport

/// Keeps accepted requests on disk until all their destinations have them.
///
/// One thread commits: everything that waits to be stored or to be forgotten goes into one transaction, and only then are
/// the clients answered. What is stored stays in memory as well up to a bound, so that a living destination never waits
/// for the disk to be read.
///
/// `@unchecked Sendable`: `store` is used under `lock` only; `bits` and `destinations` are set before the thread starts and
/// changed by that thread alone; everything else is a constant or locks itself.
final class DurableQueue: PayloadStorage, @unchecked Sendable {
  private struct Arrival {
    let payloads: [Payload]
    /// The destinations that have room, and those that have not.
    let destinations: [Destination]
    let full: [Destination]
    let ticket: Ticket
  }

  private static let unavailable = SQLiteDatabase.Failure(code: 14, description: "the queue is not open")

  private struct Work {
    var arrivals: [Arrival] = []
    var finished: [(row: Int64, bit: Int64)] = []
    var firstFinished: Int64 = 0
    var isStopping = false
  }

  /// Bytes that one destination may hold in memory besides the disk.
  private static let memoryLimit = 16 << 20
  /// How long deliveries may wait to be noted: what was noted too late is sent twice after a crash.
  private static let noteDelay: Int64 = 50_000_000

  /// `nil` only where it could not be opened again.
  private var store: QueueStore?
  private let path: String
  private var destinations: [Destination] = []
  /// Whether rows wait that no queue in memory knows of.
  private let hasStrays = Atomic(false)
  private let lock = Monitor<Void>(())
  private let work = Monitor(Work())
  private let deadLetters: DeadLetterDirectory
  private let log: RateLimitedLog
  /// Set before `start`.
  weak var pipeline: Pipeline?
  private var bits: [ObjectIdentifier: Int64] = [:]
  private var thread: ThreadHandle?

  /// - Parameter limit: bytes of all dead-letter files together.
  init(directory: String, deadLetterLimit limit: Int, log: Log) throws(RelayError) {
    self.log = RateLimitedLog(log)
    if mkdir(directory, 0o700) != 0, errno != EEXIST {
      throw .queue(SystemError("make directory \(directory)").description)
    }
    do throws(SystemError) {
      guard try FileStatus.of(directory).isDirectory else { throw SystemError("use \(directory)", code: ENOTDIR) }
      guard access(directory, R_OK | W_OK | X_OK) == 0 else { throw SystemError("write to \(directory)") }
    } catch {
      throw .queue(error.description)
    }
    do throws(SQLiteDatabase.Failure) {
      path = "\(directory)/queue.sqlite"
      store = try QueueStore(path: path)
    } catch {
      throw .queue(
        error.description.contains("locked") ? "\(directory) is in use by another process" : "\(directory): \(error)")
    }
    do throws(SystemError) {
      deadLetters = try DeadLetterDirectory("\(directory)/dead-letter", limit: limit)
    } catch {
      throw .queue(error.description)
    }
  }

  /// Gives `destinations` what waits for them since before, and begins to take requests.
  func start(_ destinations: [Destination], log: Log) throws(RelayError) {
    self.destinations = destinations
    do throws(SQLiteDatabase.Failure) {
      guard let store else { throw DurableQueue.unavailable }
      let all = try store.bits(of: destinations.map(\.identity))
      for (destination, bit) in zip(destinations, all) { bits[ObjectIdentifier(destination)] = bit }
      try recover(store, destinations, all, log)
    } catch {
      throw .queue(error.description)
    }
    do throws(SystemError) { thread = try ThreadHandle { self.run() } } catch { throw .system(error) }
  }

  private func recover(
    _ store: QueueStore, _ destinations: [Destination], _ all: [Int64], _ log: Log
  ) throws(SQLiteDatabase.Failure) {
    var recovered = 0
    var stranded = 0
    let now = Int64(time(nil))
    for stored in try store.all() {
      var remaining = stored.remaining
      let present = zip(destinations, all).filter { $0.0.signal == stored.signal }.reduce(0) { $0 | $1.1 }
      // A destination it waits for is no longer named: one that does not have it takes its place, if there is any. It must
      // reach nobody twice, and what the present ones have may still be missed where it was meant to go.
      let gone = remaining & ~present
      let heirs = present & ~stored.delivered & ~remaining
      if gone != 0, heirs != 0 {
        remaining = remaining & ~gone | heirs & -heirs
        try store.reassign(stored.row, remaining: remaining)
      } else if gone != 0 {
        hasStrays.store(true, ordering: .relaxed)
        stranded += stored.items
        if remaining == gone { continue }
      }
      recovered += stored.items
      let age = max(now - stored.accepted, 0) * 1_000_000_000
      let entry = QueueEntry(
        row: stored.row, items: stored.items, bytes: stored.bytes, plainSize: stored.plainSize,
        accepted: monotonicNanoseconds() - age)
      for (destination, bit) in zip(destinations, all) where remaining & bit != 0 {
        destination.queue.reserve(entry.bytes, force: true)
        destination.queue.enqueue([entry])
      }
    }
    if recovered > 0 { log.info("the queue holds \(recovered) spans, data points or log records from before") }
    if stranded > 0 {
      log.warn(
        "\(stranded) spans, data points or log records in the queue wait for a destination that is no longer named")
    }
  }

  func store(_ payloads: [Payload], for destinations: [Destination], ticket: Ticket) -> Reply? {
    let bytes = payloads.reduce(0) { $0 + $1.heldBytes }
    let withRoom = destinations.filter { $0.queue.reserve(bytes) }
    let full = destinations.filter { destination in !withRoom.contains { $0 === destination } }
    if withRoom.isEmpty { return Pipeline.reply(full, of: destinations, items: 0) }
    let arrival = Arrival(payloads: payloads, destinations: withRoom, full: full, ticket: ticket)
    let wakes = work.withLock { work in
      work.arrivals.append(arrival)
      return work.arrivals.count == 1
    }
    if wakes { work.signal() }
    return nil
  }

  /// What one destination sees of the queue.
  func storage(for destination: Destination) -> any DestinationStorage {
    View(queue: self, bit: bits[ObjectIdentifier(destination)] ?? 0)
  }

  /// Stores what has arrived, notes what was delivered, ends the thread, and lets go of the directory.
  func stop() {
    work.withLock { $0.isStopping = true }
    work.broadcast()
    thread?.join()
    thread = nil
    lock.withLock { _ in store = nil }
  }

  private func run() {
    var lastAttempts = 20
    while true {
      let taken = work.wait { work -> Monitor<Work>.Step<Work> in
        let now = monotonicNanoseconds()
        let isDue = !work.finished.isEmpty && now >= work.firstFinished + DurableQueue.noteDelay
        if work.arrivals.isEmpty, !isDue, !work.isStopping {
          return .wait(until: work.finished.isEmpty ? nil : work.firstFinished + DurableQueue.noteDelay)
        }
        let taken = work
        work.arrivals = []
        work.finished = []
        return .done(taken)
      }
      commit(taken)
      guard taken.isStopping else { continue }
      lastAttempts -= 1
      // What cannot be noted is sent again after the next start.
      if taken.arrivals.isEmpty && taken.finished.isEmpty || lastAttempts == 0 { return }
    }
  }

  /// One transaction for all of it. When it fails, the clients are told to come back, and what was to be forgotten is
  /// forgotten the next time.
  private func commit(_ work: Work) {
    guard !work.arrivals.isEmpty || !work.finished.isEmpty else { return }
    let now = Int64(time(nil))
    var rows: [[Int64]] = []
    do throws(SQLiteDatabase.Failure) {
      try lock.withLock { _ throws(SQLiteDatabase.Failure) in
        guard let store else { throw DurableQueue.unavailable }
        try store.begin()
        do throws(SQLiteDatabase.Failure) {
          for (row, bit) in work.finished { try store.finish(row, bit: bit) }
          for arrival in work.arrivals {
            let remaining = arrival.destinations.reduce(0) { $0 | (bits[ObjectIdentifier($1)] ?? 0) }
            var own: [Int64] = []
            for payload in arrival.payloads {
              own.append(try store.add(payload, remaining: remaining, now: now))
            }
            rows.append(own)
          }
          try store.commit()
        } catch {
          store.rollback()
          throw error
        }
      }
    } catch {
      return fail(work, error)
    }
    for (arrival, rows) in zip(work.arrivals, rows) { hand(over: arrival, rows) }
  }

  private func hand(over arrival: Arrival, _ rows: [Int64]) {
    for destination in arrival.destinations {
      let isCrowded = destination.queue.depth.bytes > DurableQueue.memoryLimit
      let entries = zip(arrival.payloads, rows).map { payload, row in
        isCrowded
          ? QueueEntry(
            row: row, items: payload.items, bytes: payload.heldBytes, plainSize: payload.plainSize,
            accepted: payload.accepted)
          : QueueEntry(payload, row: row)
      }
      destination.queue.enqueue(entries)
    }
    let reply = Pipeline.reply(
      arrival.full, of: arrival.destinations + arrival.full, items: arrival.payloads.reduce(0) { $0 + $1.items })
    if pipeline?.park(reply, arrival.ticket, arrival.destinations) != true { arrival.ticket.complete(reply) }
  }

  private func fail(_ work: Work, _ error: SQLiteDatabase.Failure) {
    log.error("the queue cannot be written: \(error)", kind: "queue")
    for arrival in work.arrivals {
      let bytes = arrival.payloads.reduce(0) { $0 + $1.heldBytes }
      for destination in arrival.destinations { destination.queue.release(bytes) }
      arrival.ticket.complete(.refused(Refusal(.overloaded, "the queue cannot be written", retryAfter: 5)))
    }
    // A full disk has no room for noting that rows can go. Once all are delivered, none is needed.
    if error.isStorage, destinations.allSatisfy(\.queue.isDrained), !hasStrays.load(ordering: .relaxed), reset() {
      return
    }
    note(work.finished)
    // The next attempt would fail as well if it came at once.
    usleep(50_000)
  }

  /// Begins with an empty queue, which takes no room on the disk; `false` when that fails.
  private func reset() -> Bool {
    lock.withLock { _ in
      store = nil
      for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
      do throws(SQLiteDatabase.Failure) {
        let fresh = try QueueStore(path: path)
        let all = try fresh.bits(of: destinations.map(\.identity))
        for (destination, bit) in zip(destinations, all) { bits[ObjectIdentifier(destination)] = bit }
        store = fresh
        return true
      } catch {
        log.error("the queue cannot be opened again: \(error)", kind: "queue")
        return false
      }
    }
  }

  private func note(_ finished: [(row: Int64, bit: Int64)]) {
    guard !finished.isEmpty else { return }
    let wakes = work.withLock { work in
      let wakes = work.finished.isEmpty
      if wakes { work.firstFinished = monotonicNanoseconds() }
      work.finished += finished
      return wakes && work.arrivals.isEmpty
    }
    if wakes { work.signal() }
  }

  private func load(_ row: Int64) -> Payload? {
    do throws(SQLiteDatabase.Failure) {
      return try lock.withLock { _ throws(SQLiteDatabase.Failure) in try store?.load(row) }
    } catch {
      log.error("the queue cannot be read: \(error)", kind: "read")
      return nil
    }
  }

  private func bury(_ payloads: [Payload]) -> String? {
    do throws(SystemError) { return try deadLetters.write(payloads) } catch {
      hasStrays.store(true, ordering: .relaxed)
      log.error("\(error)", kind: "dead-letter")
      return nil
    }
  }

  private struct View: DestinationStorage {
    let queue: DurableQueue
    let bit: Int64

    func load(_ row: Int64) -> Payload? { queue.load(row) }

    func delivered(_ batch: [QueueEntry]) {
      queue.note(batch.compactMap { entry in entry.row.map { ($0, bit) } })
    }

    func bury(_ payloads: [Payload], destination: String) -> String? { queue.bury(payloads) }
  }
}
