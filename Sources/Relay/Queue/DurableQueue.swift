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
/// `@unchecked Sendable`: `store`, `directory` and `storeFile` are used under `lock` only; `lanes` is set before the thread
/// starts; everything else is a constant, locks itself, or belongs to the thread.
final class DurableQueue: PayloadStorage, @unchecked Sendable {
  struct Arrival {
    let payloads: [Payload]
    /// The destinations that have room, and those that have not.
    let destinations: [Destination]
    let full: [Destination]
    /// Where a stage says what goes on: the requests. `destinations` then get copies.
    var undecided: [UndecidedRequest] = []
    /// Where room is held for these until the stage has them.
    var held: [Destination] = []
    let ticket: Ticket?

    /// Gives back the room that these destinations hold.
    func release(_ destinations: [Destination]) {
      let bytes = payloads.reduce(0) { $0 + $1.heldBytes }
      for destination in destinations { destination.queue.release(bytes) }
    }
  }

  /// Requests of an entry that stay when the relay ends, while the others of it are done with.
  struct Kept {
    let destination: Destination
    let entry: QueueEntry
    let payloads: [Payload]
  }

  struct Work {
    var arrivals: [Arrival] = []
    var finished: [(rows: ClosedRange<Int64>, destination: Destination)] = []
    var kept: [Kept] = []
    var firstFinished: Int64 = 0
    var isStopping = false

    var isEmpty: Bool { arrivals.isEmpty && finished.isEmpty && kept.isEmpty }
  }

  /// What the queue knows of one destination.
  final class Lane: Sendable {
    let bit = Atomic<Int64>(0)
    /// The last row that was handed over.
    let lastRow = Atomic<Int64>(0)
  }

  static let unavailable = SQLiteDatabase.Failure(code: 14, description: "the queue is not open")

  /// Bytes that one destination may hold in memory besides the disk.
  static let memoryLimit = 16 << 20
  /// How long deliveries may wait to be noted: what was noted too late is sent twice after a crash.
  private static let noteDelay = 50 * Nanoseconds.perMillisecond
  /// Between two looks at the directory.
  static let lookInterval = Nanoseconds.perSecond
  /// How long what could not be read stays before it is tried again.
  static let keptDelay = 30 * Nanoseconds.perSecond

  /// `nil` only where it could not be opened again.
  var store: QueueStore?
  var directory: QueueDirectory
  var storeFile: FileStatus?
  let path: String
  var destinations: [Destination] = []
  var lanes: [ObjectIdentifier: Lane] = [:]
  /// Whether rows wait that no queue in memory knows of.
  let hasStrays = Atomic(false)
  let lock = Monitor<Void>(())
  let work = Monitor(Work())
  let waitingAgain = Monitor<[(entry: QueueEntry, destination: Destination, due: Int64)]>([])
  let deadLetters: DeadLetters
  let limit: PackLimit
  let plainLog: Log
  let log: RateLimitedLog
  let counters = DurableQueueCounters()
  let isUsable = Atomic(true)
  /// Set before `start`.
  weak var pipeline: Pipeline?
  var lastRowAtStart: Int64 = 0
  private var thread: ThreadHandle?
  /// What the stage has decided and is not written yet.
  var outcomes: [StageOutcome] = []
  /// The last row that the stage has taken.
  var lastUndecidedRow: Int64 = 0
  /// Rows that the stage has not judged.
  let undecidedRows = Counter()

  init(directory path: String, settings: PipelineSettings, log: Log) throws(RelayError) {
    plainLog = log
    self.log = RateLimitedLog(log)
    self.path = path
    limit = PackLimit(settings)
    directory = try QueueDirectory(path)
    do throws(SQLiteDatabase.Failure) {
      store = try QueueStore(path: directory.queue)
      try store?.begin()
      store?.rollback()
    } catch  where error.isCorruption {
      store = nil
    } catch {
      throw .queue(error.description.contains("locked") ? "\(path) is in use by another process" : "\(path): \(error)")
    }
    do throws(SystemError) { deadLetters = try DeadLetters(directory.deadLetters) } catch {
      throw .queue(error.description)
    }
    if store == nil {
      do throws(SQLiteDatabase.Failure) { try salvageLocked() } catch { throw .queue("\(path): \(error)") }
    }
    storeFile = try? FileStatus.of(directory.queue)
  }

  /// Gives `destinations` what waits for them since before, and begins to take requests. What waits is read by the
  /// queue's own thread, so that requests can come meanwhile.
  func start(_ destinations: [Destination]) throws(RelayError) {
    self.destinations = destinations
    for destination in destinations { lanes[ObjectIdentifier(destination)] = Lane() }
    do throws(SQLiteDatabase.Failure) {
      do throws(SQLiteDatabase.Failure) { try identify() } catch  where error.isCorruption {
        try salvageLocked()
        try identify()
      }
    } catch {
      throw .queue(error.description)
    }
    countDeadLetters()
    lastRowAtStart = (store?.nextRow ?? 1) - 1
    do throws(SystemError) { thread = try ThreadHandle { self.run() } } catch { throw .system(error) }
  }

