import OTLP
import Platform
import Traces

/// Some spans of one trace, by number.
struct Spanset {
  var spans: [Int32]
  /// What grouping and aggregating said of them.
  var attributes: [(name: String, value: ResultValue)] = []
}

/// Puts traces together and runs pipelines over them, on one thread, one trace at a time.
///
/// Invariant: `memory` holds room for `capacity` spans of `slotCount` values each and is owned. The values of span `i`
/// begin at `i * slotCount`.
final class TraceEvaluator {
  private let plan: Plan
  private let grouped: GroupedSpans
  private let evaluator: Evaluator
  private let reader: SlotReader
  private var memory: UnsafeMutablePointer<Value>
  private var capacity = 0
  private let slotCount: Int
  private(set) var tree = TraceTree()
  private var links: ContiguousArray<TraceTree.Link> = []
  /// The spans of the trace, by start.
  private(set) var spans: ArraySlice<SpanRecord> = []
  /// Which events and links of each span made it pass; `elementSlots` of the evaluator for each.
  private var marks: [ElementSet] = []
  /// The slots of one span, narrowed to these.
  private let scratch: UnsafeMutablePointer<Value>
  /// The whole trace.
  private(set) var summary = TraceTotals()

  init(_ plan: Plan, _ grouped: GroupedSpans) {
    self.plan = plan
    self.grouped = grouped
    evaluator = Evaluator(plan.program)
    reader = SlotReader(plan.program)
    slotCount = max(1, plan.program.slots.count)
    memory = .allocate(capacity: 1)
    scratch = .allocate(capacity: slotCount)
  }

  deinit {
    memory.deallocate()
    scratch.deallocate()
  }

  /// Whether a regular expression was given up on a value.
  var reachedRegexLimit: Bool { evaluator.reachedRegexLimit }

  /// Makes a trace the current one.
  func load(trace: Int) {
    var records = ContiguousArray(grouped.records[grouped.bounds[trace]..<grouped.bounds[trace + 1]])
    records.sort { ($0.start, $0.spanID) < ($1.start, $1.spanID) }
    spans = ArraySlice(records)
    if plan.needsTree {
      links.removeAll(keepingCapacity: true)
      for span in spans { links.append(TraceTree.Link(id: span.spanID, parentID: span.parentID, kind: span.kind)) }
      tree.build(links)
    }
    summary = TraceTotals(spans, grouped.contexts)
    reader.arena.removeAll()
    if !evaluator.elementSlots.isEmpty {
      marks.removeAll(keepingCapacity: true)
      marks.append(contentsOf: repeatElement(.none, count: spans.count * evaluator.elementSlots.count))
    }
    if spans.count > capacity {
      memory.deallocate()
      capacity = spans.count * 2
      memory = .allocate(capacity: capacity * slotCount)
    }
    guard !plan.program.slots.isEmpty else { return }
    guard reader.readsSpans else {
      for index in spans.indices { fillFromTrace(index, memory + index * slotCount) }
      return
    }
    // Spans of one resource and scope after one another, so that each is entered once.
    let byContext = spans.indices.sorted { spans[$0].context < spans[$1].context }
    var context: Int32 = -1
    for index in byContext {
      if spans[index].context != context {
        context = spans[index].context
        let entered = grouped.contexts[Int(context)]
        // What cannot be read counts as missing.
        try? reader.enter(resource: entered.resource)
        try? reader.enter(scope: entered.scope)
      }
      fill(index, memory + index * slotCount)
    }
  }

  private func fill(_ index: Int, _ slots: UnsafeMutablePointer<Value>) {
    do throws(WireError) {
      let header = try SpanHeader(spans[index].message, needsStatus: reader.needsStatus)
      reader.fillHeader(header, into: slots)
      if reader.needsAttributes { try reader.fillAttributes(header, into: slots) }
    } catch {
      for slot in 0..<slotCount where slots[slot].isUnknown { slots[slot] = .missing }
    }
    fillFromTrace(index, slots)
  }

