/// Everything outside of braces that is not a metrics function.
extension Parser {
  /// A pipeline up to the end of the query, a closing parenthesis or `with`.
  mutating func parseSequence() throws(QueryError) -> Operand {
    let start = token.range
    var stages: [Stage] = []
    var first = true
    while true {
      if case .word(let word) = kind, word != "with" {
        if let metrics = try parseMetricsStage(word, over: stages, from: start) { return metrics }
        if let stage = try parseNamedStage(word, isFirst: first) {
          stages.append(stage)
          first = false
          guard accept(.pipe) else { break }
          continue
        }
      }
      if let stage = try parseShortForm(isFirst: first) {
        stages.append(stage)
        guard accept(.pipe) else { break }
        continue
      }
      let operand = try parseExpression(minimum: Precedence.logical)
      if operand.metrics != nil {
        guard first else { throw error("a metrics query cannot be a stage of a pipeline", at: operand.range) }
        if nesting > 0, kind != .symbol(.closeParen) { throw secondStageInside(at: token.range) }
        return try parseSecondStages(after: operand)
      }
      let more = kind == .symbol(.pipe)
      if first, !more { return operand }
      if operand.isOfPipelines {
        throw error(
          "a pipeline in parentheses is no stage of another one, write its stages without the parentheses",
          at: operand.range)
      }
      switch operand.value {
      case .spanset(let expression): stages.append(.spanset(expression))
      case .pipeline: throw unexpected()
      case .scalarFilter(let filter): stages.append(.scalar(filter))
      case .scalar where !more && kind == .symbol(.closeParen) && nesting > 0:
        return Operand(value: .scalarPipeline, range: start.union(operand.range))
      case .scalar, .scalarPipeline:
        throw error("an aggregate must be compared with a constant, as in count() > 2", at: operand.range)
      case .constant: throw error("a constant is no stage of a pipeline", at: operand.range)
      case .metrics: throw unexpected()
      }
      first = false
      guard accept(.pipe) else { break }
    }
    let range = start.union(SourceRange(start.start, lastEnd))
    if stages.count == 1, case .spanset(let expression) = stages[0] {
      return Operand(value: .spanset(expression), range: range)
    }
    return Operand(value: .pipeline(SpansetPipeline(stages)), range: range)
  }

  /// `by(…)`, `select(…)` or `coalesce()`.
  private mutating func parseNamedStage(_ word: String, isFirst: Bool) throws(QueryError) -> Stage? {
    guard word == "by" || word == "select" || word == "coalesce" else { return nil }
    if word == "coalesce", isFirst { throw error("a pipeline cannot start with coalesce()", at: token.range) }
    advance()
    try expect(.openParen, after: "after \(word)")
    let stage: Stage
    switch word {
    case "by":
      let expression = try parseField()
      guard expression.referencesSpan else {
        throw error("by() needs something of the span, this is a constant", at: expression.range)
      }
      stage = .group(expression)
    case "select": stage = .select(try parseAttributeList())
    default: stage = .coalesce
    }
    try expect(.closeParen, after: "to close \(word)")
    return stage
  }

  mutating func parseAttributeList() throws(QueryError) -> [Attribute] {
    var attributes: [Attribute] = []
    repeat { attributes.append(try parseAttribute().0) } while accept(.comma)
    return attributes
  }

  /// `| duration > 800ms`, which people write for `| { duration > 800ms }`.
  private mutating func parseShortForm(isFirst: Bool) throws(QueryError) -> Stage? {
    switch kind {
    case .attribute, .intrinsicScope: break
    case .symbol(.not): break
    case .word(let word) where Intrinsic.unscoped[word] != nil: break
    default: return nil
    }
    let start = token.range
    let expression = try parseField()
    usesShortForm = true
    guard !isFirst else {
      throw error(
        "a condition stands in braces", at: start.union(expression.range), suggestion: "{ \(expression) }")
    }
    try checkFilter(expression)
    return .spanset(.filter(expression))
  }

