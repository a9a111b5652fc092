import TraceQL

/// Finds queries that no trace can match, whatever comes: constants, ranges that hold nothing, and one value that would
/// have to be two.
enum NeverMatch {
  static func check(_ query: Query, in text: String) throws(QueryError) {
    guard case .search(let pipeline) = query.body, let range = impossible(pipeline) else { return }
    throw QueryError("this can never match", in: text, at: range)
  }

  /// Where a pipeline says what cannot be; `nil` when it can match, as far as is known.
  private static func impossible(_ pipeline: SpansetPipeline) -> SourceRange? {
    for stage in pipeline.stages {
      switch stage {
      case .spanset(let expression): if let range = impossible(expression) { return range }
      case .scalar(let filter): if let range = impossible(filter) { return range }
      case .group, .coalesce, .select: continue
      }
    }
    return nil
  }

  private static func impossible(_ expression: SpansetExpression) -> SourceRange? {
    switch expression {
    case .filter(let condition): return impossible(condition)
    case .pipeline(let pipeline): return impossible(pipeline)
    case .operation(.or, let left, let right, _):
      guard let range = impossible(left), impossible(right) != nil else { return nil }
      return range
    case .operation(let spansetOperator, let left, let right, _):
      switch spansetOperator {
      case .notChild, .notParent, .notDescendant, .notAncestor, .notSibling: return impossible(right)
      default: return impossible(left) ?? impossible(right)
      }
    }
  }

  /// A count is at least 1, for spansets are never empty.
  private static func impossible(_ filter: ScalarFilter) -> SourceRange? {
    guard filter.aggregate.function == .count, let value = number(filter.value) else { return nil }
    var span = Interval(low: 1)
    span.narrow(filter.comparison, value, isWhole: true)
    return span.isEmpty ? filter.aggregate.range : nil
  }

  /// What is known of one value of a span.
  private struct Interval {
    var low = -Double.infinity
    var high = Double.infinity
    var excludesLow = false
    var excludesHigh = false

    init(low: Double = -.infinity) { self.low = low }

    var isEmpty: Bool { low > high || low == high && (excludesLow || excludesHigh) }

    mutating func narrow(_ comparison: BinaryOperator, _ value: Double, isWhole: Bool) {
      switch comparison {
      case .equal:
        raise(value, excluded: false)
        lower(value, excluded: false)
        if isWhole, value != value.rounded() { high = -.infinity }
      case .greater: isWhole ? raise(value.rounded(.down) + 1, excluded: false) : raise(value, excluded: true)
      case .greaterOrEqual: raise(isWhole ? value.rounded(.up) : value, excluded: false)
      case .less: isWhole ? lower(value.rounded(.up) - 1, excluded: false) : lower(value, excluded: true)
      case .lessOrEqual: lower(isWhole ? value.rounded(.down) : value, excluded: false)
      default: break
      }
    }

    private mutating func raise(_ value: Double, excluded: Bool) {
      if value > low { (low, excludesLow) = (value, excluded) } else if value == low, excluded { excludesLow = true }
    }

    private mutating func lower(_ value: Double, excluded: Bool) {
      if value < high {
        (high, excludesHigh) = (value, excluded)
      } else if value == high, excluded {
        excludesHigh = true
      }
    }
  }

  private static func impossible(_ condition: FieldExpression) -> SourceRange? {
    switch condition {
    case .literal(.bool(false), let range): return range
    case .binary(.or, let left, let right, _):
      guard let range = impossible(left), impossible(right) != nil else { return nil }
      return range
    default: break
    }
    var intervals: [Attribute: Interval] = [:]
    var values: [Attribute: Literal] = [:]
    for part in conjuncts(condition) {
      switch part {
      case .literal(.bool(false), let range): return range
      case .binary(.or, _, _, _): if let range = impossible(part) { return range }
      case .binary(let comparison, let left, let right, _):
        let flipped = if case .literal = left { true } else { false }
        guard case .attribute(let attribute, _) = flipped ? right : left, isSingle(attribute),
          case .literal(let literal, _) = flipped ? left : right
        else { continue }
        let comparison = flipped ? comparison.flipped : comparison
        if let value = number(literal) {
          // Durations and counts are whole and never below 0.
          var interval = intervals[attribute] ?? Interval(low: 0)
          interval.narrow(comparison, value, isWhole: true)
          if interval.isEmpty { return part.range }
          intervals[attribute] = interval
        } else if comparison == .equal {
          if let other = values[attribute], other != literal { return part.range }
          values[attribute] = literal
        } else if comparison == .notEqual, values[attribute] == literal {
          return part.range
        }
      default: continue
      }
    }
    return nil
  }

  /// Values that each span has exactly one of. Attributes may be lists, and events and links are several.
  private static func isSingle(_ attribute: Attribute) -> Bool {
    guard case .intrinsic(let intrinsic) = attribute else { return false }
    switch intrinsic {
    case .eventName, .eventTimeSinceStart, .linkSpanID, .linkTraceID: return false
    case .nestedSetLeft, .nestedSetRight, .nestedSetParent: return false
    default: return true
    }
  }

  private static func conjuncts(_ condition: FieldExpression) -> [FieldExpression] {
    var parts: [FieldExpression] = []
    var pending = [condition]
    while let next = pending.popLast() {
      if case .binary(.and, let left, let right, _) = next { pending += [right, left] } else { parts.append(next) }
    }
    return parts
  }

  private static func number(_ literal: Literal) -> Double? {
    switch literal {
    case .int(let value), .duration(let value): Double(value)
    case .float(let value): value
    default: nil
    }
  }
}
