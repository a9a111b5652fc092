/// An attribute that a query looks for in spans, and the constants it is compared with.
struct QueriedAttribute {
  var scope: AttributeScope
  var name: String
  var constants: [Literal] = []
  /// Whether it may as well be absent: `span.a = nil` finds what lacks it.
  var mayBeAbsent = false

  var text: String { "\(Attribute.named(scope, name))" }
}

extension Query {
  /// The names of attributes that it reads, whatever their scope.
  public var attributeNames: Set<String> { Set(queriedAttributes.map(\.name)) }

  /// The attributes that decide what the query finds, in the order they are written, each once. Intrinsics every span has.
  var queriedAttributes: [QueriedAttribute] {
    var found = AttributeCollector()
    switch body {
    case .search(let pipeline): found.add(pipeline)
    case .metrics(let expression):
      for metrics in expression.pipelines {
        found.add(metrics.pipeline)
        for attribute in metrics.by { found.add(attribute, nil) }
        switch metrics.function {
        case .rate, .countOverTime: break
        case .minOverTime(let value), .maxOverTime(let value), .sumOverTime(let value), .avgOverTime(let value),
          .histogramOverTime(let value), .quantileOverTime(let value, _):
          found.add(value, nil)
        case .compare(let condition, _, _): found.add(condition)
        }
      }
    }
    return found.attributes
  }
}

private struct AttributeCollector {
  private(set) var attributes: [QueriedAttribute] = []

  mutating func add(_ pipeline: SpansetPipeline) {
    for stage in pipeline.stages {
      switch stage {
      case .spanset(let expression): add(expression)
      case .scalar(let filter): if let expression = filter.aggregate.expression { add(expression) }
      case .group(let expression): add(expression)
      case .select(let selected): for attribute in selected { add(attribute, nil) }
      case .coalesce: break
      }
    }
  }

  private mutating func add(_ expression: SpansetExpression) {
    var pending = [expression]
    while let next = pending.popLast() {
      switch next {
      case .filter(let condition): add(condition)
      case .operation(_, let left, let right, _): pending += [right, left]
      case .pipeline(let pipeline): add(pipeline)
      }
    }
  }

  mutating func add(_ expression: FieldExpression) {
    switch expression {
    case .literal: break
    case .attribute(let attribute, _): add(attribute, nil)
    case .unary(_, let operand, _): add(operand)
    case .exists(let operand, let isNegated, _):
      add(operand)
      if isNegated, case .attribute(let attribute, _) = operand { note(attribute) { $0.mayBeAbsent = true } }
    case .binary(let comparison, .attribute(let attribute, _), .literal(let constant, _), _)
    where comparison.isComparison:
      add(attribute, constant)
    case .binary(let comparison, .literal(let constant, _), .attribute(let attribute, _), _)
    where comparison.isComparison:
      add(attribute, constant)
    case .binary(_, let left, let right, _):
      add(left)
      add(right)
    }
  }

  mutating func add(_ attribute: Attribute, _ constant: Literal?) {
    guard case .named(let scope, let name) = attribute else { return }
    if !attributes.contains(where: { $0.scope == scope && $0.name == name }) {
      attributes.append(QueriedAttribute(scope: scope, name: name))
    }
    if let constant { note(attribute) { $0.constants.append(constant) } }
  }

  private mutating func note(_ attribute: Attribute, _ body: (inout QueriedAttribute) -> Void) {
    guard case .named(let scope, let name) = attribute,
      let place = attributes.firstIndex(where: { $0.scope == scope && $0.name == name })
    else { return }
    body(&attributes[place])
  }
}
