public import Backends
public import Platform
import Transport

/// How much waits for a receiver that does not answer.
public struct BufferLimit: Sendable, Equatable {
  public var age: Duration
  public var bytes: Int

  public init(age: Duration = .seconds(2 * 3600), bytes: Int = 256 << 20) {
    self.age = age
    self.bytes = bytes
  }
}

/// The rounds of a run on their way to a receiver, in order, sent by a thread of their own.
///
/// A round that has to wait is packed, or lies in the state's directory. What is beyond the limit falls out from the oldest
/// on: a later round says the same, so that counters lose nothing but points in between. Rounds that say what came since
/// the one before are lost with it, which is counted.
public final class RoundOutbox: Sendable {
  private struct Waiting {
    let number: UInt64
    let time: Int64
    let start: Int64
    var content: Content
    var endsAll = false
  }

  private enum Content {
    case snapshot(SpanMetricsSnapshot, StaleSeries?, graph: [UInt8])
    case packed([UInt8])
    /// A file of the state's directory.
    case file(bytes: Int)
  }

  private struct State {
    var waiting: [Waiting] = []
    /// Whether the first of them is being sent.
    var isSending = false
    var delivered: Delivered
    var dropped = 0
    var isStopped = false
    var failure: BackendError?
  }

  private let delivery: RoundDelivery
  private let name: String
  private let configuration: SpanMetricsConfiguration
  private let isDelta: Bool
  private let limit: BufferLimit
  private let log: Log
  private let store: StateFile?
  private let state: Monitor<State>
  private let thread = Monitor<ThreadBox?>(nil)

  /// `@unchecked Sendable`: joined by the one thread that takes it out.
  private struct ThreadBox: @unchecked Sendable {
    let handle: ThreadHandle
  }

  /// - Parameters:
  ///   - started: when the process started, Unix ms.
  ///   - run: whose state, where it has one, keeps the rounds.
  public init(
    _ receiver: MetricsReceiver, _ settings: DeliverySettings, _ configuration: SpanMetricsConfiguration,
    limit: BufferLimit, started: Int64, run: FollowingRun, log: Log
  ) {
    delivery = RoundDelivery(receiver, settings, log)
    name = receiver.name
    isDelta = settings.isDelta
    self.configuration = configuration
    self.limit = limit
    self.log = log
    let store = run.roundStore
    self.store = store
    var initial = State(delivered: store?.lastDelivered ?? Delivered(round: 0, time: started))
    if store?.lastDelivered != nil { initial.delivered.isLatest = false }
    state = Monitor(initial)
    guard let store else { return }
    store.keepRounds { [state] in state.withLock { $0.delivered } }
    // Whether the last round arrived, nobody knows: it is sent again, which changes nothing where it did.
    store.keepCurrent()
    let delivered = initial.delivered.round
    for round in store.rounds() {
      if round.number <= delivered {
        store.removeRound(round.number)
      } else {
        state.withLock {
          $0.waiting.append(Waiting(number: round.number, time: 0, start: 0, content: .file(bytes: round.bytes)))
        }
      }
    }
  }

  /// Starts sending.
  public func start() throws(SystemError) {
    let handle = try ThreadHandle { [self] in send() }
    thread.withLock { $0 = ThreadBox(handle: handle) }
  }

  /// Takes a round, at once.
  ///
  /// - Parameter endsAll: whether all series end with it.
  public func offer(_ round: FollowingRun.Round, endsAll: Bool) {
    let number = UInt64(round.number)
    let before = state.withLock { state in state.waiting.dropFirst(state.isSending ? 1 : 0) }
    // Only the newest is kept as it is.
    var packed: [UInt64: Content] = [:]
    for waiting in before { if let content = pack(waiting) { packed[waiting.number] = content } }
    let isFirstLoss = state.withLock { state -> Bool in
      let dropped = state.dropped
      for index in state.waiting.indices {
        if let content = packed[state.waiting[index].number], index > 0 || !state.isSending {
          state.waiting[index].content = content
        }
      }
      state.waiting.append(
        Waiting(
          number: number, time: round.time, start: round.start,
          content: .snapshot(round.snapshot, round.stale, graph: round.graph),
          endsAll: endsAll))
      trim(&state)
      return dropped == 0 && state.dropped > 0
    }
    if isFirstLoss {
      log.warn("\(name): the buffer is full: its oldest rounds fall out\(isDelta ? " and are lost" : "")")
    }
    state.broadcast()
  }

  private func pack(_ waiting: Waiting) -> Content? {
    guard case .snapshot(let snapshot, _, let graph) = waiting.content else { return nil }
    if let store, let file = store.rounds().first(where: { $0.number == waiting.number }) {
      return .file(bytes: file.bytes)
    }
    let header = SavedState(
      round: UInt32(truncatingIfNeeded: waiting.number), time: waiting.time, started: waiting.start)
    let bytes = graph.withByteView { try? StateFile.encode(header, snapshot, $0, configuration) }
    return bytes.map { .packed($0) }
  }

  private func trim(_ state: inout State) {
    let oldest = Timestamp.now.milliseconds - limit.age.milliseconds
    func isTooMuch() -> Bool {
      // The newest always stays.
      guard state.waiting.count > 1 else { return false }
      if state.waiting[0].time > 0, state.waiting[0].time < oldest { return true }
      let bytes = state.waiting.reduce(0) { sum, waiting in
        switch waiting.content {
        case .snapshot: sum
        case .packed(let bytes): sum + bytes.count
        case .file(let bytes): sum + bytes
        }
      }
      return bytes > limit.bytes
    }
    while isTooMuch() {
      let index = state.isSending && state.waiting.count > 2 ? 1 : 0
      let fallen = state.waiting.remove(at: index)
      if index == 0 { state.isSending = false }
      store?.removeRound(fallen.number)
      state.dropped += 1
    }
  }

