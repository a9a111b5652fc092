/// Reads a query: tokens to syntax tree, checking types on the way.
///
/// Recursive descent with operator precedences. Every token is looked at a bounded number of times,
/// so the time is linear in the length of the query; nesting and tree depth are limited.
struct Parser {
  /// Longest query that is read, in bytes.
  static let maximumLength = 1 << 20
  /// How deep parentheses and unary operators may nest.
  static let maximumNesting = 100
  /// How deep the syntax tree may become, which also bounds chains such as `a || b || …`.
  static let maximumDepth = 2_000

  let query: String
  var tokens: [Token]
  var index = 0
  var nesting = 0
  /// Whether a condition without braces was read, which is no part of the language elsewhere.
  var usesShortForm = false

  init(_ query: String) throws(QueryError) {
    self.query = query
    guard query.utf8.count <= Parser.maximumLength else {
      throw QueryError(
        "query is longer than \(Parser.maximumLength) bytes", in: String(query.prefix(40)), at: SourceRange(0, 0))
    }
    tokens = try Lexer.tokens(of: query)
  }

  // MARK: Tokens

  var token: Token { tokens[index] }
  var kind: Token.Kind { tokens[index].kind }
  /// The token after the current one.
  var following: Token { tokens[min(index + 1, tokens.count - 1)] }
  /// Where the last token that was taken ends.
  var lastEnd: Int { index > 0 ? tokens[index - 1].range.end : 0 }

  mutating func advance() {
    if index < tokens.count - 1 { index += 1 }
  }

  /// Takes the symbol if it comes next.
  mutating func accept(_ symbol: Token.Symbol) -> Bool {
    guard kind == .symbol(symbol) else { return false }
    advance()
    return true
  }

  mutating func expect(_ symbol: Token.Symbol, after context: String) throws(QueryError) {
    guard accept(symbol) else { throw unexpected("\"\(symbol.rawValue)\" expected \(context)") }
  }

  func error(_ message: String, at range: SourceRange, suggestion: String? = nil) -> QueryError {
    QueryError(message, in: query, at: range, suggestion: suggestion)
  }

  /// An error at the current token: what it is, and what was expected instead.
  func unexpected(_ expectation: String? = nil, suggestion: String? = nil) -> QueryError {
    let suggestion = suggestion ?? Suggestion.forToken(at: index, of: tokens)
    return error(
      "unexpected \(kind.noun)" + (expectation.map { ", \($0)" } ?? ""), at: token.range, suggestion: suggestion)
  }

  /// Runs `body` one level deeper.
  mutating func nested<Result>(
    _ body: (inout Parser) throws(QueryError) -> Result
  ) throws(QueryError) -> Result {
    nesting += 1
    defer { nesting -= 1 }
    guard nesting <= Parser.maximumNesting else {
      throw error("nested more than \(Parser.maximumNesting) levels deep", at: token.range)
    }
    return try body(&self)
  }

  func checkDepth(_ depth: Int) throws(QueryError) {
    guard depth <= Parser.maximumDepth else {
      throw error("expression is more than \(Parser.maximumDepth) operators deep", at: token.range)
    }
  }

  // MARK: Query

  mutating func parseQuery() throws(QueryError) -> Query {
    guard kind != .end else { throw error("query is empty", at: token.range, suggestion: "{ }") }
    let operand = try parseSequence()
    let body: QueryBody
    switch operand.value {
    case .metrics(let metrics): body = .metrics(metrics)
    case .spanset(let expression): body = .search(SpansetPipeline([.spanset(expression)]))
    case .pipeline(let pipeline): body = .search(pipeline)
    case .scalarFilter(let filter): body = .search(SpansetPipeline([.scalar(filter)]))
    case .scalar, .scalarPipeline:
      guard kind == .end || isHints else { throw unexpected() }
      throw error("an aggregate must be compared with a constant, as in count() > 2", at: operand.range)
    case .constant:
      throw error("a query selects spans, as in { duration > 1s }", at: operand.range)
    }
    var hints: [Hint] = []
    while isHints { hints = try parseHints() }
    guard kind == .end else { throw unexpected(suggestion: arithmeticSuggestion(after: operand)) }
    if case .metrics(let metrics) = body { try check(metrics, at: operand.range) }
    return Query(body, hints: hints)
  }

  var isHints: Bool { kind == .word("with") }

  private mutating func parseHints() throws(QueryError) -> [Hint] {
    advance()
    try expect(.openParen, after: "after with")
    var hints: [Hint] = []
    repeat {
      guard case .word(let name) = kind else { throw unexpected("name of a hint expected") }
      advance()
      try expect(.equal, after: "after the name of a hint")
      let negative = accept(.subtract)
      guard let value = literal(of: kind) else { throw unexpected("value of the hint expected") }
      guard let signed = negative ? value.negated : value else { throw unexpected("number expected") }
      advance()
      hints.append(Hint(name: name, value: signed))
    } while accept(.comma)
    try expect(.closeParen, after: "after the hints")
    return hints
  }

  /// The constant that a token stands for by itself.
  func literal(of kind: Token.Kind) -> Literal? {
    switch kind {
    case .string(let value): .string(value)
    case .int(let value): .int(value)
    case .float(let value): .float(value)
    case .duration(let value): .duration(value)
    case .word(let word): Literal.keywords[word]
    default: nil
    }
  }

  private func arithmeticSuggestion(after operand: Operand) -> String? {
    guard case .metrics = operand.value, case .symbol(let symbol) = kind,
      [.add, .subtract, .multiply, .divide].contains(symbol)
    else { return nil }
    let bytes = Array(query.utf8)
    return
      "(\(String(decoding: bytes[operand.range.start..<min(lastEnd, bytes.count)], as: UTF8.self))) \(symbol.rawValue) …"
  }
}

extension Query {
  /// Reads a query, and checks that its types fit.
  public init(parsing text: String) throws(QueryError) {
    var parser = try Parser(text)
    self = try parser.parseQuery()
  }

  /// Reads a query, and gives its text for other programs: as it is, unless it uses what only this one understands.
  public static func portable(_ text: String) throws(QueryError) -> (query: Query, text: String) {
    var parser = try Parser(text)
    let query = try parser.parseQuery()
    return (query, parser.usesShortForm ? query.description : text)
  }
}

extension Literal {
  /// The negative of a number; nil for anything else.
  var negated: Literal? {
    switch self {
    case .int(let value): .int(0 &- value)
    case .float(let value): .float(-value)
    case .duration(let value): .duration(0 &- value)
    default: nil
    }
  }
}
