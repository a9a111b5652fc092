/// A spanset expression with its expressions compiled.
indirect enum CompiledSpanset {
  case filter(Int32)
  case operation(SpansetOperator, CompiledSpanset, CompiledSpanset)
  case pipeline([CompiledStage])
}

/// A stage with its expressions compiled. Names are those that results carry.
enum CompiledStage {
  case spanset(CompiledSpanset)
  case scalar(AggregateFunction, Int32?, name: String, BinaryOperator, Value)
  case group(Int32, name: String)
  case coalesce
}

/// A pipeline compiled, and what can be said about a trace from looking at its spans one by one.
struct PipelinePlan {
  let stages: [CompiledStage]
  /// The whole pipeline as one condition on single spans, when it is nothing more; such a pipeline needs no traces.
  let condition: Int32?
  /// Without this a trace cannot pass: which of the query's leaves must match some span of it.
  let necessary: Necessary
}

/// A necessary condition on the leaves that some span of a trace matches.
indirect enum Necessary {
  case always
  case leaf(Int)
  case both(Necessary, Necessary)
  case either(Necessary, Necessary)
  /// A comparison of the trace's duration with a constant.
  case duration(BinaryOperator, Value)

  /// - Parameter duration: Of the trace, in ns; nil while it is not known, when it may be any.
  func holds(_ mask: UInt64, duration: Int? = nil) -> Bool {
    switch self {
    case .always: true
    case .leaf(let bit): mask >> UInt64(bit) & 1 == 1
    case .both(let a, let b): a.holds(mask, duration: duration) && b.holds(mask, duration: duration)
    case .either(let a, let b): a.holds(mask, duration: duration) || b.holds(mask, duration: duration)
    case .duration(let comparison, let bound):
      duration.map { Value.compare(comparison, .duration($0), bound).isTrue } ?? true
    }
  }

  var readsDuration: Bool {
    switch self {
    case .always, .leaf: false
    case .both(let a, let b), .either(let a, let b): a.readsDuration || b.readsDuration
    case .duration: true
    }
  }
}

/// A query compiled for evaluation over spans.
///
/// `@unchecked Sendable`: nothing changes after `init`, and the constants point into memory of `program`, which this keeps.
struct Plan: @unchecked Sendable {
  let program: Program
  /// One for a search; one for every pipeline of a metrics query.
  private(set) var pipelines: [PipelinePlan] = []
  /// The conditions that are tested on each span: the filters that a trace may be chosen by.
  private(set) var leaves: [Int32] = []
  /// The bits of leaves that only a root span matches.
  private(set) var rootLeaves: UInt64 = 0
  /// Whether it matters how the spans of a trace hang together.
  private(set) var needsTree = false
  /// Slots shown with the spans of a search, and whether they are shown even when missing.
  private(set) var shown: [(slot: Int, name: String, always: Bool)] = []

  /// Compiles the pipeline of a search.
  ///
  /// - Parameter needsTree: Whether it matters in any case how the spans hang together.
  init(_ source: SpansetPipeline, needsTree: Bool = false) throws(EngineError) {
    program = Program()
    self.needsTree = needsTree
    pipelines.append(try compile(source, needsTraces: false))
    noteTree()
  }

  /// Compiles the pipelines of a metrics query.
  init(_ sources: [MetricsPipeline]) throws(EngineError) {
    program = Program()
    for source in sources { pipelines.append(try compile(source.pipeline, needsTraces: source.readsTrace)) }
    // What is counted and grouped by gets its slots later.
    needsTree = needsTree || sources.contains(where: \.readsTrace)
    noteTree()
  }

  private mutating func noteTree() {
    needsTree =
      needsTree
      || program.slots.contains {
        switch $0 {
        case .intrinsic(.childCount), .intrinsic(.nestedSetLeft), .intrinsic(.nestedSetRight),
          .intrinsic(.nestedSetParent):
          true
        default: false
        }
      }
  }

  /// Whether the duration of traces tells which can pass.
  var readsDuration: Bool { pipelines.contains { $0.necessary.readsDuration } }

  /// Whether every pipeline is a condition on single spans.
  var needsNoTraces: Bool { pipelines.allSatisfy { $0.condition != nil } }

  private mutating func compile(_ source: SpansetPipeline, needsTraces: Bool) throws(EngineError) -> PipelinePlan {
    if !needsTraces, let condition = source.condition, !condition.needsTrace {
      let operation = try program.compile(condition)
      for stage in source.stages { try show(stage) }
      let leaf = addLeaf(operation)
      return PipelinePlan(
        stages: [.spanset(.filter(operation))], condition: operation, necessary: .leaf(leaf))
    }
    var necessary = Necessary.always
    var stages: [CompiledStage] = []
    for (index, stage) in source.stages.enumerated() {
      try show(stage)
      guard let compiled = try compile(stage, &necessary, isFirst: index == 0) else { continue }
      stages.append(compiled)
    }
    return PipelinePlan(stages: stages, condition: nil, necessary: necessary)
  }

