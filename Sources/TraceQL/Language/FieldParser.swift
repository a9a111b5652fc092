/// Expressions between braces, and in `by(…)` and aggregates.
extension Parser {
  /// An expression with the depth of its tree.
  typealias Field = (expression: FieldExpression, depth: Int)

  mutating func parseField() throws(QueryError) -> FieldExpression {
    try nested { (parser) throws(QueryError) in try parser.parseField(minimum: Precedence.logical) }.expression
  }

  private mutating func parseField(minimum: Int) throws(QueryError) -> Field {
    var left = try parseFieldOperand()
    while case .symbol(let symbol) = kind {
      guard let binary = BinaryOperator(rawValue: symbol.rawValue) else {
        if let suggestion = Suggestion.forOperator(at: index, of: tokens) {
          throw unexpected(suggestion: suggestion)
        }
        break
      }
      guard binary.precedence >= minimum else { break }
      let operatorRange = token.range
      advance()
      if kind == .word("nil"), binary == .equal || binary == .notEqual {
        let range = left.expression.range.union(token.range)
        advance()
        left = (try makeExists(left.expression, negated: binary == .equal, range), left.depth + 1)
      } else {
        // Only ^ groups from the right.
        let right = try parseField(minimum: binary == .power ? binary.precedence : binary.precedence + 1)
        left = (
          try makeBinary(binary, left.expression, right.expression, operatorRange), max(left.depth, right.depth) + 1
        )
      }
      try checkDepth(left.depth)
    }
    return left
  }

  private mutating func parseFieldOperand() throws(QueryError) -> Field {
    let start = token.range
    switch kind {
    case .symbol(.openParen):
      advance()
      let inner = try nested { (parser) throws(QueryError) in try parser.parseField(minimum: Precedence.logical) }
      guard accept(.closeParen) else { throw unexpected("\")\" expected: the one opened before is not closed") }
      return inner
    case .symbol(.subtract): return try parseUnary(.minus)
    case .symbol(.not): return try parseUnary(.not)
    case .attribute(let scope, let name):
      advance()
      return (.attribute(.named(scope, name), start), 1)
    case .parentAttribute, .intrinsicScope, .word:
      if kind == .word("nil") { return try parseNilOnTheLeft() }
      if let value = literal(of: kind) {
        advance()
        return (.literal(value, start), 1)
      }
      let (attribute, range) = try parseAttribute()
      return (.attribute(attribute, range), 1)
    default:
      guard let value = literal(of: kind) else { throw unexpected("a value expected") }
      advance()
      return (.literal(value, start), 1)
    }
  }

  private mutating func parseUnary(_ unary: UnaryOperator) throws(QueryError) -> Field {
    let start = token.range
    advance()
    let operand = try nested { (parser) throws(QueryError) in
      try parser.parseField(minimum: unary.precedence + 1)
    }
    let range = start.union(operand.expression.range)
    if unary == .minus, case .literal(let value, _) = operand.expression, let negated = value.negated {
      return (.literal(negated, range), 1)
    }
    try checkUnary(unary, operand.expression, range)
    return (.unary(unary, operand.expression, range), operand.depth + 1)
  }

  /// `nil = x` and `nil != x`; nil itself never equals nor differs from nil.
  private mutating func parseNilOnTheLeft() throws(QueryError) -> Field {
    let start = token.range
    advance()
    let negated = kind == .symbol(.equal)
    guard negated || kind == .symbol(.notEqual) else {
      throw unexpected("nil can only be compared with = or !=")
    }
    advance()
    if kind == .word("nil") {
      let range = start.union(token.range)
      advance()
      return (.literal(.bool(false), range), 1)
    }
    let operand = try nested { (parser) throws(QueryError) in
      try parser.parseField(minimum: Precedence.comparison + 1)
    }
    let range = start.union(operand.expression.range)
    return (try makeExists(operand.expression, negated: negated, range), operand.depth + 1)
  }

  /// An attribute or an intrinsic.
  mutating func parseAttribute() throws(QueryError) -> (Attribute, SourceRange) {
    let start = token.range
    switch kind {
    case .attribute(let scope, let name):
      advance()
      return (.named(scope, name), start)
    case .parentAttribute:
      throw error("attributes of the parent span are not supported, use { … } > { … }", at: start)
    case .intrinsicScope(let scope):
      advance()
      guard case .word(let word) = kind, let intrinsic = Intrinsic.scoped[scope]?[word] else {
        let known = (Intrinsic.scoped[scope] ?? [:]).keys.sorted()
        let near = Suggestion.nearest(to: Suggestion.name(of: kind), in: known).map { "\(scope):\($0)" }
        throw error(
          "\(scope): has no \(kind.noun), only \(known.joined(separator: ", "))", at: start.union(token.range),
          suggestion: near ?? Suggestion.otherScope(of: Suggestion.name(of: kind)))
      }
      let range = start.union(token.range)
      advance()
      return (.intrinsic(intrinsic), range)
    case .word(let word):
      if let intrinsic = Intrinsic.unscoped[word] {
        advance()
        return (.intrinsic(intrinsic), start)
      }
      if word == "parent" { throw error("parent is not supported", at: start) }
      throw unknownName()
    default: throw unexpected("an attribute expected")
    }
  }

  /// The error for a word that is no keyword: most often an attribute without its scope.
  private func unknownName() -> QueryError {
    // The whole of http.status_code is shown, although it is cut at the first dot.
    let bytes = Array(query.utf8)
    var end = token.range.end
    while end < bytes.count,
      bytes[end] == UInt8(ascii: ".") || bytes[end] == UInt8(ascii: "_") || bytes[end] == UInt8(ascii: "-")
        || (bytes[end] >= 0x30 && bytes[end] <= 0x39) || (bytes[end] | 0x20 >= 0x61 && bytes[end] | 0x20 <= 0x7A)
    {
      end += 1
    }
    let name = String(decoding: bytes[token.range.start..<end], as: UTF8.self)
    return error(
      "unknown name \"\(name)\"", at: SourceRange(token.range.start, end), suggestion: Suggestion.forName(name))
  }
}