  /// Fills the slots that the whole trace gives.
  private func fillFromTrace(_ index: Int, _ slots: UnsafeMutablePointer<Value>) {
    for (slot, attribute) in plan.program.slots.enumerated() {
      guard case .intrinsic(let intrinsic) = attribute, intrinsic.needsTrace else { continue }
      switch intrinsic {
      case .childCount: slots[slot] = .int(Int(tree.childCount[index]))
      case .nestedSetLeft: slots[slot] = .int(Int(tree.left[index]))
      case .nestedSetRight: slots[slot] = .int(Int(tree.right[index]))
      case .nestedSetParent: slots[slot] = .int(tree.nestedParent(index))
      case .rootName: slots[slot] = .string(summary.rootName)
      case .rootServiceName: slots[slot] = .string(summary.rootService)
      default: slots[slot] = .duration(summary.duration)
      }
    }
  }

  /// Lets `body` read the slots of a span of the current trace; of its events and links, those that made it pass.
  func withSlots<Result>(of span: Int32, _ body: (UnsafeMutablePointer<Value>, Evaluator) -> Result) -> Result {
    var slots = memory + Int(span) * slotCount
    let known = evaluator.elementSlots.count
    if known > 0 {
      scratch.update(from: slots, count: slotCount)
      slots = scratch
      marks.withUnsafeMutableBufferPointer { marks in
        guard let first = marks.baseAddress else { return }
        evaluator.narrow(slots, to: first + Int(span) * known, reader.arena)
      }
    }
    evaluator.read(from: slots)
    defer { evaluator.read(from: nil) }
    return body(slots, evaluator)
  }

  /// Calls `body` with what an expression yields for a span: once, or for each event or link that made the span pass.
  private func forEachValue(_ operation: Int32, span: Int32, _ body: (Value) -> Void) {
    let elements = evaluator.elements(readBy: operation)
    if elements.isEmpty { return body(evaluate(operation, span: span)) }
    withSlots(of: span) { _, evaluator in
      evaluator.forEachElement(elements) { body(evaluator.evaluate(operation)) }
    }
  }

  /// Whether a span passes a filter; if it does, the events and links it passes by are noted.
  private func passes(_ operation: Int32, span: Int32) -> Bool {
    evaluator.read(from: memory + Int(span) * slotCount)
    defer { evaluator.read(from: nil) }
    guard evaluator.evaluate(operation).isTrue else { return false }
    let known = evaluator.elementSlots.count
    if known > 0 {
      marks.withUnsafeMutableBufferPointer { marks in
        if let first = marks.baseAddress { evaluator.mark(operation, into: first + Int(span) * known) }
      }
    }
    return true
  }

  private func evaluate(_ operation: Int32, span: Int32) -> Value {
    evaluator.read(from: memory + Int(span) * slotCount)
    defer { evaluator.read(from: nil) }
    return evaluator.evaluate(operation)
  }

  /// The service that a span is of.
  func service(of span: SpanRecord) -> ByteView { grouped.contexts[Int(span.context)].service }

  /// How many spans and errors each service of the current trace has.
  var services: [ServiceResult] { TraceTotals.services(spans, grouped.contexts) }

  /// The current trace as one OTLP request, its spans under their resources and scopes as they came.
  func encoded() -> [UInt8] {
    var request = ByteBuffer(capacity: spans.reduce(256) { $0 + $1.message.count + 8 })
    let byContext = spans.indices.sorted { (spans[$0].context, $0) < (spans[$1].context, $1) }
    var rest = byContext[...]
    while let first = rest.first {
      let context = grouped.contexts[Int(spans[first].context)]
      let members = rest.prefix { spans[$0].context == spans[first].context }
      rest = rest.dropFirst(members.count)
      request.appendField(1) { resourceSpans in
        resourceSpans.appendField(1, bytes: context.resource.bytes)
        resourceSpans.appendField(2) { scopeSpans in
          if !context.scope.bytes.isEmpty { scopeSpans.appendField(1, bytes: context.scope.bytes) }
          for member in members { scopeSpans.appendField(2, bytes: spans[member].message) }
        }
      }
    }
    return Array(request.view)
  }

  // MARK: Pipelines

  /// What a pipeline leaves of the current trace.
  func run(_ pipeline: PipelinePlan) throws(EngineError) -> [Spanset] {
    try run(pipeline.stages, [Spanset(spans: (0..<Int32(truncatingIfNeeded: spans.count)).map { $0 })])
  }