  // MARK: Taking

  func store(_ payloads: [Payload], for destinations: [Destination], ticket: Ticket?) -> Reply? {
    guard payloads.allSatisfy({ $0.plain != nil || $0.gzip != nil }) else {
      return .refused(Refusal(.internalError, "a request without a body cannot be kept"))
    }
    let bytes = payloads.reduce(0) { $0 + $1.heldBytes }
    let withRoom = destinations.filter { $0.queue.reserve(bytes) }
    let full = destinations.filter { destination in !withRoom.contains { $0 === destination } }
    if withRoom.isEmpty { return Pipeline.reply(full, of: destinations, items: 0) }
    return arrive(Arrival(payloads: payloads, destinations: withRoom, full: full, ticket: ticket))
  }

  func arrive(_ arrival: Arrival) -> Reply? {
    guard isUsable.load(ordering: .relaxed) else {
      arrival.release(arrival.destinations + arrival.held)
      return DurableQueue.refusal
    }
    let wakes = work.withLock { work in
      work.arrivals.append(arrival)
      return work.arrivals.count == 1
    }
    if wakes { work.signal() }
    return nil
  }

  private static let refusal = Reply.refused(
    Refusal(.overloaded, "the queue directory cannot be written", retryAfter: 5))

  /// What one destination sees of the queue.
  func storage(for destination: Destination) -> any DestinationStorage { View(queue: self, destination: destination) }

  /// Whether requests can be kept.
  var isReady: Bool { isUsable.load(ordering: .relaxed) }

  /// Stores what has arrived, notes what was delivered, ends the thread, and lets go of the directory.
  func stop() {
    work.withLock { $0.isStopping = true }
    work.broadcast()
    thread?.join()
    thread = nil
    lock.withLock { _ in
      try? store?.checkpoint()
      store = nil
      directory.release()
    }
  }

  /// Items that stay for a destination besides those in its queue, since they cannot be read now.
  func keptItems(of destination: Destination) -> Int {
    waitingAgain.withLock { waiting in
      waiting.reduce(0) { $1.destination === destination ? $0 + $1.entry.items : $0 }
    }
  }

  // MARK: The thread

  private func run() {
    var recovery = Recovery(upTo: lastRowAtStart)
    var lastAttempts = 20
    var nextLook = monotonicNanoseconds() + DurableQueue.lookInterval
    let stage = pipeline?.staged?.stage
    recoverUndecided()
    var nextJudgement = stage == nil ? .max : monotonicNanoseconds() + StageThread.interval
    while true {
      let hasOutcomes = !outcomes.isEmpty
      let isRecovering = !recovery.isOver
      let taken = work.wait { work -> Monitor<Work>.Step<Work> in
        let now = monotonicNanoseconds()
        let isDue = !work.finished.isEmpty && now >= work.firstFinished + DurableQueue.noteDelay
        if work.arrivals.isEmpty, work.kept.isEmpty, !isDue, !work.isStopping, now < min(nextLook, nextJudgement),
          !isRecovering, !hasOutcomes
        {
          let next = min(nextLook, nextJudgement)
          return .wait(until: work.finished.isEmpty ? next : min(next, work.firstFinished + DurableQueue.noteDelay))
        }
        let taken = work
        work.arrivals = []
        work.finished = []
        work.kept = []
        return .done(taken)
      }
      commit(taken)
      if isRecovering { recover(&recovery) }
      if let stage, monotonicNanoseconds() >= nextJudgement {
        note(stage.judge(now: monotonicNanoseconds(), all: false))
        nextJudgement = monotonicNanoseconds() + StageThread.interval
      }
      if monotonicNanoseconds() >= nextLook {
        look()
        nextLook = monotonicNanoseconds() + DurableQueue.lookInterval
      }
      guard taken.isStopping else { continue }
      lastAttempts -= 1
      // What cannot be noted is sent again after the next start.
      if taken.isEmpty && outcomes.isEmpty || lastAttempts == 0 { return }
    }
  }

