import Platform
import Transport

/// What waits for one destination and what of it is due, without threads and with a clock that is given: a request that has
/// not been sent, in the order of arrival, and deliveries that failed and wait for their time.
struct SendQueue {
  /// What a sender does next.
  enum Next {
    case deliver(Delivery)
    /// Asks again when woken, or at this time.
    case wait(until: Int64?)
    /// There will be nothing more.
    case end
  }

  /// Who has to look at the queue again after it has changed.
  struct Wake: OptionSet, Sendable {
    let rawValue: UInt8
    /// One of the senders that wait.
    static let sender = Wake(rawValue: 1)
    static let allSenders = Wake(rawValue: 2)
    /// Everybody who waits for room.
    static let producers = Wake(rawValue: 4)
    /// Everybody who waits for the end.
    static let enders = Wake(rawValue: 8)
  }

  private let settings: PipelineSettings
  private let packLimit: PackLimit
  private let batchTimeout: Int64
  /// `nil` where the entry has been handed out, so that its bytes go when the batch does.
  private var entries: [QueueEntry?] = []
  /// Entries before this index have been handed out.
  private var first = 0
  private var waitingRequests = 0
  private var waitingItems = 0
  private var waitingPlain = 0
  private var postponed: [(delivery: Delivery, due: Int64)] = []
  /// Old and new are tried in turn, so that what fails again and again holds up nobody.
  private var triesNew = false
  /// Deliveries under way, and their requests.
  private(set) var active = 0
  private var activeRequests = 0
  /// Bytes of everything that is here or under way, against the bound.
  private(set) var bytes = 0
  /// Bytes that are kept for the destination elsewhere, such as dead letters, and count against the bound as well.
  private(set) var keptBytes = 0
  /// Spans, data points or log records of everything that is here or under way.
  private(set) var items = 0
  private var pace: SendPace
  private(set) var isDraining = false
  private(set) var isClosed = false
  private var wake: Wake = []

  init(_ settings: PipelineSettings) {
    self.settings = settings
    packLimit = PackLimit(settings)
    batchTimeout = settings.batchTimeout.nanoseconds
    pace = SendPace(batchBytes: settings.batchBytes, batches: settings.senders)
  }

  private var count: Int { entries.count - first }
  private var oldest: Int64? { first < entries.count ? entries[first]?.accepted : nil }

  /// Whether nothing is here and nothing is under way.
  var isDrained: Bool { count == 0 && postponed.isEmpty && active == 0 }

  /// Whom to wake since the last call.
  mutating func takeWake() -> Wake {
    defer { wake = [] }
    return wake
  }

  /// Whether something is here that is not under way.
  private var hasWaiting: Bool { count > 0 || !postponed.isEmpty }

  /// Whether what waits fills a batch.
  private var isFull: Bool { waitingItems >= settings.batchItems || waitingPlain >= pace.batchBytes }

  /// Requests that are here or under way, and when the oldest of them that waits was accepted.
  var depth: (requests: Int, oldest: Int64?) {
    let failed = postponed.lazy.compactMap(\.delivery.oldest).min()
    let oldest = [oldest, failed].compactMap(\.self).min()
    return (waitingRequests + activeRequests + postponed.reduce(0) { $0 + $1.delivery.count }, oldest)
  }

  /// Counts `size` bytes against the bound, for entries that come later; `false` when there is no room. `force` is for what
  /// has been accepted before.
  mutating func reserve(_ size: Int, force: Bool = false) -> Bool {
    if isClosed || (!force && !hasRoom(size)) { return false }
    bytes += size
    return true
  }

  func hasRoom(_ size: Int) -> Bool {
    let held = bytes.addingSaturating(keptBytes)
    return held <= 0 || held.addingSaturating(size) <= settings.queueMax
  }

  /// Counts bytes that are kept elsewhere; less than 0 when they are gone.
  mutating func keep(_ size: Int) {
    keptBytes = max(keptBytes + size, 0)
    wake.insert(.producers)
  }

  /// Takes back a reservation.
  mutating func release(_ size: Int) {
    bytes -= size
    wake.insert(.producers)
  }

  /// Adds entries whose bytes have been reserved.
  mutating func enqueue(_ new: [QueueEntry]) {
    let wasEmpty = count == 0
    let wasFull = isFull
    for entry in new {
      waitingItems += entry.items
      waitingPlain += entry.plainSize
      waitingRequests += entry.requests
      items += entry.items
      append(entry)
    }
    if wasEmpty || (!wasFull && isFull) { wake.insert(.sender) }
  }

  /// What lies on disk only takes one entry where that is not too large.
  private mutating func append(_ entry: QueueEntry) {
    if count > 0, let last = entries.last ?? nil, let both = last.merged(with: entry, within: packLimit) {
      entries[entries.count - 1] = both
    } else {
      entries.append(entry)
    }
  }

