import OTLP
public import Platform
public import Relay
public import TraceQL

/// Tail sampling by a policy, as a stage of the relay.
///
/// Spans wait, copied out of their requests, with the others of their trace in one of some shards, each behind a lock of
/// its own. Rules that are decided by single spans are put to each span as it comes, all in one reading; others to whole
/// traces, by the engine that answers `ongrid traceql`, some hundred traces at a time. A trace is judged when it has
/// rested, when its verdict is certain, or when the memory is full: then those that have rested for longest go first. The
/// verdict is remembered, in memory of a fixed size, for spans that come late.
///
/// Rows of a queue directory are only counted here: a row is settled once all traces that it has spans of are judged.
public final class TraceSampler: TraceStage {
  public struct Settings: Sendable {
    /// How long nothing has come of a trace when it is judged.
    public var settle: Duration = .seconds(10)
    /// The most bytes of memory for spans that wait.
    public var memory = 64 << 20
    /// The most bytes of requests on disk that have spans that wait.
    public var disk = 256 << 20
    /// How large the requests may be that go on.
    public var batchItems = 8192
    public var batchBytes = 4 << 20
    /// Whether rates count by the times of spans rather than by a clock: for recordings.
    public var isRecording = false

    public init() {}
  }

  let policy: CompiledPolicy
  let settings: Settings
  let counters: SamplerCounters
  let shards: [TraceShard]
  private let rows = OpenRows()
  private let readers = Monitor<[SampledSpanReader]>([])
  private let log: Log
  /// Hears of each verdict, under the lock of the trace's shard.
  private let observer: (@Sendable (OpenTrace, Verdict) -> Void)?
  private let judgesSpans: Bool
  private let lastNote = Monitor<Int64?>(nil)
  private static let noteInterval = 60 * Nanoseconds.perSecond

  private static let shardBits: UInt64 = 3
  /// Verdicts remembered: four for each.
  private static let buckets = 1 << 17
  /// Traces judged at once.
  private static let batch = 128

  public convenience init(_ policy: Policy, _ settings: Settings = Settings(), log: Log) throws(EngineError) {
    try self.init(policy, settings, log: log, observer: nil)
  }

  init(
    _ policy: Policy, _ settings: Settings, log: Log, observer: (@Sendable (OpenTrace, Verdict) -> Void)?
  ) throws(EngineError) {
    self.policy = try CompiledPolicy(policy)
    self.observer = observer
    judgesSpans = self.policy.judgesSpans && observer == nil
    self.settings = settings
    self.log = log
    counters = SamplerCounters(self.policy)
    let count = 1 << Int(TraceSampler.shardBits)
    shards = (0..<count).map { _ in TraceShard(buckets: TraceSampler.buckets / count) }
  }

  public var undecided: StageDepth { StageDepth(items: counters.openSpans.value, bytes: counters.held.value) }
  public var droppedItems: Int { counters.droppedSpans.value }
  public var metrics: [StageMetric] { counters.metrics }

  // MARK: Taking

  public func take(_ request: ByteView, row: Int64?, now: Int64) -> StageOutcome {
    withReader { reader in
      if judgesSpans {
        pass(request, reader)
        if let row { reader.settledRows.append(row) }
        return
      }
      receive(request, row, now, reader, skipsJudged: false, judges: true)
      makeRoom(now, reader)
    }
  }

  public func takeAgain(_ request: ByteView, row: Int64, isSettled: Bool, now: Int64) -> StageOutcome {
    if judgesSpans { return take(request, row: row, now: now) }
    // Until all rows have been taken again every verdict that is known is one from before.
    return withReader { receive(request, row, now, $0, skipsJudged: isSettled, judges: false) }
  }

  public func remember(_ verdicts: ByteView) {
    SampledSpanReader.forEachVerdict(verdicts) { key, verdict in
      let hash = key.hashed
      let shard = shards[TraceSampler.shard(hash)]
      shard.lock.withLock { _ in shard.memory.add(hash, verdict) }
    }
  }

