import OTLP
public import Platform
import Synchronization
public import TraceFormats

/// Reads inputs that do not end, one thread each, and keeps what they add up to.
///
/// `start`, `wait`, `finishRound` and `stop` are called by one thread; `requestStop` and `snapshot` by any.
public final class FollowingRun: Sendable {
  /// What ended a wait.
  public enum Event: Sendable {
    /// The time came.
    case deadline
    /// `requestStop` was called.
    case stopped
    /// Every input came to its end.
    case ended
    /// An input could not be read any more.
    case failed(InputError)
  }

  /// What is written at the end of a round.
  public struct Round: Sendable {
    /// Numbered from 1.
    public let number: UInt32
    /// Unix ms; later than that of the round before.
    public let time: Int64
    /// Since when what it says was counted, Unix ms.
    public let start: Int64
    public let snapshot: SpanMetricsSnapshot
    /// What did not move for so long that it was dropped; the snapshot has it no more.
    public let stale: StaleSeries?
    /// The service graph's state, for when the round has to wait.
    let graph: [UInt8]
  }

  private struct Control {
    var isStopped = false
    var running = 0
    var failure: InputError?
    var skipped = 0
    var firstSkipped: InputError?
  }

  /// What was counted, and the last snapshot of it.
  struct Total {
    var aggregator: Aggregator
    var time: Int64 = 0
    /// Since when it counts, Unix ms.
    var started: Int64
    var shared: (snapshot: SpanMetricsSnapshot, at: Int64)?
    var positions: [InputPosition] = []
  }

  private let followers: [Follower]
  private let graph: ServiceGraph?
  private let total: Monitor<Total>
  private let control = Monitor(Control())
  private let stopFlag = Flag()
  private let threads = Monitor<[UncheckedHandle]>([])
  private let store: StateFile?
  private let configuration: SpanMetricsConfiguration
  private let isDelta: Bool

  /// How long an end of a call waits for the other, ns.
  private let edgeWait: Int64
  /// How long a snapshot serves whoever asks for one, ns.
  private static let sharedFor = Nanoseconds.perSecond

  public init(
    _ paths: [String], _ options: TraceInputOptions, _ configuration: SpanMetricsConfiguration,
    _ following: FollowingOptions = FollowingOptions(), log: Log = .discarding
  ) throws(RunError) {
    let paths = paths.isEmpty ? ["-"] : paths
    self.configuration = configuration
    isDelta = following.isDelta
    let restored: RestoredState?
    do throws(StateError) {
      store = try following.stateFile.map { (path) throws(StateError) in try StateFile(path, configuration) }
      restored = try store?.load(log)
    } catch { throw .state(error) }
    let graph = restored?.graph ?? ServiceGraph(configuration)
    self.graph = graph
    edgeWait = configuration.serviceGraph?.wait.nanoseconds ?? 0
    var followers: [Follower] = []
    do throws(ConfigurationError) {
      for path in paths {
        let saved = restored?.state.inputs.first { $0.path == path }
        followers.append(try Follower(path, options, configuration, graph: graph, following, saved: saved, log))
      }
      let aggregator: Aggregator =
        if let known = restored?.aggregator { known } else { try Aggregator(configuration, graph: graph) }
      aggregator.round = (restored?.state.round ?? 0) + 1
      // What is new is told by the round in which it came.
      for follower in followers { follower.withCounted { $0.aggregator.round = aggregator.round } }
      graph?.begin(round: aggregator.round)
      let known = restored.flatMap { $0.isOtherConfiguration || $0.state.started == 0 ? nil : $0.state.started }
      total = Monitor(
        Total(
          aggregator: aggregator, time: restored?.state.time ?? 0, started: known ?? Timestamp.now.milliseconds,
          positions: restored?.state.inputs ?? []))
    } catch { throw .configuration(error) }
    self.followers = followers
    // What cannot be opened is said now, before anything is written.
    let present = paths.filter { !Self.isExpected($0) }
    do throws(InputError) {
      if !present.isEmpty { _ = try TraceInput(present, options: options) }
    } catch { throw .input(error) }
  }