  /// What there is to do at `now`.
  mutating func next(now: Int64) -> Next {
    if isClosed || (isDraining && isDrained) {
      wake.insert(.allSenders)
      return .end
    }
    guard hasWaiting, let start = pace.next(active: active, now: now) else { return .wait(until: nil) }
    let retry = postponed.indices.min { postponed[$0].due < postponed[$1].due }
    let retryDue = retry.map { max(postponed[$0].due, start) }
    let newDue = oldest.map { max(isFull || isDraining ? now : $0.addingSaturating(batchTimeout), start) }
    let isNewDue = newDue.map { $0 <= now } ?? false
    if let retry, let retryDue, retryDue <= now, !(isNewDue && triesNew) {
      triesNew = true
      return handOut(postponed.remove(at: retry).delivery)
    }
    if isNewDue {
      triesNew = false
      return handOut(Delivery(takeBatch()))
    }
    return .wait(until: [retryDue, newDue].compactMap(\.self).min())
  }

  private mutating func handOut(_ delivery: Delivery) -> Next {
    active += 1
    activeRequests += delivery.count
    // Somebody must wait for what is due next.
    if hasWaiting { wake.insert(.sender) }
    return .deliver(delivery)
  }

  private mutating func takeBatch() -> [QueueEntry] {
    var batch: [QueueEntry] = []
    var items = 0
    var plain = 0
    while first < entries.count {
      guard let entry = entries[first] else { break }
      if !batch.isEmpty, items + entry.items > settings.batchItems || plain + entry.plainSize > pace.batchBytes {
        break
      }
      batch.append(entry)
      entries[first] = nil
      items += entry.items
      plain += entry.plainSize
      waitingRequests -= entry.requests
      first += 1
    }
    waitingItems -= items
    waitingPlain -= plain
    if first == entries.count {
      entries.removeAll(keepingCapacity: first < 4096)
      first = 0
    } else if first > 1024, first * 2 > entries.count {
      entries.removeFirst(first)
      first = 0
    }
    return batch
  }

  /// A delivery has been dealt with, one way or the other. Items of it that are not done with are still counted: the relay
  /// ends, and they are left behind.
  mutating func finish(_ delivery: borrowing Delivery) {
    active -= 1
    activeRequests -= delivery.count
    bytes -= delivery.bytes
    wake.insert(.producers)
    guard isDrained else { return }
    wake.insert(.enders)
    if isDraining { wake.insert(.allSenders) }
  }

  /// A delivery goes on after `wait` ns; `isFailure`: because the destination would not take it now.
  mutating func postpone(_ delivery: Delivery, wait: Int64, isFailure: Bool, now: Int64) {
    var delivery = delivery
    active -= 1
    activeRequests -= delivery.count
    if isFailure {
      pace.noteFailure(wait: wait, last: delivery.failedIn, now: now)
      delivery.failedIn = pace.period
    }
    // While the destination looks dead, what can be read again goes to the end of the line, instead of piling up in memory.
    if pace.looksDead, postponed.count >= settings.senders * 2, let untouched = delivery.untouched {
      putBack(untouched, delivery)
    } else {
      postponed.append((delivery, now.addingSaturating(wait)))
    }
  }

  private mutating func putBack(_ untouched: [QueueEntry], _ delivery: Delivery) {
    bytes -= delivery.bytes - untouched.reduce(0) { $0 + $1.bytes }
    items -= delivery.items
    enqueue(untouched)
  }

  /// Lets what became of a piece of `size` bytes change how much is sent; `again`: of one that had failed before as it is.
  ///
  /// - Returns: the size up to which the destination was known to take batches.
  mutating func note(_ outcome: ExportOutcome, size: Int, again: Bool, began: Int64, now: Int64) -> Int {
    let largestTaken = pace.largestTaken
    let before = (start: pace.next(active: active, now: now) ?? .max, isFull: isFull)
    pace.note(outcome, bytes: size, again: again, began: began, now: now)
    // More may be begun than when the others fell asleep.
    if pace.next(active: active, now: now) ?? .max < before.start || isFull != before.isFull, hasWaiting {
      wake.insert(.sender)
    }
    return largestTaken
  }

  /// What has so many bytes need not be tried.
  func tooLarge(now: Int64) -> Int { pace.tooLarge(now: now) }

  /// These have arrived or have been given up, while the rest of their delivery goes on.
  mutating func settle(items count: Int) { items -= count }

  /// From now on everything new is due, and there is an end.
  mutating func drain() {
    isDraining = true
    wake.insert(.allSenders)
  }

  /// Hands out nothing more.
  mutating func close() {
    isClosed = true
    wake.formUnion([.allSenders, .producers, .enders])
  }
}
