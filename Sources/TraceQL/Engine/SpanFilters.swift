public import OTLP
public import Platform

/// Searches that are decided by which of their filters the spans of a trace match one by one: filters on single spans,
/// joined by `&&` and `||`. Whatever spans come later, such a search stays true once it is.
///
/// All are compiled into one program, so that each span is read once. Spans give masks with a bit for every filter; those
/// of a trace are joined by `|`.
public struct SpanFilters: Sendable {
  fileprivate let plan: Plan
  /// Filters in all; a mask has a bit for each of the first 63.
  public static let maximum = 63

  /// Compiles `queries`, each of which `decides`.
  public init(_ queries: [Query]) throws(EngineError) {
    var pipelines: [SpansetPipeline] = []
    for query in queries {
      guard case .search(let pipeline) = query.body, SpanFilters.decides(query) else { throw .wrongKind }
      pipelines.append(pipeline)
    }
    plan = try Plan(searches: pipelines)
    guard plan.leaves.count <= SpanFilters.maximum else { throw .tooManyFilters(limit: SpanFilters.maximum) }
  }

  /// Whether a query is such a search.
  public static func decides(_ query: Query) -> Bool {
    guard case .search(let pipeline) = query.body else { return false }
    if let condition = pipeline.condition { return !condition.needsTrace }
    var expressions: [SpansetExpression] = []
    for stage in pipeline.stages {
      switch stage {
      case .spanset(let expression): expressions.append(expression)
      case .select: continue
      default: return false
      }
    }
    return expressions.count == 1 && isOfFilters(expressions[0])
  }

  private static func isOfFilters(_ expression: SpansetExpression) -> Bool {
    switch expression {
    case .filter(let condition): !condition.needsTrace
    case .operation(.and, let left, let right, _), .operation(.or, let left, let right, _):
      isOfFilters(left) && isOfFilters(right)
    case .operation, .pipeline: false
    }
  }

  /// Whether a query is one condition on single spans, so that it says of each span by itself whether it passes.
  public static func isCondition(_ query: Query) -> Bool {
    guard case .search(let pipeline) = query.body, let condition = pipeline.condition else { return false }
    return !condition.needsTrace
  }

  /// Whether a search holds for spans that have given `mask`.
  public func holds(_ search: Int, _ mask: UInt64) -> Bool { plan.pipelines[search].necessary.holds(mask) }
}

/// Tests spans against filters, on one thread: `enter` the resource and the scope, then ask for each of their spans.
public final class SpanFilterMatcher {
  private let plan: Plan
  private let evaluator: Evaluator
  private let reader: SlotReader
  /// The filters that the resource, then the scope as well, leave open or make true.
  private var alive: ContiguousArray<Int> = []

  public init(_ filters: SpanFilters) {
    plan = filters.plan
    evaluator = Evaluator(plan.program)
    reader = SlotReader(plan.program)
  }

  /// Whether a regular expression was given up on a value, which then counts as not matching.
  public var reachedRegexLimit: Bool { evaluator.reachedRegexLimit }

  /// Takes in the resource of the spans that follow.
  public func enter(resource: ResourceView) throws(WireError) { try reader.enter(resource: resource) }

  /// Takes in a scope of the resource entered last.
  public func enter(scope: ScopeView) throws(WireError) {
    try reader.enter(scope: scope)
    evaluator.findOpen(plan.leaves, knowing: reader.base, into: &alive)
  }

  /// The filters that a span of the scope entered last matches.
  public func mask(of span: ByteView) throws(WireError) -> UInt64 {
    if alive.isEmpty { return 0 }
    let header = try SpanHeader(span, needsStatus: reader.needsStatus)
    let slots = evaluator.slots
    reader.fillHeader(header, into: slots)
    defer { if reader.usesArena { reader.arena.removeAll() } }
    var mask: UInt64 = 0
    var isFilled = !reader.needsAttributes
    for index in alive {
      var value = evaluator.evaluate(plan.leaves[index])
      if value.isUnknown, !isFilled {
        try reader.fillAttributes(header, into: slots)
        isFilled = true
        value = evaluator.evaluate(plan.leaves[index])
      }
      if value.isTrue { mask |= 1 << UInt64(index) }
    }
    return mask
  }
}
