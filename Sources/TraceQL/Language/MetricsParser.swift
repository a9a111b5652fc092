/// Metrics functions, what follows them, and arithmetic between them.
extension Parser {
  /// Most attributes a metrics query may group by.
  static let maximumGroups = 5

  private static let metricsFunctions: Set<String> = [
    "rate", "count_over_time", "min_over_time", "max_over_time", "sum_over_time", "avg_over_time",
    "quantile_over_time", "histogram_over_time", "compare",
  ]

  /// A metrics function with its second stages, when `word` names one.
  mutating func parseMetricsStage(
    _ word: String, over stages: [Stage], from start: SourceRange
  ) throws(QueryError) -> Operand? {
    if word == "topk" || word == "bottomk" {
      throw error("\(word)() needs a metrics function before it, as in { } | rate() | \(word)(5)", at: token.range)
    }
    guard Parser.metricsFunctions.contains(word), isFunctionCall else { return nil }
    let nameRange = token.range
    guard !stages.isEmpty else {
      throw error("\(word)() needs spans before it", at: nameRange, suggestion: "{ } | \(word)(")
    }
    advance()
    try expect(.openParen, after: "after \(word)")
    let function = try parseMetricsArguments(word)
    try expect(.closeParen, after: "to close \(word)")
    var by: [Attribute] = []
    if kind == .word("by") {
      let byRange = token.range
      advance()
      try expect(.openParen, after: "after by")
      by = try parseAttributeList()
      try expect(.closeParen, after: "to close by")
      let reserved: Int
      switch function {
      case .compare: throw error("compare() cannot be grouped", at: byRange)
      case .histogramOverTime, .quantileOverTime, .avgOverTime: reserved = 1
      default: reserved = 0
      }
      guard by.count <= Parser.maximumGroups - reserved else {
        throw error("\(word)() groups by at most \(Parser.maximumGroups - reserved) attributes", at: byRange)
      }
    }
    let metrics = MetricsPipeline(pipeline: SpansetPipeline(stages), function: function, by: by)
    return try parseSecondStages(
      after: Operand(value: .metrics(.pipeline(metrics)), range: SourceRange(start.start, lastEnd)))
  }

  private mutating func parseMetricsArguments(_ word: String) throws(QueryError) -> MetricsFunction {
    switch word {
    case "rate": return .rate
    case "count_over_time": return .countOverTime
    case "min_over_time": return .minOverTime(try parseAttribute().0)
    case "max_over_time": return .maxOverTime(try parseAttribute().0)
    case "sum_over_time": return .sumOverTime(try parseAttribute().0)
    case "avg_over_time": return .avgOverTime(try parseAttribute().0)
    case "histogram_over_time": return .histogramOverTime(try parseAttribute().0)
    case "quantile_over_time": return try parseQuantiles()
    default: return try parseCompare()
    }
  }

  private mutating func parseQuantiles() throws(QueryError) -> MetricsFunction {
    let attribute = try parseAttribute().0
    try expect(.comma, after: "before the quantiles, as in quantile_over_time(duration, .9)")
    var quantiles: [Double] = []
    repeat {
      let range = token.range
      let quantile: Double
      switch kind {
      case .int(let value): quantile = Double(value)
      case .float(let value): quantile = value
      default: throw unexpected("a quantile between 0 and 1 expected")
      }
      guard quantile >= 0, quantile <= 1 else { throw error("a quantile is between 0 and 1", at: range) }
      advance()
      quantiles.append(quantile)
    } while accept(.comma)
    return .quantileOverTime(attribute, quantiles)
  }

  private mutating func parseCompare() throws(QueryError) -> MetricsFunction {
    guard kind == .symbol(.openBrace) else { throw unexpected("the selection in braces expected") }
    let filter = try parseFilter()
    guard accept(.comma) else { return .compare(filter, top: 10, window: nil) }
    let range = token.range
    let top = try parseInteger()
    guard top >= 1, top <= 1000 else { throw error("compare() shows between 1 and 1000 values", at: range) }
    guard accept(.comma) else { return .compare(filter, top: top, window: nil) }
    let windowRange = token.range
    let start = try parseInteger()
    try expect(.comma, after: "between the start and the end of the window")
    let end = try parseInteger()
    if start == 0, end == 0 { return .compare(filter, top: top, window: nil) }
    guard start > 0, end > start else {
      throw error("the window of compare() is two Unix times in nanoseconds, the earlier first", at: windowRange)
    }
    return .compare(filter, top: top, window: ComparisonWindow(start: start, end: end))
  }