  /// Whether a file is not there yet in a directory that is: it is waited for.
  private static func isExpected(_ path: String) -> Bool {
    if path == "-" || (try? FileStatus.of(path)) != nil { return false }
    let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    return (try? FileStatus.of(directory))?.isDirectory == true
  }

  /// Where rounds that wait for their receiver can be kept, and those that are there already.
  var roundStore: StateFile? { store }

  /// Starts reading.
  public func start() throws(SystemError) {
    control.withLock { $0.running = followers.count }
    for follower in followers {
      let handle = try ThreadHandle { [control, stopFlag] in
        let end = follower.run { stopFlag.isSet }
        control.withLock { state in
          state.running -= 1
          switch end {
          case .whole(let skipped, let first):
            state.skipped += skipped
            if state.firstSkipped == nil { state.firstSkipped = first }
          case .failed(let error): if state.failure == nil { state.failure = error }
          }
        }
        control.broadcast()
      }
      threads.withLock { $0.append(UncheckedHandle(handle)) }
    }
  }

  /// Waits for `deadline` (on the clock of `monotonicNanoseconds`) or for something that ends the run.
  public func wait(until deadline: Int64) -> Event {
    control.wait { state in
      if let failure = state.failure { return .done(.failed(failure)) }
      if state.isStopped { return .done(.stopped) }
      if state.running == 0 { return .done(.ended) }
      return monotonicNanoseconds() >= deadline ? .done(.deadline) : .wait(until: deadline)
    }
  }

  /// Ends the run; safe to call from any thread.
  public func requestStop() {
    control.withLock { $0.isStopped = true }
    control.broadcast()
  }

  /// Stops reading and waits for the threads; returns how many bad records were passed over, and the first.
  public func stop() -> (skipped: Int, first: InputError?) {
    stopFlag.set()
    for thread in threads.withLock({ $0 }) { thread.handle.join() }
    return control.withLock { ($0.skipped, $0.firstSkipped) }
  }

  /// Ends the current round, and saves the state where there is a file for it: nobody sees a number that the state does
  /// not hold, so that counters never go back when the process is killed.
  ///
  /// - Parameters:
  ///   - keptRounds: what did not move in so many rounds is dropped; 0 keeps everything.
  ///   - isFinal: nothing more will come; without a state, ends of calls that wait are counted as far as they go.
  public func finishRound(
    keptRounds: UInt32, isFinal: Bool = false
  ) throws(StateError) -> Round {
    try total.withLock { (total) throws(StateError) in
      let number = total.aggregator.round
      let saved = fold(into: &total, next: number + 1, isFinal: isFinal) { [isDelta] graph in
        if isDelta { return graph.map { ($0.takeRound(next: number + 1, isFinal: isFinal), []) } }
        let kept = keptRounds > 0 && number > keptRounds ? number - keptRounds : 0
        return graph?.finishRound(next: number + 1, keepingEdgesSince: kept, isFinal: isFinal && store == nil)
      }
      let kept = !isDelta && keptRounds > 0 && number > keptRounds ? number - keptRounds : 0
      var stale: StaleSeries?
      let edges = saved.edges?.stale ?? []
      if kept > 0 {
        let before = SpanMetricsSnapshot(total.aggregator.core, graph: nil)
        let positions = (0..<before.positions).filter {
          let rounds = before.rounds($0)
          return rounds.upperBound > 0 && rounds.upperBound < UInt64(kept)
        }
        if !positions.isEmpty { total.aggregator = total.aggregator.keepingSeries(movedSince: kept) }
        if !positions.isEmpty || !edges.isEmpty {
          stale = StaleSeries(snapshot: before, positions: positions.map { Int32($0) }, edges: edges)
        }
      }
      let start = total.started
      let snapshot = SpanMetricsSnapshot(total.aggregator.core, graph: saved.edges?.result)
      total.time = max(Timestamp.now.milliseconds, total.time.addingSaturating(2))
      try save(snapshot, &total, round: number, isRound: true, saved.graph)
      total.shared = (snapshot, monotonicNanoseconds())
      if isDelta, let fresh = try? Aggregator(configuration, graph: graph) {
        fresh.continueNotes(of: total.aggregator)
        total.aggregator = fresh
        total.started = total.time
      }
      total.aggregator.round = number + 1
      return Round(
        number: number, time: total.time, start: start, snapshot: snapshot, stale: stale, graph: saved.graph)
    }
  }