  /// Operands and the operators between them.
  ///
  /// - Parameter besidePipelines: Whether what stands before is a pipeline in parentheses, so that spans in parentheses
  ///   are one too.
  mutating func parseExpression(minimum: Int, besidePipelines: Bool = false) throws(QueryError) -> Operand {
    var left = try parseOperand()
    if besidePipelines, left.spanset != nil {
      guard let pipeline = left.asPipeline else {
        throw error(
          "spans beside a pipeline stand in parentheses too", at: left.range,
          suggestion: left.spanset.map { "(\($0))" })
      }
      left = pipeline
    }
    while case .symbol(let symbol) = kind, let precedence = symbol.outerPrecedence, precedence >= minimum {
      if let suggestion = Suggestion.forOperator(at: index, of: tokens) {
        advance()
        throw unexpected(suggestion: suggestion)
      }
      let operatorRange = token.range
      advance()
      let right = try parseExpression(
        minimum: symbol == .power ? precedence : precedence + 1, besidePipelines: left.isOfPipelines)
      let depth = max(left.depth, right.depth) + 1
      try checkDepth(depth)
      left = try combine(left, symbol, right, operatorRange)
      left.depth = depth
    }
    return left
  }

  private mutating func parseOperand() throws(QueryError) -> Operand {
    let start = token.range
    switch kind {
    case .symbol(.openBrace):
      let expression = try parseFilter()
      return Operand(value: .spanset(.filter(expression)), range: SourceRange(start.start, lastEnd))
    case .symbol(.openParen):
      advance()
      var inner = try nested { (parser) throws(QueryError) in try parser.parseSequence() }
      guard accept(.closeParen) else { throw unexpected("\")\" expected: the one opened before is not closed") }
      // A parenthesised comparison is a pipeline of one stage.
      if case .scalarFilter(let filter) = inner.value { inner.value = .pipeline(SpansetPipeline([.scalar(filter)])) }
      inner.range = SourceRange(start.start, lastEnd)
      inner.isParenthesised = true
      return inner
    case .symbol(.subtract):
      advance()
      let operand = try nested { (parser) throws(QueryError) in try parser.parseOperand() }
      guard let negated = operand.constant?.negated else {
        throw error("\"-\" stands before a number here, not before \(operand.noun)", at: operand.range)
      }
      return Operand(value: .constant(negated), range: start.union(operand.range))
    case .int, .float, .duration:
      guard let value = literal(of: kind) else { throw unexpected() }
      advance()
      return Operand(value: .constant(value), range: start)
    case .word(let word):
      guard let function = AggregateFunction(rawValue: word) else {
        throw unexpected(isFunctionCall ? "no such function" : "spans in braces expected")
      }
      return try parseAggregate(function)
    default: throw unexpected("spans in braces expected")
    }
  }

  var isFunctionCall: Bool { following.kind == .symbol(.openParen) }

  /// `{ … }`; `{ }` is `{ true }`.
  mutating func parseFilter() throws(QueryError) -> FieldExpression {
    let start = token.range
    advance()
    if kind == .symbol(.closeBrace) {
      advance()
      return .literal(.bool(true), SourceRange(start.start, lastEnd))
    }
    let expression = try parseField()
    guard accept(.closeBrace) else {
      throw kind == .end
        ? error("this \"{\" is not closed", at: start) : unexpected("an operator or \"}\" expected")
    }
    try checkFilter(expression)
    return expression
  }

  private mutating func parseAggregate(_ function: AggregateFunction) throws(QueryError) -> Operand {
    let start = token.range
    advance()
    try expect(.openParen, after: "after \(function.rawValue)")
    var expression: FieldExpression?
    if function != .count {
      let operand = try parseField()
      try checkAggregated(operand, by: function)
      expression = operand
    }
    try expect(.closeParen, after: "to close \(function.rawValue)")
    let range = SourceRange(start.start, lastEnd)
    return Operand(value: .scalar(Aggregate(function: function, expression: expression, range: range)), range: range)
  }

