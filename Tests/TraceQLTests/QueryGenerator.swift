import OTLP
import TestSupport

@testable import TraceQL

/// Makes random syntax trees of valid queries, such as the parser could have made them.
struct QueryGenerator {
  var random: SeededRandom

  mutating func query() -> Query {
    let hints =
      chance(10) ? [Hint(name: "most_recent", value: .bool(true)), Hint(name: "sample", value: .float(0.5))] : []
    if chance(6) { return Query(.search(SpansetPipeline([.spanset(joined(depth: 1))])), hints: hints) }
    return Query(chance(3) ? .metrics(metrics(depth: 3, isWhole: true)) : .search(pipeline(depth: 3)), hints: hints)
  }

  private mutating func chance(_ of: Int) -> Bool { Int.random(in: 0..<of, using: &random) == 0 }
  private mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements.randomElement(using: &random) ?? elements[0]
  }

  // MARK: Spans

  private mutating func pipeline(depth: Int) -> SpansetPipeline {
    var stages: [Stage] = [chance(8) ? .scalar(scalar(depth)) : .spanset(spanset(depth))]
    for _ in 0..<Int.random(in: 0...2, using: &random) {
      switch Int.random(in: 0..<5, using: &random) {
      case 0: stages.append(.scalar(scalar(depth)))
      case 1: stages.append(.group(number(depth)))
      case 2: stages.append(.coalesce)
      case 3: stages.append(.select((0...Int.random(in: 0...2, using: &random)).map { _ in attribute() }))
      default: stages.append(.spanset(spanset(depth)))
      }
    }
    return SpansetPipeline(stages)
  }

  private mutating func scalar(_ depth: Int) -> ScalarFilter {
    let function = pick(AggregateFunction.allCases)
    let aggregate = Aggregate(function: function, expression: function == .count ? nil : number(depth), range: .none)
    return ScalarFilter(
      aggregate: aggregate, comparison: pick([.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual]),
      value: numeric(signed: true))
  }

  private mutating func spanset(_ depth: Int) -> SpansetExpression {
    if depth == 0 || chance(2) { return .filter(chance(6) ? .literal(.bool(true), .none) : boolean(depth)) }
    return .operation(pick(SpansetOperator.allCases), spanset(depth - 1), spanset(depth - 1), .none)
  }

  /// Pipelines in parentheses with operators between them, which stand alone in a query.
  private mutating func pipelines(depth: Int, isFirst: Bool = true) -> SpansetExpression {
    guard depth > 0, !chance(3) else {
      var inner = pipeline(depth: depth)
      // Parentheses around spans alone are a pipeline only beside another one.
      if isFirst, inner.stages.count == 1, case .spanset = inner.stages[0] { inner.stages.append(.coalesce) }
      return .pipeline(inner)
    }
    return .operation(
      pick(SpansetOperator.allCases), pipelines(depth: depth - 1),
      pipelines(depth: depth - 1, isFirst: false), .none)
  }

  private mutating func joined(depth: Int) -> SpansetExpression {
    .operation(pick(SpansetOperator.allCases), pipelines(depth: depth), pipelines(depth: depth, isFirst: false), .none)
  }

  private mutating func boolean(_ depth: Int) -> FieldExpression {
    if depth <= 0 { return chance(2) ? .attribute(attribute(typed: false), .none) : comparison(0) }
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return .binary(.and, boolean(depth - 1), boolean(depth - 1), .none)
    case 1: return .binary(.or, boolean(depth - 1), boolean(depth - 1), .none)
    case 2: return .unary(.not, boolean(depth - 1), .none)
    case 3:
      return .exists(chance(2) ? .attribute(attribute(typed: false), .none) : number(depth - 1), negated: false, .none)
    default: return comparison(depth - 1)
    }
  }

  private mutating func comparison(_ depth: Int) -> FieldExpression {
    switch Int.random(in: 0..<5, using: &random) {
    case 0:
      return .binary(
        pick([.equal, .notEqual, .matches, .notMatches, .less]),
        .attribute(pick([.intrinsic(.name), .named(.span, "x")]), .none),
        .literal(.string(text()), .none), .none)
    case 1:
      return .binary(
        pick([.equal, .notEqual]), .attribute(.intrinsic(.status), .none),
        .literal(.status(pick(StatusCode.allCases)), .none), .none)
    case 2:
      return .binary(
        pick([.equal, .notEqual]), .attribute(.intrinsic(.kind), .none),
        .literal(.kind(pick(SpanKind.allCases)), .none), .none)
    default:
      return .binary(
        pick([.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual]), number(depth),
        number(depth, plain: true), .none)
    }
  }

  /// A numeric expression that reads something of the span.
  private mutating func number(_ depth: Int, plain: Bool = false) -> FieldExpression {
    if depth <= 0 || chance(2) {
      if plain, chance(2) { return .literal(numeric(signed: true), .none) }
      return .attribute(chance(2) ? attribute(typed: false) : .intrinsic(.duration), .none)
    }
    if chance(5) { return .unary(.minus, number(depth - 1), .none) }
    let arithmetic = pick([BinaryOperator.add, .subtract, .multiply, .divide, .modulo, .power])
    let left = number(depth - 1)
    let right = number(depth - 1, plain: true)
    return chance(2) ? .binary(arithmetic, left, right, .none) : .binary(arithmetic, right, left, .none)
  }

  private mutating func attribute(typed: Bool = true) -> Attribute {
    if typed, chance(2) { return .intrinsic(pick(Intrinsic.allCases)) }
    let names = [
      "http.status_code", "a", "a+b", "with space", "quote\"d", "back\\slash", "tab\tbed", "内部", "a.b-c/d:e[0]",
      "{brace}",
      "5", "nil", "//", "\u{85}x", "dot.", "duration",
    ]
    return .named(pick(AttributeScope.allCases), pick(names))
  }

  private mutating func text() -> String {
    pick([
      "", "timeout", "a.*|b", "quote\"d", "内部错误", "tab\t", "line\nfeed", "\u{1}", "`", "\\\\d+", "{ }", "\u{1F600}",
    ])
  }

  private mutating func numeric(signed: Bool) -> Literal {
    let value: Literal
    switch Int.random(in: 0..<4, using: &random) {
    case 0: value = .int(pick([0, 1, 42, .max, Int.random(in: 0..<Int.max, using: &random)]))
    case 1: value = .float(pick([0.5, 1e300, 5e-300, 3, Double.random(in: 0..<1e9, using: &random)]))
    default:
      value = .duration(pick([0, 1, 999, 1_500_000, 800_000_000, .max, Int.random(in: 0..<Int.max, using: &random)]))
    }
    return signed && chance(4) ? value.negated ?? value : value
  }

  // MARK: Series

  /// - Parameter isWhole: Whether it is no operand, so that a second stage may follow arithmetic.
  private mutating func metrics(depth: Int, isWhole: Bool = false) -> MetricsExpression {
    if depth == 0 || chance(2) { return .pipeline(metricsPipeline()) }
    switch Int.random(in: 0..<5, using: &random) {
    case 0, 1:
      let operand = isWhole ? metrics(depth: depth - 1, isWhole: true) : .pipeline(metricsPipeline())
      let isTop = chance(2)
      return .second(
        isTop
          ? pick([.topk(3), .bottomk(10)])
          : .filter(pick([.greater, .equal, .notEqual]), numeric(signed: true)), operand)
    case 2:
      let value: Literal = pick([.int(100), .float(0.25), .int(-3)])
      return .scalar(
        pick([.add, .subtract, .multiply, .divide]), value, metrics(depth: depth - 1), scalarOnLeft: chance(2))
    default:
      return .binary(
        pick([.add, .subtract, .multiply, .divide]), metrics(depth: depth - 1), metrics(depth: depth - 1))
    }
  }

  private mutating func metricsPipeline() -> MetricsPipeline {
    let function: MetricsFunction =
      switch Int.random(in: 0..<8, using: &random) {
      case 0: .rate
      case 1: .countOverTime
      case 2: .minOverTime(attribute())
      case 3: .maxOverTime(attribute())
      case 4: .sumOverTime(attribute())
      case 5: .avgOverTime(attribute())
      case 6: .histogramOverTime(attribute())
      default: .quantileOverTime(attribute(), [0, 0.5, 0.99, 1])
      }
    return MetricsPipeline(
      pipeline: pipeline(depth: 1), function: function,
      by: (0..<Int.random(in: 0...4, using: &random)).map { _ in attribute() })
  }
}
