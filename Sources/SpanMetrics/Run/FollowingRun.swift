public import OTLP
import Platform
import Synchronization

/// Reads inputs that do not end, one thread each, and keeps what they add up to.
///
/// `start`, `wait`, `finishRound` and `stop` are called by one thread; `requestStop` and `withSnapshot` by any.
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
  public struct Round {
    /// Numbered from 1.
    public let number: UInt32
    public let snapshot: SpanMetricsSnapshot
    /// What did not move for so long that it was dropped; the snapshot has it no more.
    public let staleSeries: [SpanMetricsSnapshot.Series]
    public let staleEdges: [GraphResult.Edge]
  }

  private struct Control {
    var isStopped = false
    var running = 0
    var failure: InputError?
    var skipped = 0
    var firstSkipped: InputError?
  }

  private let followers: [Follower]
  private let graph: ServiceGraph?
  private let total: Monitor<Aggregator>
  private let control = Monitor(Control())
  private let stopFlag = Flag()
  private let threads = Monitor<[UncheckedHandle]>([])

  /// How long an end of a call waits for the other, ns.
  private let edgeWait: Int64

  public init(
    _ paths: [String], _ options: TraceInputOptions, _ configuration: SpanMetricsConfiguration, skipsBad: Bool = false
  ) throws(RunError) {
    let paths = paths.isEmpty ? ["-"] : paths
    let graph = ServiceGraph(configuration)
    self.graph = graph
    edgeWait = configuration.serviceGraph?.wait.nanoseconds ?? 0
    var followers: [Follower] = []
    do throws(ConfigurationError) {
      for path in paths {
        followers.append(try Follower(path, options, configuration, graph: graph, skipsBad: skipsBad))
      }
      total = Monitor(try Aggregator(configuration, graph: graph))
    } catch { throw .configuration(error) }
    self.followers = followers
    // What cannot be opened is said now, before anything is written.
    let present = paths.filter { !Self.isExpected($0) }
    do throws(InputError) { _ = try TraceInput(present, options: options) } catch { throw .input(error) }
  }

  /// Whether a file is not there yet in a directory that is: it is waited for.
  private static func isExpected(_ path: String) -> Bool {
    if path == "-" || (try? FileStatus.of(path)) != nil { return false }
    let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    return (try? FileStatus.of(directory))?.isDirectory == true
  }

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

  /// Ends the current round: calls `body` with everything counted up to now.
  ///
  /// - Parameters:
  ///   - keptRounds: what did not move in so many rounds is dropped; 0 keeps everything.
  ///   - isFinal: nothing more will come.
  public func finishRound<Failure: Error>(
    keptRounds: UInt32, isFinal: Bool = false, _ body: (Round) throws(Failure) -> Void
  ) throws(Failure) {
    try total.withLock { (total) throws(Failure) in
      let number = total.round
      fold(into: total, next: number + 1)
      let kept = keptRounds > 0 && number > keptRounds ? number - keptRounds : 0
      var stale: [SpanMetricsSnapshot.Series] = []
      if kept > 0 {
        SpanMetricsSnapshot(total, graph: nil).forEachSeries {
          if $0.rounds.upperBound < UInt64(kept) { stale.append($0) }
        }
        if !stale.isEmpty { total = total.keepingSeries(movedSince: kept) }
      }
      graph?.expire(before: Timestamp.now.nanoseconds - edgeWait)
      let edges = graph?.finishRound(next: number + 1, keepingEdgesSince: kept, isFinal: isFinal)
      total.round = number + 1
      try body(
        Round(
          number: number, snapshot: SpanMetricsSnapshot(total, graph: edges?.result), staleSeries: stale,
          staleEdges: edges?.stale ?? []))
    }
  }

  /// Calls `body` with everything counted up to now, within the current round. Nil when a round is being written for
  /// longer than a second: that may take as long as the receiver's retries.
  public func withSnapshot<Result, Failure: Error>(
    _ body: (SpanMetricsSnapshot) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    let deadline = monotonicNanoseconds() + 1_000_000_000
    repeat {
      let result = try total.withLockIfAvailable { (total) throws(Failure) in
        fold(into: total, next: total.round)
        graph?.expire(before: Timestamp.now.nanoseconds - edgeWait)
        return try body(SpanMetricsSnapshot(total, graph: graph?.result(isFinal: false)))
      }
      if let result { return result }
      pause(milliseconds: 10)
    } while monotonicNanoseconds() < deadline
    return nil
  }

  private func fold(into total: Aggregator, next round: UInt32) {
    for follower in followers {
      // The configuration was accepted when the run was made.
      if let counted = try? follower.take(next: round) { total.merge(counted) }
    }
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
