import Backends
import Platform
import Synchronization
import Transport

/// What a receiver is told besides the numbers, and how.
public struct DeliverySettings: Sendable {
  /// Labels that are added to every series, `job` and `instance` among them.
  public var external: [(name: String, value: String)] = []
  /// The label of an exemplar's trace id.
  public var exemplarLabel = "trace_id"
  /// How long failures are tried again; nil for ever.
  public var giveUpAfter: Duration?
  /// The interval between two rounds, which a 0 is never put further back than.
  public var interval: Duration = .seconds(15)
  /// Whether a round says what came since the one before, and not all there is.
  public var isDelta = false

  public init() {}
}

/// A round on its way to the receiver.
struct OutgoingRound: Sendable {
  let number: UInt64
  /// Unix ms.
  let time: Int64
  /// Since when what it says was counted, Unix ms.
  let start: Int64
  let snapshot: SpanMetricsSnapshot
  /// What did not move for so long that it is written no more.
  var stale: StaleSeries?
  /// Whether all series end with this round.
  var endsAll = false
}

/// Series that end: positions in a snapshot that still had them, and edges.
public struct StaleSeries: Sendable {
  let snapshot: SpanMetricsSnapshot
  let positions: [Int32]
  let edges: [GraphResult.Edge]
}

/// What the receiver was sent, of the round that it took last.
struct Delivered: Sendable, Equatable {
  var round: UInt64
  /// Unix ms; before the first round, when the process started.
  var time: Int64
  /// Whether nothing later was taken: not known where a process or a request ended in between.
  var isLatest = true
}

/// Sends rounds to a receiver, the requests of one round in parallel.
///
/// Prometheus learns of an increase from two samples of a series, so that a series' first value needs a 0 before it, when it
/// was not there yet. All zeros of a round go out before its first value, in requests of their own: each request holds
/// one sample a series, later than those of all requests before, so that one whose answer was lost can be sent again and
/// changes nothing. A request that is refused is sent again in halves until the series that is at fault stands alone.
///
/// One thread at a time uses it; `cancel` may be called by any.
final class RoundDelivery: Sendable {
  private let receiver: MetricsReceiver
  private let settings: DeliverySettings
  private let log: Log
  private let cancellation: HTTPCancellation
  private let state = Monitor(State())

  private struct State {
    var taken = 0
    var refused = 0
    var bisections = 0
    var failure: BackendError?
    /// Why something was refused last, and when that was said.
    var said: (reason: String, at: Int64)?
  }

  enum Outcome {
    case delivered
    /// Nothing of it was taken, and it will not be: a later round says what this one said.
    case refused(BackendError)
    /// It was given up before it was done.
    case abandoned(BackendError?)
  }

  /// Places that one request is made of, about.
  private static let placesPerUnit = 100
  private static let maxBisections = 500
  /// Series refused one by one in a row, after which the rest of a request is not asked for one by one.
  private static let maxSingles = 16

  init(_ receiver: MetricsReceiver, _ settings: DeliverySettings, _ log: Log) {
    self.receiver = receiver
    self.settings = settings
    self.log = log
    cancellation = HTTPCancellation()
    receiver.setCancellation(cancellation)
  }

  /// Ends waiting and requests under way; from any thread.
  func cancel() { cancellation.cancel() }

  var isCancelled: Bool { cancellation.isCancelled }

  /// Sends a round. `isTooLate` is asked now and then whether to give it up.
  func send(_ round: OutgoingRound, after last: Delivered, isTooLate: @escaping @Sendable () -> Bool) -> Outcome {
    state.withLock { state in
      state.taken = 0
      state.refused = 0
      state.bisections = 0
      state.failure = nil
    }
    let table = MetricTable(round.snapshot, sorted: false)
    // Where something later may have been taken, a 0 must not come behind it: the receiver refuses it then, as it should.
    let next = last.time.addingSaturating(1)
    let born =
      last.isLatest ? max(next, round.time.subtractingSaturating(settings.interval.milliseconds)) : next
    var phases: [DeliveryPhase] = [.values(time: round.time, after: last.round)]
    if !settings.isDelta {
      phases.insert(.zeros(time: min(born, round.time.subtractingSaturating(1)), after: last.round), at: 0)
      if round.endsAll { phases.append(.ends(time: round.time.addingSaturating(1))) }
    }
    for phase in phases {
      guard write(table, phase, start: round.start, isTooLate) else { return .abandoned(state.withLock { $0.failure }) }
    }
    if let stale = round.stale, !stale.isEmpty, !settings.isDelta {
      guard write(MetricTable(stale: stale), .ends(time: round.time), start: round.start, isTooLate) else {
        return .abandoned(state.withLock { $0.failure })
      }
    }
    return state.withLock { state in
      guard state.refused > 0 else { return .delivered }
      if state.taken == 0, let failure = state.failure { return .refused(failure) }
      log.warn("\(receiver.name): \(state.refused) samples of round \(round.number) were refused")
      return .delivered
    }
  }

