/// What may stand beside what. A query that breaks a rule is refused before anything is read.
extension FieldExpression {
  /// The type of the result, as far as it is known.
  var type: ValueType {
    switch self {
    case .literal(let value, _): value.type
    case .attribute(let attribute, _): attribute.type
    case .exists: .boolean
    case .unary(_, let operand, _): operand.type
    case .binary(let binary, let left, let right, _):
      binary.isBoolean ? .boolean : left.type == .attribute ? right.type : left.type
    }
  }

  /// Whether it reads anything from the span.
  var referencesSpan: Bool {
    switch self {
    case .literal: false
    case .attribute: true
    case .unary(_, let operand, _), .exists(let operand, _, _): operand.referencesSpan
    case .binary(_, let left, let right, _): left.referencesSpan || right.referencesSpan
    }
  }
}

extension Parser {
  func makeBinary(
    _ binary: BinaryOperator, _ left: FieldExpression, _ right: FieldExpression, _ operatorRange: SourceRange
  ) throws(QueryError) -> FieldExpression {
    let range = left.range.union(right.range)
    let (leftType, rightType) = (left.type, right.type)
    guard leftType.matches(rightType) else {
      throw error(
        "\"\(binary.rawValue)\" cannot stand between \(leftType.noun) and \(rightType.noun)", at: range,
        suggestion: Suggestion.unquoted(left, binary, right))
    }
    guard binary.accepts(leftType), binary.accepts(rightType) else {
      let culprit = binary.accepts(leftType) ? rightType : leftType
      throw error("\"\(binary.rawValue)\" does not apply to \(culprit.noun)", at: range)
    }
    if binary == .matches || binary == .notMatches {
      guard case .literal(.string(let pattern), let patternRange) = right else {
        throw error("\"\(binary.rawValue)\" needs a string on its right", at: right.range)
      }
      if let problem = RegularExpression.problem(in: pattern) {
        throw error("invalid regular expression: \(problem)", at: patternRange)
      }
    }
    return .binary(binary, left, right, range)
  }

  func makeExists(
    _ operand: FieldExpression, negated: Bool, _ range: SourceRange
  ) throws(QueryError) -> FieldExpression {
    if negated, case .attribute(let attribute, _) = operand {
      if case .intrinsic(let intrinsic) = attribute {
        throw error("\(intrinsic.rawValue) is never nil", at: range)
      }
      if attribute == .named(.resource, "service.name") {
        throw error("resource.service.name is never nil", at: range)
      }
    }
    return .exists(operand, negated: negated, range)
  }

  func checkUnary(_ unary: UnaryOperator, _ operand: FieldExpression, _ range: SourceRange) throws(QueryError) {
    let type = operand.type
    if type == .attribute || (unary == .not ? type == .boolean : type.isNumeric) { return }
    throw error("\"\(unary.rawValue)\" does not apply to \(type.noun)", at: range)
  }

  /// What stands between braces must be true or false.
  func checkFilter(_ expression: FieldExpression) throws(QueryError) {
    guard expression.type == .attribute || expression.type == .boolean else {
      throw error("a filter must be true or false, this is \(expression.type.noun)", at: expression.range)
    }
  }

  func checkAggregated(_ expression: FieldExpression, by function: AggregateFunction) throws(QueryError) {
    guard expression.type == .attribute || expression.type.isNumeric else {
      throw error("\(function.rawValue)() needs a number, this is \(expression.type.noun)", at: expression.range)
    }
    guard expression.referencesSpan else {
      throw error("\(function.rawValue)() needs something of the span, this is a constant", at: expression.range)
    }
  }

  func check(_ metrics: MetricsExpression, at range: SourceRange) throws(QueryError) {
    if case .pipeline = metrics { return }
    guard !metrics.usesCompare else {
      throw error("compare() cannot be combined with second stages or arithmetic", at: range)
    }
  }
}

extension MetricsExpression {
  fileprivate var usesCompare: Bool {
    switch self {
    case .pipeline(let metrics): if case .compare = metrics.function { true } else { false }
    case .second(_, let operand), .scalar(_, _, let operand, _): operand.usesCompare
    case .binary(_, let left, let right): left.usesCompare || right.usesCompare
    }
  }
}