  private func run(_ stages: [CompiledStage], _ input: [Spanset]) throws(EngineError) -> [Spanset] {
    var spansets = input
    for stage in stages {
      spansets =
        switch stage {
        case .spanset(let expression): try select(expression, spansets)
        case .scalar(let function, let operand, let name, let comparison, let value):
          spansets.compactMap { aggregate($0, function, operand, name, comparison, value) }
        case .group(let operation, let name): spansets.flatMap { group($0, operation, name) }
        case .coalesce: [Spanset(spans: spansets.flatMap(\.spans).sorted())]
        }
      if spansets.isEmpty { break }
    }
    return spansets.filter { !$0.spans.isEmpty }
  }

  private func select(_ expression: CompiledSpanset, _ input: [Spanset]) throws(EngineError) -> [Spanset] {
    switch expression {
    case .filter(let operation):
      return input.compactMap { spanset in
        var kept = spanset
        kept.spans = spanset.spans.filter { passes(operation, span: $0) }
        return kept.spans.isEmpty ? nil : kept
      }
    case .pipeline(let stages): return try run(stages, input)
    case .operation(let spansetOperator, let left, let right):
      var output: [Spanset] = []
      for spanset in input {
        let onLeft = try select(left, [spanset])
        let onRight = try select(right, [spanset])
        var joined = spanset
        switch spansetOperator {
        case .and where onLeft.isEmpty || onRight.isEmpty: continue
        case .and, .or: break
        default:
          if onRight.isEmpty { continue }
          guard onLeft.count <= 1, onRight.count <= 1 else { throw .severalSpansets }
        }
        joined.spans = Structure(tree: tree, count: spans.count).join(
          spansetOperator, merged(onLeft), merged(onRight))
        if !joined.spans.isEmpty { output.append(joined) }
      }
      return output
    }
  }

  private func merged(_ spansets: [Spanset]) -> [Int32] {
    spansets.count == 1 ? spansets[0].spans : Set(spansets.flatMap(\.spans)).sorted()
  }

  private func group(_ spanset: Spanset, _ operation: Int32, _ name: String) -> [Spanset] {
    var groups: [Spanset] = []
    var places: [ResultValue: Int] = [:]
    for span in spanset.spans {
      forEachValue(operation, span: span) { value in
        let value = ResultValue(value)
        if let place = places[value] {
          if groups[place].spans.last != span { groups[place].spans.append(span) }
        } else {
          places[value] = groups.count
          groups.append(Spanset(spans: [span], attributes: spanset.attributes + [(name, value)]))
        }
      }
    }
    return groups
  }

  private func aggregate(
    _ spanset: Spanset, _ function: AggregateFunction, _ operand: Int32?, _ name: String,
    _ comparison: BinaryOperator, _ value: Value
  ) -> Spanset? {
    let result: Value
    if let operand {
      var accumulator = Accumulator(function)
      for span in spanset.spans { forEachValue(operand, span: span) { accumulator.add($0) } }
      result = accumulator.result
    } else {
      result = .int(spanset.spans.count)
    }
    guard !result.isMissing, Value.compare(comparison, result, value).isTrue else { return nil }
    var kept = spanset
    kept.attributes.append((name, ResultValue(result)))
    return kept
  }
}

/// `avg`, `max`, `min` or `sum` over values; those that are no numbers are passed over.
private struct Accumulator {
  private let function: AggregateFunction
  private var value = Value.missing
  private var count = 0

  init(_ function: AggregateFunction) { self.function = function }

  mutating func add(_ next: Value) {
    guard next.number != nil else { return }
    count += 1
    guard !value.isMissing else {
      value = next
      return
    }
    switch function {
    case .max: if Value.compare(.greater, next, value).isTrue { value = next }
    case .min: if Value.compare(.less, next, value).isTrue { value = next }
    default:
      switch (value, next) {
      case (.duration(let a), .duration(let b)): value = .duration(a &+ b)
      default: value = Value.calculate(.add, value, next)
      }
    }
  }

  var result: Value {
    guard function == .avg else { return value }
    switch value {
    case .int(let sum): return .float(Double(sum) / Double(count))
    case .float(let sum): return .float(sum / Double(count))
    case .duration(let sum): return .duration(sum / count)
    default: return .missing
    }
  }
}
