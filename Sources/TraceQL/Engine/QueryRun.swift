import OTLP
import Platform
import Synchronization
import TraceFormats

/// Drives the passes of one query over its threads.
final class QueryRun {
  private let plan: Plan
  private let options: LocalEngine.Options
  private let control: QueryControl
  private let threads: Int
  /// How many bytes of trace data were looked at.
  private(set) var inspectedBytes = 0
  /// Bad records passed over.
  private(set) var skipped = 0

  init(_ plan: Plan, _ options: LocalEngine.Options) {
    self.plan = plan
    self.options = options
    control = QueryControl(memoryLimit: options.memoryLimit)
    threads = max(1, options.threads)
  }

  // MARK: All passes

  /// Runs a search's pipeline over the traces of a source that can pass; each thread has a collector of its own.
  ///
  /// - Parameter limit: The most traces that are wanted, the latest; 0 for all.
  func collect<Collector: TraceCollector>(
    _ source: TraceSource, limit: Int = 0,
    _ make: (GroupedSpans, ChosenTraces) throws(EngineError) -> Collector
  ) throws(EngineError) -> [Collector] {
    try collect(after: firstPass(source) { () throws(EngineError) in [nil] }, limit: limit, make)
  }

  /// The same after a first pass that has counted what needs no traces.
  func collect<Collector: TraceCollector>(
    after passes: [FirstPass], limit: Int = 0,
    _ make: (GroupedSpans, ChosenTraces) throws(EngineError) -> Collector
  ) throws(EngineError) -> [Collector] {
    let chosen = choose(passes, limit: limit)
    let grouped = try secondPass(passes, chosen)
    return try thirdPass(grouped, chosen) { () throws(EngineError) in try make(grouped, chosen) }
  }

  private func check() throws(EngineError) {
    if let failure = control.failure { throw failure }
  }

  // MARK: First pass

  /// Reads the source once. `series` makes, for one thread, what counts the spans of each pipeline.
  func firstPass(
    _ source: TraceSource, _ series: () throws(EngineError) -> [SpanAggregator?]
  ) throws(EngineError) -> [FirstPass] {
    var passes: [FirstPass] = []
    for _ in 0..<threads { passes.append(FirstPass(plan, series: try series())) }
    let (all, control, skipsBad) = (passes, control, options.skipsBad)
    let counters = Counters()
    switch source {
    case .input(let input):
      inParallel(threads) { thread in QueryRun.read(input, all[thread], control, skipsBad, counters) }
    case .memory(let bytes): QueryRun.read(bytes, all[0], control, counters)
    }
    try check()
    if all.contains(where: \.reachedRegexLimit) { throw .regexLimit }
    inspectedBytes = counters.bytes.load(ordering: .relaxed)
    skipped = counters.skipped.load(ordering: .relaxed)
    return passes
  }

  private final class Counters: Sendable {
    let bytes = Atomic<Int>(0)
    let skipped = Atomic<Int>(0)
  }

  private static func read(
    _ input: TraceInput, _ pass: FirstPass, _ control: QueryControl, _ skipsBad: Bool, _ counters: Counters
  ) {
    var decoder = TraceDecoder(skipsBad: skipsBad)
    var index = 0
    do throws(InputError) {
      while !control.shouldStop, let chunk = try input.next() {
        index = chunk.index
        counters.bytes.add(chunk.count, ordering: .relaxed)
        try decoder.forEachRequest(in: chunk) { (request) throws(WireError) in
          try pass.consume(
            pass.findsTraces ? pass.kept.keep(request, of: chunk) { control.holdOrFail($0) } : request.bytes)
        }
        index += 1
      }
    } catch {
      control.fail(.input(error), at: error.place(orElse: index))
    }
    counters.skipped.add(decoder.skipped, ordering: .relaxed)
  }