  /// A stretch of places of one family.
  private struct Unit {
    let family: Int
    let places: Range<Int>
  }

  /// Sends what a phase wants of all series; false when that was given up.
  private func write(
    _ table: MetricTable, _ phase: DeliveryPhase, start: Int64, _ isTooLate: @escaping @Sendable () -> Bool
  ) -> Bool {
    var units: [Unit] = []
    for (family, description) in table.families.enumerated() {
      let count = table.count(description)
      for start in stride(from: 0, to: count, by: Self.placesPerUnit) {
        units.append(Unit(family: family, places: start..<min(count, start + Self.placesPerUnit)))
      }
    }
    let next = Atomic<Int>(0)
    let isGivenUp = Atomic<Bool>(false)
    let all = units
    inParallel(min(receiver.parallel, max(1, units.count / 8))) { [self] worker in
      let batch = receiver.batch(worker, table, start: start, settings)
      func flush() {
        if batch.count > 0, !deliver(batch, isTooLate) { isGivenUp.store(true, ordering: .relaxed) }
        batch.removeAll()
      }
      while !isGivenUp.load(ordering: .relaxed) {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < all.count else { break }
        let family = table.families[all[index].family]
        for place in all[index].places {
          guard let point = table.point(family, place) else { continue }
          batch.append(family, point, phase)
          if batch.isFull { flush() }
        }
      }
      if !isGivenUp.load(ordering: .relaxed) { flush() }
    }
    return !isGivenUp.load(ordering: .relaxed)
  }

  // MARK: - One request

  private func deliver(_ batch: any MetricsBatch, _ isTooLate: () -> Bool) -> Bool {
    var singles = 0
    return deliver(batch, 0..<batch.count, &singles, isTooLate)
  }

  private func deliver(
    _ batch: any MetricsBatch, _ range: Range<Int>, _ singles: inout Int, _ isTooLate: () -> Bool
  ) -> Bool {
    let start = monotonicNanoseconds()
    var attempt = 1
    while true {
      if cancellation.isCancelled || isTooLate() { return false }
      var requested: Duration?
      switch batch.send(range) {
      case .taken:
        singles = 0
        state.withLock { $0.taken += range.count }
        return true
      case .refused(let error, let scope) where scope != .destination:
        let mayAsk = state.withLock { state in
          state.bisections += 1
          state.failure = error
          return state.bisections <= Self.maxBisections
        }
        if range.count == 1 { singles += 1 }
        guard range.count > 1, mayAsk, singles < Self.maxSingles else {
          refuse(range.count, error)
          return true
        }
        let middle = range.lowerBound + range.count / 2
        return deliver(batch, range.lowerBound..<middle, &singles, isTooLate)
          && deliver(batch, middle..<range.upperBound, &singles, isTooLate)
      case .refused(let error, _):
        state.withLock { $0.failure = error }
        // Credentials and addresses can be mended while this waits.
        if settings.giveUpAfter != nil { return false }
      case .failed(let error, let after):
        state.withLock { $0.failure = error }
        requested = after
      }
      let elapsed = Duration.nanoseconds(monotonicNanoseconds() - start)
      // Quick at first: most failures are one lost answer. Prometheus's own senders wait no longer than this.
      let policy = RetryPolicy(initial: .milliseconds(50), maximum: .seconds(5), giveUpAfter: settings.giveUpAfter)
      guard let delay = policy.delay(afterAttempt: attempt, elapsed: elapsed, requested: requested) else {
        return false
      }
      attempt += 1
      if let failure = state.withLock({ $0.failure }) {
        say("\(failure)", "; trying again in \(DurationText.brief(delay))")
      }
      let end = monotonicDeadline(after: delay)
      while monotonicNanoseconds() < end {
        if cancellation.isCancelled || isTooLate() { return false }
        pause(milliseconds: 20)
      }
    }
  }

  private func refuse(_ count: Int, _ error: BackendError) {
    state.withLock { $0.refused += count }
    var text = "\(error)"
    if ["out of order", "duplicate sample", "out-of-order"].contains(where: text.contains) {
      text += "; does another process write the same series? Give each its own --label instance=NAME"
    }
    // What is sent once ends with this as its error, or with a count.
    if settings.giveUpAfter == nil { say(text) }
  }

  /// A reason is said when it is new, and once a minute.
  private func say(_ reason: String, _ further: String = "") {
    let now = monotonicNanoseconds()
    let isNew = state.withLock { state in
      if let said = state.said, said.reason == reason, now - said.at < 60 * Nanoseconds.perSecond { return false }
      state.said = (reason, now)
      return true
    }
    if isNew { log.warn("\(receiver.name): \(reason)\(further)") }
  }
}

extension StaleSeries {
  var isEmpty: Bool { positions.isEmpty && edges.isEmpty }
}