  /// Compiles a stage; nil for one that does nothing. Only the first stage sees all spans of a trace, so that only its
  /// filters tell anything about the trace.
  private mutating func compile(
    _ stage: Stage, _ necessary: inout Necessary, isFirst: Bool
  ) throws(EngineError) -> CompiledStage? {
    switch stage {
    case .spanset(let expression):
      let (compiled, needed) = try compile(expression)
      if isFirst { necessary = needed }
      return .spanset(compiled)
    case .scalar(let filter):
      let operand: Int32?
      if let expression = filter.aggregate.expression {
        operand = try program.compile(expression)
      } else {
        operand = nil
      }
      let value: Value
      switch filter.value {
      case .int(let number): value = .int(number)
      case .float(let number): value = .float(number)
      case .duration(let number): value = .duration(number)
      default: value = .missing
      }
      return .scalar(
        filter.aggregate.function, operand, name: filter.aggregate.description, filter.comparison, value)
    case .group(let expression): return .group(try program.compile(expression), name: "by(\(expression))")
    case .coalesce: return .coalesce
    case .select: return nil
    }
  }

  private mutating func compile(
    _ expression: SpansetExpression
  ) throws(EngineError) -> (CompiledSpanset, Necessary) {
    switch expression {
    case .filter(let condition):
      let operation = try program.compile(condition)
      if case .literal(.bool(true), _) = condition { return (.filter(operation), .always) }
      return (.filter(operation), try necessary(for: condition))
    case .operation(let spansetOperator, let left, let right, _):
      if spansetOperator != .and, spansetOperator != .or { needsTree = true }
      let (a, needsA) = try compile(left)
      let (b, needsB) = try compile(right)
      let necessary: Necessary =
        switch spansetOperator {
        case .or: .either(needsA, needsB)
        case .notChild, .notParent, .notDescendant, .notAncestor, .notSibling: needsB
        default: .both(needsA, needsB)
        }
      return (.operation(spansetOperator, a, b), necessary)
    case .pipeline(let pipeline):
      var necessary = Necessary.always
      var stages: [CompiledStage] = []
      for (index, stage) in pipeline.stages.enumerated() {
        try show(stage)
        if let compiled = try compile(stage, &necessary, isFirst: index == 0) { stages.append(compiled) }
      }
      return (.pipeline(stages), necessary)
    }
  }

  /// What a filter asks of a trace, as far as single spans and the trace's duration tell: what it says of the root is asked
  /// of root spans, so that few traces have to be put together.
  private mutating func necessary(for condition: FieldExpression) throws(EngineError) -> Necessary {
    var rest: FieldExpression?
    var needed: [Necessary] = []
    for part in condition.conjuncts {
      if case .binary(let comparison, .attribute(.intrinsic(.traceDuration), _), .literal(let bound, _), _) = part,
        comparison.isComparison, let value = Plan.number(bound)
      {
        needed.append(.duration(comparison, value))
      } else if let asked = part.askedOfRoot, leaves.count < 60 {
        let leaf = addLeaf(try program.compile(asked))
        rootLeaves |= 1 << UInt64(leaf)
        needed.append(.leaf(leaf))
      } else {
        rest = rest.map { .binary(.and, $0, part, .none) } ?? part
      }
    }
    if let rest { needed.append(.leaf(addLeaf(try program.compile(rest)))) }
    return needed.dropFirst().reduce(needed.first ?? .always) { .both($0, $1) }
  }

  private static func number(_ literal: Literal) -> Value? {
    switch literal {
    case .int(let number): .int(number)
    case .float(let number): .float(number)
    case .duration(let number): .duration(number)
    default: nil
    }
  }

  /// The bit of a leaf. Leaves beyond the 64th share the last bit, which only makes it less selective.
  private mutating func addLeaf(_ operation: Int32) -> Int {
    leaves.append(operation)
    return min(leaves.count - 1, 63)
  }

  // MARK: What results show

  private mutating func show(_ stage: Stage) throws(EngineError) {
    switch stage {
    case .select(let attributes):
      for attribute in attributes {
        let slot = Int(try program.slot(of: attribute))
        guard !attribute.isShownAnyway else { continue }
        let always = attribute.isShownWhenMissing
        if let index = shown.firstIndex(where: { $0.slot == slot }) {
          shown[index].always = shown[index].always || always
        } else {
          shown.append((slot, attribute.resultKey, always))
        }
      }
    case .spanset(let expression): try show(expression)
    case .scalar(let filter): if let expression = filter.aggregate.expression { try show(expression) }
    case .group(let expression): try show(expression)
    case .coalesce: break
    }
  }

