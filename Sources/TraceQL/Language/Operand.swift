/// What stands between two operators outside of braces: TraceQL writes spansets, aggregates,
/// constants and whole metrics queries with the same operators, and only the operands tell which is meant.
struct Operand {
  enum Value {
    case spanset(SpansetExpression)
    /// A parenthesised pipeline, or a pipeline at its end.
    case pipeline(SpansetPipeline)
    /// An aggregate, or arithmetic over aggregates when nil.
    case scalar(Aggregate?)
    /// An aggregate compared with a constant.
    case scalarFilter(ScalarFilter)
    case constant(Literal)
    /// A parenthesised pipeline that ends in an aggregate.
    case scalarPipeline
    case metrics(MetricsExpression)
  }

  var value: Value
  var range: SourceRange
  var depth = 1
  /// Whether parentheses stand around it.
  var isParenthesised = false

  /// What an error message calls it.
  var noun: String {
    switch value {
    case .spanset, .pipeline: "spans"
    case .scalar, .scalarPipeline: "an aggregate"
    case .scalarFilter: "a comparison"
    case .constant: "a number"
    case .metrics: "a metrics query"
    }
  }

  /// As an operand of a spanset operator.
  var spanset: SpansetExpression? {
    switch value {
    case .spanset(let expression): expression
    case .pipeline(let pipeline): .pipeline(pipeline)
    default: nil
    }
  }

  /// Whether it is a pipeline in parentheses, or several with operators between them. These and spans in braces never
  /// stand beside one another: Tempo's grammar tells them apart from the first one on.
  var isOfPipelines: Bool {
    switch value {
    case .spanset(let expression): expression.isOfPipelines
    case .pipeline: true
    default: false
    }
  }

  /// The same as a pipeline, where it may be one: spans in parentheses.
  var asPipeline: Operand? {
    guard case .spanset(let expression) = value, !isOfPipelines else { return self }
    guard isParenthesised else { return nil }
    var operand = self
    operand.value = .pipeline(SpansetPipeline([.spanset(expression)]))
    return operand
  }

  /// As a number to calculate with.
  var constant: Literal? {
    if case .constant(let literal) = value { literal } else { nil }
  }

  var metrics: MetricsExpression? {
    if case .metrics(let metrics) = value { metrics } else { nil }
  }

  var isScalar: Bool {
    switch value {
    case .scalar, .scalarPipeline: true
    default: false
    }
  }
}

extension SpansetExpression {
  fileprivate var isOfPipelines: Bool {
    var leftmost = self
    while case .operation(_, let left, _, _) = leftmost { leftmost = left }
    if case .pipeline = leftmost { return true }
    return false
  }
}

extension Token.Symbol {
  /// How tightly the operator binds outside of braces; nil when it is none.
  var outerPrecedence: Int? {
    switch self {
    case .openBrace, .closeBrace, .openParen, .closeParen, .comma, .not, .pipe, .matches: nil
    case .and, .or: Precedence.logical
    case .add, .subtract: Precedence.additive
    case .multiply, .divide, .modulo: Precedence.multiplicative
    case .power: Precedence.power
    default: Precedence.comparison
    }
  }
}