  private func withReader(_ body: (SampledSpanReader) -> Void) -> StageOutcome {
    let reader = readers.withLock { pool in
      pool.popLast()
        ?? SampledSpanReader(policy.filters, shards: shards.count, held: counters.held, settings)
    }
    body(reader)
    let outcome = reader.takeOutcome()
    readers.withLock { $0.append(reader) }
    return outcome
  }

  private static func shard(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> (64 - shardBits)) }

  /// Judges each span by itself.
  private func pass(_ request: ByteView, _ reader: SampledSpanReader) {
    let threshold = policy.fixedThreshold
    attempt(request, reader) { span, header, mask in
      counters.seen.add(traces: 0, spans: 1, bytes: span.bytes.count)
      if let rule = policy.drops(span: mask) { return drop(1, span.bytes.count, traces: 0, .dropped(rule: rule)) }
      guard let threshold else {
        counters.others.add(traces: 0, spans: 1, bytes: span.bytes.count)
        return reader.kept.append(span.bytes, under: reader.headers[header])
      }
      let state = SamplingState((try? TraceState.of(span.bytes)) ?? .empty)
      let randomness = state?.randomness ?? SamplingState.randomness(ofTrace: span.traceID)
      guard randomness >= max(threshold, state?.threshold ?? 0) else {
        return drop(1, span.bytes.count, traces: 0, .dropped(rule: nil))
      }
      counters.sampled.add(traces: 0, spans: 1, bytes: span.bytes.count)
      reader.kept.append(span.bytes, under: reader.headers[header], threshold: threshold)
    }
  }

  /// Reads a request, which the receiver has walked before: nothing in it is left that could not be read here.
  private func attempt(
    _ request: ByteView, _ reader: SampledSpanReader, _ body: (EncodedMessage, Int, UInt64) -> Void
  ) {
    do throws(WireError) {
      try reader.forEachSpan(in: request, unreadable: counters.failures, body)
    } catch {
      counters.failures.add(1)
      log.error("spans could not be read and are lost: \(error)")
    }
  }

  /// Puts the spans of a request to the others of their traces.
  private func receive(
    _ request: ByteView, _ row: Int64?, _ now: Int64, _ reader: SampledSpanReader, skipsJudged: Bool, judges: Bool
  ) {
    if let row { rows.begin(row, bytes: request.count) }
    attempt(request, reader) { span, header, mask in
      if !skipsJudged { counters.seen.add(traces: 0, spans: 1, bytes: span.bytes.count) }
      if mask != 0, let rule = policy.drops(span: mask) {
        if !skipsJudged { drop(1, span.bytes.count, traces: 0, .dropped(rule: rule)) }
        return
      }
      let key = TraceKey(span.traceID)
      let hash = key.hashed
      reader.add(
        SampledSpanReader.Arrival(key: key, hash: hash, span: span.bytes, header: header, mask: mask),
        shard: TraceSampler.shard(hash))
    }
    for index in shards.indices where !reader.arrivals[index].isEmpty {
      let shard = shards[index]
      shard.lock.withLock { _ in
        receive(reader.arrivals[index][...], row, now, reader, shard, skipsJudged: skipsJudged, judges: judges)
      }
      reader.clear(shard: index)
    }
    if let row, rows.release(row) { reader.settledRows.append(row) }
  }

  /// The arrivals of one shard, under its lock: those of a trace mostly follow each other.
  private func receive(
    _ arrivals: ArraySlice<SampledSpanReader.Arrival>, _ row: Int64?, _ now: Int64, _ reader: SampledSpanReader,
    _ shard: TraceShard, skipsJudged: Bool, judges: Bool
  ) {
    var rest = arrivals
    while let first = rest.first {
      let run = rest.prefix { $0.key == first.key }
      rest = rest[run.endIndex...]
      let known = shard.trace(first.key)
      if known == nil, let verdict = shard.memory.find(first.hash) {
        if !skipsJudged { follow(verdict, run, row, reader) }
        continue
      }
      let trace = known ?? OpenTrace(first.key, room: run.reduce(0) { $0 + $1.span.count + 8 }, now: now)
      if known == nil {
        shard.open(trace)
        counters.openTraces.add(1)
        counters.seen.traces.add(1)
      } else {
        shard.touch(trace, now: now)
      }
      let before = known == nil ? 0 : trace.size
      for arrival in run {
        trace.mask |= arrival.mask
        trace.append(arrival.span, under: reader.headers[arrival.header])
      }
      if let row, trace.note(row: row) { rows.hold(row) }
      counters.openSpans.add(run.count)
      counters.held.add(trace.size - before)
      guard judges else { continue }
      if decidesEarly, let verdict = policy.certain(trace.mask, now: now) {
        counters.certain.add(1)
        shard.remove(trace)
        settle(trace, verdict, reader, shard)
      } else if trace.size > settings.memory / 8 {
        // One trace must not push all others out.
        counters.crowdedOut.add(1)
        shard.remove(trace)
        judge([trace], now, reader, shard)
      }
    }
  }

  /// Where rates count by the times of spans, traces have to be judged in order.
  private var decidesEarly: Bool { !settings.isRecording || !policy.hasRates }

  /// Does with spans what was done with their trace.
  private func follow(
    _ verdict: Verdict, _ run: ArraySlice<SampledSpanReader.Arrival>, _ row: Int64?, _ reader: SampledSpanReader
  ) {
    guard let first = run.first else { return }
    let bytes = run.reduce(0) { $0 + $1.span.count }
    switch verdict {
    case .dropped:
      counters.lateDropped.add(run.count)
      drop(run.count, bytes, traces: 0, verdict)
    case .kept:
      counters.lateKept.add(run.count)
      counters.tally(of: verdict).add(traces: 0, spans: run.count, bytes: bytes)
      for arrival in run { reader.kept.append(arrival.span, under: reader.headers[arrival.header]) }
    case .sampled(let threshold):
      counters.lateSampled.add(run.count)
      counters.sampled.add(traces: 0, spans: run.count, bytes: bytes)
      for arrival in run {
        reader.kept.append(arrival.span, under: reader.headers[arrival.header], threshold: threshold)
      }
    }
    // The row may stay for the sake of other traces, and outlive the verdict's first note.
    if row != nil { reader.note(first.key, verdict) }
  }

  private func drop(_ spans: Int, _ bytes: Int, traces: Int, _ verdict: Verdict) {
    counters.droppedSpans.add(spans)
    counters.tally(of: verdict).add(traces: traces, spans: spans, bytes: bytes)
  }

  // MARK: Judging

  public func judge(now: Int64, all: Bool) -> StageOutcome {
    if judgesSpans { return StageOutcome() }
    return withReader { reader in
      let limit = all ? .max : now.subtractingSaturating(settings.settle.nanoseconds)
      for shard in shards {
        var isMore = true
        while isMore {
          shard.lock.withLock { _ in
            let rested = shard.takeRested(before: limit, count: TraceSampler.batch)
            isMore = rested.count == TraceSampler.batch
            judge(rested, now, reader, shard)
          }
        }
      }
      makeRoom(now, reader)
    }
  }

  private func makeRoom(_ now: Int64, _ reader: SampledSpanReader) {
    guard isCrowded else { return }
    noteCrowd(now)
    var shard = counters.crowdedOut.value / (TraceSampler.batch / 4) % shards.count
    while isCrowded, judgeOldest(from: &shard, now, reader) {}
  }

  private var isCrowded: Bool { counters.held.value > settings.memory || rows.bytes > settings.disk }

  /// Says at most once a minute that traces are judged early.
  private func noteCrowd(_ now: Int64) {
    let isDue = lastNote.withLock { last in
      if let last, now - last < TraceSampler.noteInterval { return false }
      last = now
      return true
    }
    if isDue {
      log.warn("the memory for traces that are not judged is full: those that rest for longest are judged early")
    }
  }

  /// Judges some of the traces that have rested for longest in one of the shards; `false` when there is no trace.
  private func judgeOldest(from start: inout Int, _ now: Int64, _ reader: SampledSpanReader) -> Bool {
    for _ in shards {
      let shard = shards[start]
      start = (start + 1) % shards.count
      let count = shard.lock.withLock { _ in
        let oldest = shard.takeRested(before: .max, count: TraceSampler.batch / 4)
        counters.crowdedOut.add(oldest.count)
        judge(oldest, now, reader, shard)
        return oldest.count
      }
      if count > 0 { return true }
    }
    return false
  }

  /// Judges traces that have been taken out of their shard, whose lock is held.
  private func judge(_ traces: [OpenTrace], _ now: Int64, _ reader: SampledSpanReader, _ shard: TraceShard) {
    if traces.isEmpty { return }
    let found = search(traces)
    for trace in traces {
      let clock = settings.isRecording ? trace.end : now
      let verdict = policy.judge(
        trace.mask, now: clock, found: { found[$0]?.contains(trace.key) ?? false }, chance: { trace.chance })
      settle(trace, verdict, reader, shard)
    }
  }

  /// The traces that each rule finds which needs them whole.
  private func search(_ traces: [OpenTrace]) -> [Int: Set<TraceKey>] {
    if policy.searches.isEmpty { return [:] }
    let request = TraceSampler.request(of: traces)
    var found: [Int: Set<TraceKey>] = [:]
    for rule in policy.searches {
      guard case .search(let search) = policy.rules[rule].decision else { continue }
      var keys: Set<TraceKey> = []
      var failure = search.forEachMatch(in: request) { keys.insert(TraceKey($0)) }
      if case .unreadable = failure, traces.count > 1 {
        // One that cannot be read must not count for the others.
        for trace in traces {
          let alone = search.forEachMatch(in: TraceSampler.request(of: [trace])) { keys.insert(TraceKey($0)) }
          failure = alone ?? failure
        }
      }
      if let failure {
        counters.failures.add(1)
        log.debug("a rule could not be put to some traces: \(failure)")
      }
      found[rule] = keys
    }
    return found
  }

  private static func request(of traces: [OpenTrace]) -> OwnedBytes {
    var builder = RequestBuilder(maxItems: .max, maxBytes: .max)
    for trace in traces { trace.forEachSpan { builder.append($0, under: $1) } }
    return builder.take().first?.request ?? OwnedBytes(ByteBuffer())
  }

  /// Does what the verdict says, and remembers it.
  private func settle(_ trace: OpenTrace, _ verdict: Verdict, _ reader: SampledSpanReader, _ shard: TraceShard) {
    switch verdict {
    case .dropped: drop(trace.count, trace.spanBytes, traces: 1, verdict)
    case .kept:
      counters.tally(of: verdict).add(traces: 1, spans: trace.count, bytes: trace.spanBytes)
      trace.forEachSpan { reader.kept.append($0, under: $1) }
    case .sampled(let threshold):
      counters.sampled.add(traces: 1, spans: trace.count, bytes: trace.spanBytes)
      trace.forEachSpan { reader.kept.append($0, under: $1, threshold: threshold) }
    }
    observer?(trace, verdict)
    shard.memory.add(trace.key.hashed, verdict)
    if !trace.rows.isEmpty { reader.note(trace.key, verdict) }
    for row in trace.rows where rows.release(row) { reader.settledRows.append(row) }
    counters.openTraces.subtract(1)
    counters.openSpans.subtract(trace.count)
    counters.held.subtract(trace.size)
  }
}

extension OpenTrace {
  /// The random value of the trace and the greatest threshold of its spans.
  var chance: (randomness: UInt64, threshold: UInt64) {
    var chance = TraceState.Chance()
    forEachSpan { span, _ in chance.add(span) }
    let own = UInt64(truncatingIfNeeded: key.id) & (SamplingState.range - 1)
    return (chance.randomness ?? own, chance.threshold)
  }

  /// The end of the latest span, in ns since 1970.
  var end: Int64 {
    var end: UInt64 = 0
    forEachSpan { span, _ in if let span = try? SpanView(span) { end = max(end, span.endTimeUnixNano) } }
    return Int64(clamping: end)
  }
}