  /// Everything counted up to now; of callers within a second all get the same.
  public func snapshot() throws(StateError) -> SpanMetricsSnapshot {
    try total.withLock { (total) throws(StateError) in
      if let shared = total.shared, monotonicNanoseconds() - shared.at < Self.sharedFor { return shared.snapshot }
      let round = total.aggregator.round
      let saved = fold(into: &total, next: round, isFinal: false) { graph in
        graph.map { ($0.result(isFinal: false), []) }
      }
      let snapshot = SpanMetricsSnapshot(total.aggregator.core, graph: saved.edges?.result)
      try save(snapshot, &total, round: round - 1, isRound: false, saved.graph)
      total.shared = (snapshot, monotonicNanoseconds())
      return snapshot
    }
  }

  private typealias Edges = (result: GraphResult, stale: [GraphResult.Edge])

  /// Takes what all followers counted, at one moment: their places in the inputs and the service graph belong to it.
  private func fold(
    into total: inout Total, next round: UInt32, isFinal: Bool, _ finish: (ServiceGraph?) -> Edges?
  ) -> (edges: Edges?, graph: [UInt8]) {
    // The configuration was accepted when the run was made.
    let fresh = followers.compactMap { try? $0.fresh(round) }
    var taken: [Follower.Counted] = []
    var edges: Edges?
    var graphState = ByteBuffer(capacity: 0)
    withAll(0) { index, counted in
      taken.append(counted)
      if index < fresh.count { counted.aggregator = fresh[index] }
    } whole: {
      graph?.expire(before: Timestamp.now.nanoseconds - edgeWait)
      // What is taken out of the graph is saved before.
      if isDelta { graph?.save(into: &graphState, withWaiting: false) }
      edges = finish(graph)
      if !isDelta { graph?.save(into: &graphState, withWaiting: store != nil) }
    }
    total.positions = []
    for counted in taken {
      total.aggregator.merge(counted.aggregator)
      if let position = counted.position { total.positions.append(position) }
    }
    return (edges, Array(graphState.view))
  }

  /// Holds the locks of all followers at once.
  private func withAll(_ index: Int, _ each: (Int, inout Follower.Counted) -> Void, whole: () -> Void) {
    guard index < followers.count else { return whole() }
    followers[index].withCounted { counted in
      each(index, &counted)
      withAll(index + 1, each, whole: whole)
    }
  }

  private func save(
    _ snapshot: SpanMetricsSnapshot, _ total: inout Total, round: UInt32, isRound: Bool, _ graph: [UInt8]
  ) throws(StateError) {
    guard let store else { return }
    let state = SavedState(
      round: round, isRound: isRound, time: total.time, started: total.started, inputs: total.positions)
    try graph.withByteView { (view) throws(StateError) in try store.save(state, snapshot, view) }
  }

  /// A switch that threads look at.
  private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
  }

  /// `@unchecked Sendable`: only the thread that calls `start` and `stop` uses the handle.
  private struct UncheckedHandle: @unchecked Sendable {
    let handle: ThreadHandle
    init(_ handle: ThreadHandle) { self.handle = handle }
  }
}
