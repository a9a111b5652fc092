import OTLP
import Platform

/// A message that is not read yet.
struct RawMessage: WireMessage {
  let bytes: ByteView

  @inline(__always)
  init(_ message: ByteView) { bytes = message }
}

/// Tests every span on its own, on one thread: finds the traces that can pass, or counts the spans that do.
///
/// `@unchecked Sendable`: one thread at a time uses it, first its own and, once all have ended, the one that merges.
final class FirstPass: @unchecked Sendable {
  /// What is known of a trace after this pass.
  struct Candidate {
    /// Which leaves some span of it matched.
    var mask: UInt64
    /// Start of the earliest span that was noted, in ns since 1970.
    var start: UInt64
    /// End of the latest one, in ns since 1970.
    var end: UInt64

    /// The duration of the trace, if all its spans were noted.
    var duration: Int { end > start ? Int(clamping: end - start) : 0 }
  }

  private let plan: Plan
  private let evaluator: Evaluator
  private let reader: SlotReader
  /// The series of each pipeline of a metrics query that needs no traces.
  private(set) var series: [SpanAggregator?]
  /// Whether traces are looked for, so that the input has to be kept.
  let findsTraces: Bool
  /// Whether also traces of which no span matched anything are candidates.
  private let takesAllTraces: Bool
  /// Whether every span is noted, so that the duration of each trace is known.
  let notesAll: Bool
  private(set) var traces = KeyTable()
  private(set) var candidates: ContiguousArray<Candidate> = []
  private var alive: ContiguousArray<Int> = []
  let kept = KeptRequests()

  /// - Parameter series: where the spans of each pipeline are counted; nil for pipelines that need traces.
  init(_ plan: Plan, series: [SpanAggregator?]) {
    self.plan = plan
    self.series = series
    evaluator = Evaluator(plan.program)
    reader = SlotReader(plan.program)
    findsTraces = series.contains { $0 == nil } || series.isEmpty
    takesAllTraces =
      findsTraces
      && zip(plan.pipelines.indices, plan.pipelines).contains { index, pipeline in
        (index >= series.count || series[index] == nil) && pipeline.necessary.holds(0)
      }
    notesAll = takesAllTraces || findsTraces && plan.readsDuration
  }

  /// Whether a regular expression was given up on a value.
  var reachedRegexLimit: Bool { evaluator.reachedRegexLimit }

  /// Tests the spans of a request.
  func consume(_ request: ByteView) throws(WireError) {
    var resources = RequestView(request).resourceSpans
    while let resource = try resources.next() {
      try reader.enter(resource: resource.resource)
      guard try anyAlive() else { continue }
      var scopes = resource.scopeSpans
      while let scope = try scopes.next() {
        try reader.enter(scope: scope.scope)
        guard try anyAlive() else { continue }
        var spans = RepeatedField<RawMessage>(scope.bytes, field: 2)
        while let span = try spans.next() { try consume(span: span.bytes) }
      }
    }
  }

  /// Finds the leaves that can still match what is known so far.
  private func anyAlive() throws(WireError) -> Bool {
    evaluator.findOpen(plan.leaves, knowing: reader.base, into: &alive)
    return !alive.isEmpty || notesAll
  }

  @inline(__always)
  private func consume(span message: ByteView) throws(WireError) {
    let header = try SpanHeader(message, needsStatus: reader.needsStatus)
    let slots = evaluator.slots
    reader.fillHeader(header, into: slots)
    var mask: UInt64 = 0
    var pending: UInt64 = 0
    for index in alive {
      let value = evaluator.evaluate(plan.leaves[index])
      if value.isTrue { mask |= 1 << UInt64(min(index, 63)) }
      if value.isUnknown { pending |= 1 << UInt64(min(index, 63)) }
    }
    var hasAttributes = !reader.needsAttributes
    if pending != 0 {
      if !hasAttributes {
        try reader.fillAttributes(header, into: slots)
        hasAttributes = true
        for index in alive where pending >> UInt64(min(index, 63)) & 1 == 1 {
          let value = evaluator.evaluate(plan.leaves[index])
          if value.isTrue || value.isUnknown { mask |= 1 << UInt64(min(index, 63)) }
        }
      } else {
        mask |= pending
      }
    }
    if plan.rootLeaves != 0, SpanRecord.number(header.parentID) != 0 { mask &= ~plan.rootLeaves }
    if mask != 0, !series.isEmpty {
      for (index, aggregator) in series.enumerated() {
        guard let aggregator, plan.pipelines[index].necessary.holds(mask) else { continue }
        if !hasAttributes, aggregator.reads.contains(where: { slots[$0].isUnknown }) {
          try reader.fillAttributes(header, into: slots)
          hasAttributes = true
        }
        if let condition = plan.pipelines[index].condition, !evaluator.elementSlots.isEmpty {
          observe(aggregator, header, condition, slots)
        } else {
          aggregator.observe(header, slots, evaluator)
        }
      }
    }
    if findsTraces, mask != 0 || notesAll { note(header, mask) }
    if reader.usesArena { reader.arena.removeAll() }
  }

  /// Counts a span by the events and links that made it pass.
  private func observe(
    _ aggregator: SpanAggregator, _ header: SpanHeader, _ condition: Int32, _ slots: UnsafeMutablePointer<Value>
  ) {
    let all = evaluator.elementSlots.map { slots[$0.slot] }
    var marks = [ElementSet](repeating: .none, count: all.count)
    marks.withUnsafeMutableBufferPointer { marks in
      guard let marks = marks.baseAddress else { return }
      evaluator.mark(condition, into: marks)
      evaluator.narrow(slots, to: marks, reader.arena)
    }
    aggregator.observe(header, slots, evaluator)
    // Another pipeline may ask for other ones.
    for (known, value) in zip(evaluator.elementSlots, all) { slots[known.slot] = value }
  }

  private func note(_ header: SpanHeader, _ mask: UInt64) {
    let (index, inserted) = traces.insert(header.traceID)
    if inserted {
      candidates.append(Candidate(mask: mask, start: header.start, end: header.end))
    } else {
      candidates[index].mask |= mask
      if header.start < candidates[index].start { candidates[index].start = header.start }
      if header.end > candidates[index].end { candidates[index].end = header.end }
    }
  }
}