  private mutating func show(_ expression: SpansetExpression) throws(EngineError) {
    switch expression {
    case .filter(let condition): try show(condition)
    case .operation(_, let left, let right, _):
      try show(left)
      try show(right)
    case .pipeline(let pipeline): for stage in pipeline.stages { try show(stage) }
    }
  }

  private mutating func show(_ expression: FieldExpression) throws(EngineError) {
    switch expression {
    case .literal: break
    case .attribute(let attribute, _):
      let slot = Int(try program.slot(of: attribute))
      guard !attribute.isShownAnyway, !shown.contains(where: { $0.slot == slot }) else { return }
      shown.append((slot, attribute.resultKey, false))
    case .unary(_, let operand, _), .exists(let operand, _, _): try show(operand)
    case .binary(_, let left, let right, _):
      try show(left)
      try show(right)
    }
  }
}

extension MetricsPipeline {
  /// Whether what is counted is known only from whole traces; `compare()` tells root spans.
  fileprivate var readsTrace: Bool {
    var read = by
    switch function {
    case .compare: return true
    case .rate, .countOverTime: break
    case .minOverTime(let value), .maxOverTime(let value), .sumOverTime(let value), .avgOverTime(let value),
      .histogramOverTime(let value), .quantileOverTime(let value, _):
      read.append(value)
    }
    return read.contains { if case .intrinsic(let intrinsic) = $0 { intrinsic.needsTrace } else { false } }
  }
}

extension Attribute {
  /// Whether results carry it in a place of its own.
  var isShownAnyway: Bool {
    switch self {
    case .intrinsic(let intrinsic):
      switch intrinsic {
      case .name, .duration, .traceDuration, .rootServiceName, .rootName, .traceID, .spanID: true
      default: false
      }
    case .named: false
    }
  }
}

extension Attribute {
  /// Whether a selected attribute appears as `nil` where a span does not have it. Tempo does that for the attributes
  /// which its blocks hold in columns of their own, and leaves all others out.
  var isShownWhenMissing: Bool {
    switch self {
    case .named(.span, let name): Attribute.spanColumns.contains(name)
    case .named(.resource, let name): Attribute.resourceColumns.contains(name)
    default: false
    }
  }

  private static let spanColumns: Set<String> = [
    "http.request.method", "http.response.status_code", "url.path", "url.route", "server.address", "server.port",
    "http.method", "http.url", "http.route", "http.status_code",
  ]
  private static let resourceColumns: Set<String> = [
    "k8s.cluster.name", "k8s.namespace.name", "k8s.pod.name", "k8s.container.name",
  ]
}

extension FieldExpression {
  /// Whether it reads something that only the whole trace tells.
  var needsTrace: Bool {
    switch self {
    case .literal: false
    case .attribute(.intrinsic(let intrinsic), _): intrinsic.needsTrace
    case .attribute: false
    case .unary(_, let operand, _), .exists(let operand, _, _): operand.needsTrace
    case .binary(_, let left, let right, _): left.needsTrace || right.needsTrace
    }
  }
}

extension FieldExpression {
  /// The parts that must all hold.
  fileprivate var conjuncts: [FieldExpression] {
    var parts: [FieldExpression] = []
    var pending = [self]
    while let next = pending.popLast() {
      if case .binary(.and, let left, let right, _) = next { pending += [right, left] } else { parts.append(next) }
    }
    return parts
  }

  /// What `rootName = "x"` and `rootServiceName = "x"` ask of the root span itself.
  fileprivate var askedOfRoot: FieldExpression? {
    guard
      case .binary(.equal, .attribute(.intrinsic(let intrinsic), let range), .literal(.string(let text), _), _) = self,
      !text.isEmpty, case .binary(_, _, let literal, let whole) = self
    else { return nil }
    switch intrinsic {
    case .rootName: return .binary(.equal, .attribute(.intrinsic(.name), range), literal, whole)
    case .rootServiceName:
      return .binary(.equal, .attribute(.named(.resource, "service.name"), range), literal, whole)
    default: return nil
    }
  }
}

extension SpansetPipeline {
  /// The pipeline as one condition on single spans, when all its stages are filters.
  var condition: FieldExpression? {
    var condition: FieldExpression?
    for stage in stages {
      switch stage {
      case .spanset(.filter(let next)):
        condition = condition.map { .binary(.and, $0, next, .none) } ?? next
      case .select: continue
      default: return nil
      }
    }
    return condition ?? .literal(.bool(true), .none)
  }
}
