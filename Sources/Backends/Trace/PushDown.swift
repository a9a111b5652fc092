import OTLP
import TraceQL

/// What a query demands of at least one span of every trace it can find: the part that stores with a simple search can
/// answer. The query itself is evaluated afterwards on what they return, so this may only be weaker, never stronger.
struct PushDown: Equatable {
  var service: String?
  var operation: String?
  /// Attributes and their values as text.
  var tags: [Tag] = []
  /// Nanoseconds.
  var minimumDuration: Int?
  var maximumDuration: Int?

  struct Tag: Equatable {
    var key: String
    var value: String
  }

  var isEmpty: Bool { self == PushDown() }

  init() {}

  /// The demands of a query's first spansets.
  init(_ query: Query) {
    switch query.body {
    case .search(let pipeline): self = PushDown.demands(of: pipeline)
    case .metrics(.pipeline(let metrics)): self = PushDown.demands(of: metrics.pipeline)
    // Arithmetic between queries needs the spans of both.
    case .metrics: break
    }
  }

  private static func demands(of pipeline: SpansetPipeline) -> PushDown {
    var result = PushDown()
    for (index, stage) in pipeline.stages.enumerated() {
      switch stage {
      case .spanset(let expression):
        let demands = demands(of: expression)
        // Later filters work on the spans that earlier ones left, so their demands add up, but only where both are
        // plain filters: the result of a structural operator is other spans.
        if index == 0 { result = demands } else if case .filter = expression { result.merge(demands) }
        guard case .filter = expression else { return result }
      case .select, .scalar, .coalesce: continue
      case .group: return result
      }
    }
    return result
  }

  private static func demands(of expression: SpansetExpression) -> PushDown {
    switch expression {
    case .filter(let field):
      var result = PushDown()
      result.add(field)
      return result
    case .pipeline(let pipeline):
      return demands(of: pipeline)
    case .operation(let operation, let left, let right, _):
      let leftDemands = demands(of: left)
      let rightDemands = demands(of: right)
      switch operation {
      case .or: return leftDemands == rightDemands ? leftDemands : PushDown()
      case .notChild, .notParent, .notDescendant, .notAncestor, .notSibling: return rightDemands
      default:
        // Both sides must be in the trace; a store can be asked for one span, so take the side that says more.
        return leftDemands.weight > rightDemands.weight ? leftDemands : rightDemands
      }
    }
  }

  private var weight: Int {
    (service == nil ? 0 : 8) + (operation == nil ? 0 : 4) + min(tags.count, 2) + (minimumDuration == nil ? 0 : 1)
  }

  private mutating func merge(_ other: PushDown) {
    service = service ?? other.service
    operation = operation ?? other.operation
    tags += other.tags.filter { !tags.contains($0) }
    minimumDuration = [minimumDuration, other.minimumDuration].compactMap { $0 }.max()
    maximumDuration = [maximumDuration, other.maximumDuration].compactMap { $0 }.min()
  }

  /// Adds what an expression that must be true demands.
  private mutating func add(_ expression: FieldExpression) {
    guard case .binary(let comparison, let left, let right, _) = expression else { return }
    if comparison == .and {
      add(left)
      add(right)
      return
    }
    if case .attribute(let attribute, _) = left, case .literal(let literal, _) = right {
      add(attribute, comparison, literal)
    } else if case .attribute(let attribute, _) = right, case .literal(let literal, _) = left {
      switch comparison {
      case .less: add(attribute, .greater, literal)
      case .lessOrEqual: add(attribute, .greaterOrEqual, literal)
      case .greater: add(attribute, .less, literal)
      case .greaterOrEqual: add(attribute, .lessOrEqual, literal)
      default: add(attribute, comparison, literal)
      }
    }
  }

  private mutating func add(_ attribute: Attribute, _ comparison: BinaryOperator, _ literal: Literal) {
    switch (attribute, comparison, literal) {
    case (.named(.resource, "service.name"), .equal, .string(let text)),
      (.named(.any, "service.name"), .equal, .string(let text)):
      service = service ?? text
    case (.intrinsic(.name), .equal, .string(let text)):
      operation = operation ?? text
    case (.named(.span, let key), .equal, let value), (.named(.any, let key), .equal, let value):
      if let text = PushDown.text(value) { tags.append(Tag(key: key, value: text)) }
    case (.intrinsic(.status), .equal, .status(.error)):
      tags.append(Tag(key: "error", value: "true"))
    case (.intrinsic(.kind), .equal, .kind(let kind)) where kind != .unspecified && kind != .internal:
      tags.append(Tag(key: "span.kind", value: kind.queryName))
    case (.intrinsic(.duration), .greater, .duration(let nanoseconds)),
      (.intrinsic(.duration), .greaterOrEqual, .duration(let nanoseconds)):
      minimumDuration = max(minimumDuration ?? 0, nanoseconds)
    case (.intrinsic(.duration), .less, .duration(let nanoseconds)),
      (.intrinsic(.duration), .lessOrEqual, .duration(let nanoseconds)):
      maximumDuration = min(maximumDuration ?? .max, nanoseconds)
    default: break
    }
  }

  private static func text(_ literal: Literal) -> String? {
    switch literal {
    case .string(let text): text
    case .int(let number): String(number)
    case .bool(let flag): String(flag)
    case .float, .duration, .status, .kind: nil
    }
  }
}
