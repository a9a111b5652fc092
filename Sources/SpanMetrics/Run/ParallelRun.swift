import OTLP
import Platform
import Synchronization
public import TraceFormats

/// What came of reading an input to its end.
public struct RunOutcome {
  /// Everything that was counted.
  public let aggregator: Aggregator
  /// Bad records passed over, and the first of them.
  public let skipped: Int
  public let firstSkipped: InputError?
  /// The same counts apart by when spans ended, where that was asked for; oldest first.
  public var steps: [TimeStep] = []
}

/// What ended in one stretch of time.
public struct TimeStep {
  /// The end of the stretch.
  let end: Timestamp
  let aggregator: Aggregator
}

/// Reads an input to its end on several threads.
public enum ParallelRun {
  /// Counts all spans of `input`. Each thread takes chunks, decodes and counts them by itself; at the end the counts
  /// are added up. Without `skipsBad` the first bad record, in the order of the input, is thrown.
  /// With `step`, spans are also counted apart by when they ended.
  public static func run(
    _ input: TraceInput, _ configuration: SpanMetricsConfiguration, threads: Int, skipsBad: Bool = false,
    step: Duration? = nil
  ) throws(RunError) -> RunOutcome {
    let graph = ServiceGraph(configuration)
    let shared = Shared()
    let total: Aggregator
    do throws(ConfigurationError) { total = try Aggregator(configuration, graph: graph) } catch {
      throw .configuration(error)
    }
    func counts() -> SteppedCounts? { step.map { SteppedCounts(configuration, graph, step: $0) } }
    let all = [Worker(total, counts())] + (1..<max(1, threads)).map { _ in Worker(nil, counts()) }
    inParallel(all.count) { index in
      // Made on its own thread, an aggregator shares no cache line with another's.
      all[index].start { try? Aggregator(configuration, graph: graph) }
      all[index].run(input, shared, skipsBad: skipsBad)
    }
    if let failure = shared.failure { throw .input(failure) }
    for worker in all.dropFirst() { if let counted = worker.aggregator { total.merge(counted) } }
    var steps: [TimeStep] = []
    if let stepped = all[0].steps {
      for worker in all.dropFirst() { if let others = worker.steps { stepped.merge(others) } }
      steps = try stepped.finish(into: total)
    }
    return RunOutcome(
      aggregator: total, skipped: all.reduce(0) { $0 + $1.skipped },
      firstSkipped: all.compactMap(\.firstSkipped).min { $0.place < $1.place }.map(\.error), steps: steps)
  }

  /// What the threads tell each other.
  private final class Shared: Sendable {
    private let isStopped = Atomic<Bool>(false)
    private let first = Monitor<(index: Int, error: InputError)?>(nil)

    var shouldStop: Bool { isStopped.load(ordering: .relaxed) }
    var failure: InputError? { first.withLock { $0?.error } }

    /// Notes an error at chunk `index` and stops the run. Chunks are taken in order and finished once taken, so that
    /// the earliest error is found whichever thread meets one first.
    func fail(_ error: InputError, at index: Int) {
      first.withLock { if index < $0?.index ?? .max { $0 = (index, error) } }
      isStopped.store(true, ordering: .relaxed)
    }
  }

  /// One thread's share.
  ///
  /// `@unchecked Sendable`: only the thread that runs it touches it, until `inParallel` has joined all threads.
  private final class Worker: @unchecked Sendable {
    private(set) var aggregator: Aggregator?
    private(set) var skipped = 0
    private(set) var firstSkipped: (place: Int, error: InputError)?

    let steps: SteppedCounts?

    init(_ aggregator: Aggregator?, _ steps: SteppedCounts?) {
      self.aggregator = aggregator
      self.steps = steps
    }

    /// Makes the aggregator unless it is there. That cannot fail: the configuration was accepted before.
    func start(_ make: () -> Aggregator?) {
      if aggregator == nil { aggregator = make() }
    }

    func run(_ input: TraceInput, _ shared: Shared, skipsBad: Bool) {
      guard let aggregator else { return }
      var decoder = TraceDecoder(skipsBad: skipsBad)
      var index = 0
      do throws(InputError) {
        while !shared.shouldStop, let chunk = try input.next() {
          index = chunk.index
          try decoder.forEachRequest(in: chunk) { (request) throws(WireError) in
            if let steps { try steps.consume(request) } else { try aggregator.consume(request) }
          }
          if firstSkipped == nil, let error = decoder.firstSkipped { firstSkipped = (index, error) }
          index += 1
        }
      } catch {
        shared.fail(error, at: error.place(orElse: index))
      }
      skipped = decoder.skipped
    }
  }
}

/// Why a run ended without a result.
public enum RunError: Error, CustomStringConvertible {
  case configuration(ConfigurationError)
  case input(InputError)
  case state(StateError)

  public var description: String {
    switch self {
    case .configuration(let error): error.description
    case .input(let error): error.description
    case .state(let error): error.description
    }
  }
}
