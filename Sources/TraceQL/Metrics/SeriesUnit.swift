/// What the values of series are measured in.
public enum SeriesUnit: Equatable, Sendable {
  case spansPerSecond
  case spans
  /// Durations, which series hold as seconds.
  case seconds
  /// Whatever an attribute holds.
  case attribute(Attribute)
  /// A number without a unit, such as a share.
  case none
}

extension Query {
  /// What the series of a metrics query are measured in; none for a search.
  public var unit: SeriesUnit {
    if case .metrics(let expression) = body { expression.unit } else { .none }
  }
}

extension MetricsExpression {
  fileprivate var unit: SeriesUnit {
    switch self {
    case .pipeline(let metrics): metrics.function.unit
    case .second(_, let operand): operand.unit
    // Twice a number of spans is no number of spans, but five more than it may be.
    case .scalar(let arithmetic, _, let operand, _):
      arithmetic == .add || arithmetic == .subtract ? operand.unit : .none
    case .binary(let arithmetic, let left, let right):
      (arithmetic == .add || arithmetic == .subtract) && left.unit == right.unit ? left.unit : .none
    }
  }
}

extension MetricsFunction {
  fileprivate var unit: SeriesUnit {
    switch self {
    case .rate: .spansPerSecond
    case .countOverTime, .histogramOverTime, .compare: .spans
    case .minOverTime(let value), .maxOverTime(let value), .sumOverTime(let value), .avgOverTime(let value),
      .quantileOverTime(let value, _):
      value.type == .duration ? .seconds : .attribute(value)
    }
  }
}
