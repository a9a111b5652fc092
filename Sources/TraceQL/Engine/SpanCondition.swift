public import OTLP
import Platform

/// A query that can be decided on each span by itself, compiled once: filters on attributes and intrinsics of the span,
/// its resource and its scope, one after the other.
public struct SpanCondition: Sendable {
  fileprivate let plan: Plan
  fileprivate let operation: Int32

  /// Nil when the query needs whole traces, or yields series.
  public init?(_ query: Query) throws(EngineError) {
    guard case .search(let pipeline) = query.body else { return nil }
    plan = try Plan(pipeline)
    guard let condition = plan.pipelines.first?.condition else { return nil }
    operation = condition
  }
}

/// Tests spans against a condition, on one thread: `enter` the resource and the scope, then ask for each of their spans.
public final class SpanMatcher {
  private let operation: Int32
  private let evaluator: Evaluator
  private let reader: SlotReader
  /// The verdict on all spans of the scope, where resource and scope alone decide.
  private var verdict: Bool?

  public init(_ condition: SpanCondition) {
    operation = condition.operation
    evaluator = Evaluator(condition.plan.program)
    reader = SlotReader(condition.plan.program)
  }

  /// Takes in the resource of the spans that follow.
  public func enter(resource: ResourceView) throws(WireError) { try reader.enter(resource: resource) }

  /// Takes in a scope of the resource entered last.
  public func enter(scope: ScopeView) throws(WireError) {
    try reader.enter(scope: scope)
    evaluator.read(from: reader.base)
    let value = evaluator.evaluate(operation)
    evaluator.read(from: nil)
    verdict = value.isUnknown ? nil : value.isTrue
  }

  /// Whether the condition holds for a span of the scope entered last.
  public func matches(_ span: SpanView) throws(WireError) -> Bool {
    if let verdict { return verdict }
    let slots = evaluator.slots
    let header = try SpanHeader(span.bytes, needsStatus: reader.needsStatus)
    reader.fillHeader(header, into: slots)
    var value = evaluator.evaluate(operation)
    if value.isUnknown && reader.needsAttributes {
      try reader.fillAttributes(header, into: slots)
      value = evaluator.evaluate(operation)
    }
    defer { if reader.usesArena { reader.arena.removeAll() } }
    return value.isTrue
  }
}