  /// One transaction for all of it. When it fails, the clients are told to come back, and what was to be forgotten is
  /// forgotten the next time.
  func commit(_ work: Work) {
    let decided = outcomes
    guard !work.isEmpty || !decided.isEmpty else { return }
    if !checkDirectory() { return fail(work, SQLiteDatabase.Failure(code: 1, description: "\(path) is gone")) }
    var builder = PackBuilder(limit)
    for arrival in work.arrivals where arrival.undecided.isEmpty || !arrival.destinations.isEmpty {
      builder.add(
        arrival.payloads, for: arrival.destinations, remaining: arrival.destinations.reduce(0) { $0 | bit(of: $1) })
    }
    let packs = builder.packs
    let now = Int64(time(nil))
    var rows: [ClosedRange<Int64>] = []
    let undecided = DurableQueue.joined(work.arrivals)
    var undecidedRows: [Int64] = []
    var goesOn: [(PackBuilder.Pack, ClosedRange<Int64>)] = []
    let outcome = transaction { (store) throws(SQLiteDatabase.Failure) in
      rows = []
      undecidedRows = []
      for (rows, destination) in work.finished { try store.finish(rows, bit: self.bit(of: destination)) }
      for kept in work.kept { try self.keep(kept, store, now) }
      for pack in packs { rows.append(try store.add(pack.payloads, remaining: pack.remaining, now: now)) }
      goesOn = try self.write(decided, store, now: now)
      for request in undecided {
        undecidedRows.append(try store.addUndecided(request.request.view, items: request.items))
      }
    }
    if let outcome { return fail(work, outcome) }
    outcomes.removeFirst(decided.count)
    for (pack, rows) in goesOn {
      for destination in pack.destinations { destination.queue.reserve(pack.bytes, force: true) }
      hand(over: pack, rows)
    }
    self.undecidedRows.add(undecidedRows.count)
    for (pack, rows) in zip(packs, rows) { hand(over: pack, rows) }
    for arrival in work.arrivals { answer(arrival) }
    take(zip(undecided, undecidedRows).map { ($0, row: $1) })
    for arrival in work.arrivals { arrival.release(arrival.held) }
  }

  /// An entry of which only some requests stay gets rows of its own for them, so that the others are not sent twice.
  private func keep(_ kept: Kept, _ store: QueueStore, _ now: Int64) throws(SQLiteDatabase.Failure) {
    guard let rows = kept.entry.rows else { return }
    let bit = bit(of: kept.destination)
    try store.finish(rows, bit: bit)
    var builder = PackBuilder(limit)
    builder.add(kept.payloads, for: [kept.destination], remaining: bit)
    for pack in builder.packs { _ = try store.add(pack.payloads, remaining: bit, now: now) }
  }

  func hand(over pack: PackBuilder.Pack, _ rows: ClosedRange<Int64>) {
    for destination in pack.destinations {
      guard let lane = lanes[ObjectIdentifier(destination)] else { continue }
      let isCrowded = destination.queue.depth.bytes > DurableQueue.memoryLimit
      let previous = lane.lastRow.exchange(rows.upperBound, ordering: .relaxed)
      destination.queue.enqueue([
        QueueEntry(pack.payloads, rows: rows, isInMemory: !isCrowded, previousRow: previous)
      ])
    }
  }

  private func answer(_ arrival: Arrival) {
    guard let ticket = arrival.ticket else { return }
    let destinations = arrival.destinations + (arrival.undecided.isEmpty ? [] : pipeline?.staged?.chosen ?? [])
    let reply = Pipeline.reply(
      arrival.full, of: destinations + arrival.full, items: arrival.payloads.reduce(0) { $0 + $1.items })
    if pipeline?.park(reply, ticket, destinations) != true { ticket.complete(reply) }
  }

  private func fail(_ work: Work, _ error: SQLiteDatabase.Failure) {
    log.error("the queue cannot be written: \(error)", kind: "queue")
    for arrival in work.arrivals {
      arrival.release(arrival.destinations + arrival.held)
      arrival.ticket?.complete(.refused(Refusal(.overloaded, "the queue cannot be written", retryAfter: 5)))
    }
    // A full disk has no room for noting that rows can go. Once all are delivered, none is needed.
    if error.isStorage, work.kept.isEmpty, isDrained, begin(anew: "the queue cannot be opened again") { return }
    self.work.withLock { again in
      if again.finished.isEmpty { again.firstFinished = monotonicNanoseconds() }
      again.finished += work.finished
      again.kept += work.kept
    }
    // The next attempt would fail as well if it came at once.
    pause(milliseconds: 50)
  }

  /// Whether nobody waits for any row.
  var isDrained: Bool {
    !hasStrays.load(ordering: .relaxed) && undecidedRows.value == 0 && outcomes.isEmpty
      && destinations.allSatisfy(\.queue.isDrained)
      && waitingAgain.withLock(\.isEmpty) && work.withLock { $0.kept.isEmpty }
  }
}

/// What the durable queue has been through.
final class DurableQueueCounters: Sendable {
  /// Files that were damaged and set aside.
  let damages = Counter()
  /// Items read from them, and items of rows that could not be.
  let salvagedItems = Counter()
  let damagedItems = Counter()
  /// Bytes of the file, which come and go.
  let fileBytes = Counter()
}