  private static func read(_ bytes: [UInt8], _ pass: FirstPass, _ control: QueryControl, _ counters: Counters) {
    var copy = ByteBuffer(capacity: bytes.count)
    copy.append(bytes)
    counters.bytes.add(bytes.count, ordering: .relaxed)
    do throws(WireError) { try pass.consume(pass.kept.keep(OwnedBytes(copy))) } catch {
      control.fail(.input(InputError("the answer", .whole, error.description)))
    }
  }

  // MARK: Second pass

  /// The traces that can pass, at most `limit` (0 for all) where the first pass settles which do.
  func choose(_ passes: [FirstPass], limit: Int) -> ChosenTraces {
    var merged = KeyTable()
    var candidates: ContiguousArray<FirstPass.Candidate> = []
    for pass in passes {
      for index in 0..<pass.traces.count {
        let candidate = pass.candidates[index]
        let (place, inserted) = merged.insert(pass.traces.key(index))
        if inserted {
          candidates.append(candidate)
        } else {
          candidates[place].mask |= candidate.mask
          candidates[place].start = min(candidates[place].start, candidate.start)
          candidates[place].end = max(candidates[place].end, candidate.end)
        }
      }
    }
    // Pipelines of single spans have been counted already, unless this is a search.
    let open = plan.pipelines.filter {
      $0.condition == nil || passes.allSatisfy { $0.series.isEmpty || $0.series[0] == nil }
    }
    let knowsDurations = passes.allSatisfy(\.notesAll)
    var chosen = candidates.indices.filter { index in
      let candidate = candidates[index]
      return open.contains {
        $0.necessary.holds(candidate.mask, duration: knowsDurations ? candidate.duration : nil)
      }
    }
    if limit > 0, chosen.count > limit, plan.needsNoTraces {
      chosen.sort { candidates[$0].start > candidates[$1].start }
      chosen.removeLast(chosen.count - limit)
    }
    if chosen.count == merged.count { return ChosenTraces(merged) }
    var keys = KeyTable()
    for index in chosen { _ = keys.insert(merged.key(index)) }
    return ChosenTraces(keys)
  }

  /// Collects the spans of the chosen traces.
  func secondPass(_ passes: [FirstPass], _ chosen: ChosenTraces) throws(EngineError) -> GroupedSpans {
    let control = control
    let collectors = passes.map { _ in SecondPass(chosen, control) }
    if chosen.count > 0 {
      inParallel(passes.count) { thread in
        do throws(EngineError) {
          for request in passes[thread].kept.requests where !control.shouldStop {
            try collectors[thread].consume(request)
          }
          for place in passes[thread].kept.places where !control.shouldStop {
            try collectors[thread].consume(place.requests, of: place.chunk)
          }
        } catch {
          control.fail(error)
        }
      }
    }
    try check()
    return GroupedSpans(collectors, traces: chosen.count, kept: passes.map(\.kept))
  }

  // MARK: Third pass

  /// Runs the pipelines over the traces, each thread with a collector of its own.
  private func thirdPass<Collector: TraceCollector>(
    _ grouped: GroupedSpans, _ chosen: ChosenTraces, _ make: () throws(EngineError) -> Collector
  ) throws(EngineError) -> [Collector] {
    var collectors: [Collector] = []
    for _ in 0..<threads { collectors.append(try make()) }
    let (all, control, count, threads) = (collectors, control, chosen.count, threads)
    inParallel(threads) { thread in
      do throws(EngineError) {
        for trace in (count * thread / threads)..<(count * (thread + 1) / threads) where !control.shouldStop {
          try all[thread].collect(trace)
        }
      } catch {
        control.fail(error)
      }
    }
    try check()
    if all.contains(where: \.reachedRegexLimit) { throw .regexLimit }
    return collectors
  }
}

/// What takes in one trace after the other, on one thread.
protocol TraceCollector: AnyObject, Sendable {
  /// Whether a regular expression was given up on a value.
  var reachedRegexLimit: Bool { get }
  func collect(_ trace: Int) throws(EngineError)
}