  /// What falls out and what waits, for the report of whoever runs this.
  public var counts: (waiting: Int, dropped: Int) { state.withLock { ($0.waiting.count, $0.dropped) } }

  private func send() {
    while true {
      let next: (Waiting, Delivered)? = state.wait { state in
        if let first = state.waiting.first {
          if delivery.isCancelled { return .done(nil) }
          state.isSending = true
          return .done((first, state.delivered))
        }
        return state.isStopped ? .done(nil) : .wait(until: nil)
      }
      guard let (waiting, last) = next else { return }
      guard let round = unpack(waiting) else {
        finish(waiting.number, nil, nil)
        continue
      }
      let outcome = delivery.send(round, after: last) { [state] in
        state.withLock { $0.waiting.first?.number != waiting.number }
      }
      switch outcome {
      case .delivered: finish(waiting.number, Delivered(round: round.number, time: round.time), nil)
      case .refused(let error): finish(waiting.number, nil, error)
      case .abandoned(let error):
        state.withLock { $0.delivered.isLatest = false }
        if delivery.isCancelled {
          state.withLock { $0.failure = error }
          return
        }
      }
    }
  }

  /// Takes a round out of those that wait.
  private func finish(_ number: UInt64, _ delivered: Delivered?, _ failure: BackendError?) {
    state.withLock { state in
      if state.waiting.first?.number == number { state.waiting.removeFirst() }
      state.isSending = false
      if let delivered { state.delivered = delivered }
      state.failure = failure
    }
    store?.removeRound(number)
    state.broadcast()
  }

  private func unpack(_ waiting: Waiting) -> OutgoingRound? {
    func round(_ restored: RestoredState) -> OutgoingRound {
      OutgoingRound(
        number: waiting.number, time: restored.state.time, start: restored.state.started,
        snapshot: SpanMetricsSnapshot(restored.aggregator.core, graph: restored.graph?.result(isFinal: false)))
    }
    do throws(StateError) {
      switch waiting.content {
      case .snapshot(let snapshot, let stale, _):
        return OutgoingRound(
          number: waiting.number, time: waiting.time, start: waiting.start, snapshot: snapshot, stale: stale,
          endsAll: waiting.endsAll)
      case .packed(let bytes):
        var next = round(
          try bytes.withByteView { (view) throws(StateError) in try StateReader.read(view, configuration) })
        next.endsAll = waiting.endsAll
        return next
      case .file:
        guard let restored = try store?.round(waiting.number), !restored.isOtherConfiguration else { return nil }
        return round(restored)
      }
    } catch {
      log.warn("\(name): round \(waiting.number) is lost: \(error)")
      return nil
    }
  }

  /// Ends sending: waits until all is delivered or `deadline` (on the clock of `monotonicNanoseconds`) comes.
  ///
  /// - Returns: how many rounds were left, and why the last failure was one.
  public func finish(by deadline: Int64) -> (left: Int, failure: BackendError?) {
    state.withLock { $0.isStopped = true }
    state.broadcast()
    _ = state.wait { state -> Monitor<State>.Step<Bool> in
      if state.waiting.isEmpty || delivery.isCancelled { return .done(true) }
      return monotonicNanoseconds() >= deadline ? .done(false) : .wait(until: deadline)
    }
    cancel()
    thread.withLock { $0.take() }?.handle.join()
    return state.withLock { ($0.waiting.count, $0.failure) }
  }

  /// Ends waiting and requests under way; from any thread.
  public func cancel() {
    delivery.cancel()
    state.broadcast()
  }

  /// Sends the result of a run that is over: as one round, or, where it was counted in steps, as one for each.
  public static func sendOnce(
    _ steps: [TimeStep], _ snapshot: SpanMetricsSnapshot, _ receiver: MetricsReceiver,
    _ settings: DeliverySettings, started: Int64, ends: Bool, log: Log
  ) throws(BackendError) {
    let delivery = RoundDelivery(receiver, settings, log)
    var last = Delivered(round: 0, time: started)
    if let first = steps.first { last.time = first.end.milliseconds - settings.interval.milliseconds }
    let began = last.time
    func send(_ number: UInt64, _ time: Int64, _ snapshot: SpanMetricsSnapshot, ends: Bool) throws(BackendError) {
      let round = OutgoingRound(
        number: number, time: max(time, last.time + 2), start: settings.isDelta ? last.time : began, snapshot: snapshot,
        endsAll: ends)
      switch delivery.send(round, after: last, isTooLate: { false }) {
      case .delivered: last = Delivered(round: number, time: round.time)
      case .refused(let error), .abandoned(let error?): throw error
      case .abandoned(nil): throw .http(.cancelled(origin: receiver.name))
      }
    }
    guard let total = steps.first?.aggregator else {
      return try send(1, Timestamp.now.milliseconds, snapshot, ends: ends)
    }
    for (index, step) in steps.enumerated() {
      let number = UInt32(index + 1)
      step.aggregator.withCore { $0.place(in: number) }
      if index > 0, !settings.isDelta { total.merge(step.aggregator) }
      let isLast = index == steps.count - 1
      // Calls are known when both ends were read: the graph belongs to the end.
      try send(
        UInt64(number), step.end.milliseconds,
        SpanMetricsSnapshot(
          (settings.isDelta ? step.aggregator : total).core, graph: isLast ? snapshot.graph : nil),
        ends: ends && isLast)
    }
  }
}