  private mutating func parseInteger() throws(QueryError) -> Int {
    guard case .int(let value) = kind else { throw unexpected("an integer expected") }
    advance()
    return value
  }

  /// `| topk(n)`, `| bottomk(n)` and comparisons, in any number and order.
  mutating func parseSecondStages(after operand: Operand) throws(QueryError) -> Operand {
    guard var metrics = operand.metrics else { return operand }
    var depth = operand.depth
    while case .symbol(let symbol) = kind {
      if let suggestion = Suggestion.forOperator(at: index, of: tokens) {
        advance()
        throw unexpected(suggestion: suggestion)
      }
      if symbol == .pipe {
        advance()
        guard case .word(let word) = kind, word == "topk" || word == "bottomk" else {
          throw unexpected("only topk(n), bottomk(n) and comparisons follow a metrics function")
        }
        advance()
        try expect(.openParen, after: "after \(word)")
        let range = token.range
        let count = try parseInteger()
        guard count > 0 else { throw error("\(word)() needs at least 1", at: range) }
        try expect(.closeParen, after: "to close \(word)")
        metrics = .second(word == "topk" ? .topk(count) : .bottomk(count), metrics)
      } else if let comparison = BinaryOperator(rawValue: symbol.rawValue), comparison.isComparison {
        advance()
        let right = try parseExpression(minimum: Precedence.additive)
        guard let value = right.constant else {
          throw error("series can only be compared with a constant", at: right.range)
        }
        metrics = .second(.filter(comparison, value), metrics)
      } else {
        break
      }
      depth += 1
      try checkDepth(depth)
    }
    return Operand(
      value: .metrics(metrics), range: SourceRange(operand.range.start, max(lastEnd, operand.range.end)), depth: depth)
  }

  /// Arithmetic between metrics queries or with a constant, and comparison with a constant.
  func combineMetrics(
    _ left: Operand, _ symbol: Token.Symbol, _ right: Operand, _ operatorRange: SourceRange
  ) throws(QueryError) -> MetricsExpression {
    guard let binary = BinaryOperator(rawValue: symbol.rawValue) else {
      throw error("\"\(symbol.rawValue)\" does not apply to metrics queries", at: operatorRange)
    }
    if binary.isComparison, let metrics = left.metrics, let value = right.constant {
      guard nesting == 0 else { throw secondStageInside(at: operatorRange) }
      return .second(.filter(binary, value), metrics)
    }
    guard [.add, .subtract, .multiply, .divide].contains(binary) else {
      throw error("\"\(symbol.rawValue)\" does not apply to metrics queries", at: operatorRange)
    }
    switch (left.metrics, right.metrics) {
    case (let left?, let right?): return .binary(binary, left, right)
    case (let metrics?, nil):
      return .scalar(binary, try factor(right), metrics, scalarOnLeft: false)
    case (nil, let metrics?):
      return .scalar(binary, try factor(left), metrics, scalarOnLeft: true)
    case (nil, nil): throw unexpected()
    }
  }

  /// Second stages over arithmetic end a query; only those of a single metrics function stand in its parentheses.
  func secondStageInside(at range: SourceRange) -> QueryError {
    error("topk(), bottomk() and comparisons over arithmetic stand outside of parentheses, at the end", at: range)
  }

  private func factor(_ operand: Operand) throws(QueryError) -> Literal {
    guard let value = operand.constant else {
      throw error("series can be combined with series or numbers, not with \(operand.noun)", at: operand.range)
    }
    if case .duration = value { throw error("a duration cannot be combined with series", at: operand.range) }
    return value
  }
}