  private func combine(
    _ left: Operand, _ symbol: Token.Symbol, _ right: Operand, _ operatorRange: SourceRange
  ) throws(QueryError) -> Operand {
    let range = left.range.union(right.range)
    if let leftSpans = left.spanset, let rightSpans = right.spanset,
      let spansetOperator = SpansetOperator(rawValue: symbol.rawValue)
    {
      guard left.isOfPipelines == right.isOfPipelines else {
        throw error(
          "a pipeline cannot stand on the right of spans in braces", at: right.range,
          suggestion: "(\(leftSpans) | { }) \(symbol.rawValue) …")
      }
      return Operand(value: .spanset(.operation(spansetOperator, leftSpans, rightSpans, range)), range: range)
    }
    if left.metrics != nil || right.metrics != nil {
      return Operand(value: .metrics(try combineMetrics(left, symbol, right, operatorRange)), range: range)
    }
    guard let binary = BinaryOperator(rawValue: symbol.rawValue) else {
      throw error("\"\(symbol.rawValue)\" cannot stand between \(left.noun) and \(right.noun)", at: operatorRange)
    }
    if let leftValue = left.constant, let rightValue = right.constant {
      return Operand(value: .constant(try fold(leftValue, binary, rightValue, range)), range: range)
    }
    if case .scalar(let aggregate) = left.value, let value = right.constant, binary.isComparison {
      guard let aggregate else { throw error("arithmetic over aggregates is not supported", at: left.range) }
      let type = aggregate.expression?.type ?? .int
      guard type.matches(value.type) else {
        throw error("\(type.noun) cannot be compared with \(value.type.noun)", at: range)
      }
      let filter = ScalarFilter(aggregate: aggregate, comparison: binary, value: value)
      return Operand(value: .scalarFilter(filter), range: range)
    }
    if left.isScalar || right.isScalar, left.isScalar || left.constant != nil, right.isScalar || right.constant != nil {
      if binary.precedence >= Precedence.additive { return Operand(value: .scalar(nil), range: range) }
      if binary.isComparison {
        if left.constant != nil {
          throw error("the constant stands on the right of a comparison with an aggregate", at: range)
        }
        if case .scalar = left.value {
          throw error("aggregates can only be compared with constants", at: range)
        }
        throw error("an aggregate in parentheses cannot be compared, compare it inside", at: range)
      }
    }
    throw error("\"\(symbol.rawValue)\" cannot stand between \(left.noun) and \(right.noun)", at: operatorRange)
  }

  /// Arithmetic between constants outside of braces. Integers stay integers: 1 / 2 is 0.
  private func fold(
    _ left: Literal, _ binary: BinaryOperator, _ right: Literal, _ range: SourceRange
  ) throws(QueryError) -> Literal {
    guard [.add, .subtract, .multiply, .divide].contains(binary) else {
      throw error("\"\(binary.rawValue)\" cannot stand between two constants here", at: range)
    }
    if case .duration = left { throw error("durations cannot be calculated with here", at: range) }
    if case .duration = right { throw error("durations cannot be calculated with here", at: range) }
    if case .int(let a) = left, case .int(let b) = right {
      switch binary {
      case .add: return .int(a &+ b)
      case .subtract: return .int(a &- b)
      case .multiply: return .int(a &* b)
      default:
        guard b != 0 else { throw error("division by zero", at: range) }
        return .int(b == -1 ? 0 &- a : a / b)
      }
    }
    guard let a = left.number, let b = right.number else { throw error("numbers expected", at: range) }
    let value =
      switch binary {
      case .add: a + b
      case .subtract: a - b
      case .multiply: a * b
      default: a / b
      }
    guard value.isFinite else { throw error("the result is out of range", at: range) }
    return .float(value)
  }
}
