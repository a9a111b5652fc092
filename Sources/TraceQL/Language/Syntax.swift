/// An expression over one span.
public indirect enum FieldExpression: Hashable, Sendable {
  case literal(Literal, SourceRange)
  case attribute(Attribute, SourceRange)
  case unary(UnaryOperator, FieldExpression, SourceRange)
  case binary(BinaryOperator, FieldExpression, FieldExpression, SourceRange)
  /// `x != nil`, or `x = nil` when negated.
  case exists(FieldExpression, negated: Bool, SourceRange)

  /// Where it stands in the query.
  public var range: SourceRange {
    switch self {
    case .literal(_, let range), .attribute(_, let range), .unary(_, _, let range),
      .binary(_, _, _, let range), .exists(_, _, let range):
      range
    }
  }
}

/// A selection of spans of one trace.
public indirect enum SpansetExpression: Hashable, Sendable {
  /// `{ expression }`; `{ }` holds the literal `true` and matches every span.
  case filter(FieldExpression)
  /// Two selections and how their spans relate.
  case operation(SpansetOperator, SpansetExpression, SpansetExpression, SourceRange)
  /// A parenthesised pipeline as an operand.
  case pipeline(SpansetPipeline)
}

/// A function over the spans of a spanset.
public enum AggregateFunction: String, Hashable, Sendable, CaseIterable {
  case count
  case avg
  case max
  case min
  case sum
}

/// `count()`, or another aggregate over an expression.
public struct Aggregate: Hashable, Sendable {
  public var function: AggregateFunction
  /// What is aggregated; nil for `count()` only.
  public var expression: FieldExpression?
  public var range: SourceRange
}

/// `aggregate op constant`: keeps the spansets for which it holds.
public struct ScalarFilter: Hashable, Sendable {
  public var aggregate: Aggregate
  public var comparison: BinaryOperator
  public var value: Literal
}

/// One step of a pipeline.
public enum Stage: Hashable, Sendable {
  case spanset(SpansetExpression)
  case scalar(ScalarFilter)
  /// `by(expression)`: splits a spanset by the value of the expression.
  case group(FieldExpression)
  /// `coalesce()`: joins the spansets of a trace again.
  case coalesce
  /// `select(attributes)`: adds them to the result.
  case select([Attribute])
}

/// Steps, each working on what the one before left.
public struct SpansetPipeline: Hashable, Sendable {
  public var stages: [Stage]

  /// A pipeline of these stages.
  public init(_ stages: [Stage]) {
    self.stages = stages
  }
}

/// What a metrics query computes per interval.
public enum MetricsFunction: Hashable, Sendable {
  case rate
  case countOverTime
  case minOverTime(Attribute)
  case maxOverTime(Attribute)
  case sumOverTime(Attribute)
  case avgOverTime(Attribute)
  case quantileOverTime(Attribute, [Double])
  case histogramOverTime(Attribute)
  /// Spans that match the filter against those that do not: the `top` most frequent values of every
  /// attribute; the selection may be limited to a window (Unix nanoseconds).
  case compare(FieldExpression, top: Int, window: ComparisonWindow?)

  /// The name it is written with, which also names the only series of an ungrouped query.
  public var name: String {
    switch self {
    case .rate: "rate"
    case .countOverTime: "count_over_time"
    case .minOverTime: "min_over_time"
    case .maxOverTime: "max_over_time"
    case .sumOverTime: "sum_over_time"
    case .avgOverTime: "avg_over_time"
    case .quantileOverTime: "quantile_over_time"
    case .histogramOverTime: "histogram_over_time"
    case .compare: "compare"
    }
  }
}

/// The window of `compare()`: after `start`, up to and including `end`, in Unix nanoseconds.
public struct ComparisonWindow: Hashable, Sendable {
  public var start: Int
  public var end: Int
}

/// Spans turned into series.
public struct MetricsPipeline: Hashable, Sendable {
  public var pipeline: SpansetPipeline
  public var function: MetricsFunction
  /// What the series are grouped by.
  public var by: [Attribute]
}

/// What is done to series once they are computed.
public enum SecondStage: Hashable, Sendable {
  case topk(Int)
  case bottomk(Int)
  /// Keeps the samples for which the comparison holds; durations are in seconds.
  case filter(BinaryOperator, Literal)
}

/// A metrics query: series, second stages over them and arithmetic between them.
public indirect enum MetricsExpression: Hashable, Sendable {
  case pipeline(MetricsPipeline)
  case second(SecondStage, MetricsExpression)
  /// `series op value`, or `value op series` when the scalar is on the left.
  case scalar(BinaryOperator, Literal, MetricsExpression, scalarOnLeft: Bool)
  case binary(BinaryOperator, MetricsExpression, MetricsExpression)
}

/// `name=value` in `with(…)`.
public struct Hint: Hashable, Sendable {
  public var name: String
  public var value: Literal
}

/// What a query asks for.
public enum QueryBody: Hashable, Sendable {
  case search(SpansetPipeline)
  case metrics(MetricsExpression)
}

/// A TraceQL query.
public struct Query: Hashable, Sendable {
  public var body: QueryBody
  public var hints: [Hint]

  /// A query without hints, unless some are given.
  public init(_ body: QueryBody, hints: [Hint] = []) {
    self.body = body
    self.hints = hints
  }

  /// What finds one trace, by its id.
  public static func trace(_ id: String) -> Query {
    let condition = FieldExpression.binary(
      .equal, .attribute(.intrinsic(.traceID), .none), .literal(.string(id), .none), .none)
    return Query(.search(SpansetPipeline([.spanset(.filter(condition))])))
  }

  /// What finds everything.
  public static let all = Query(.search(SpansetPipeline([.spanset(.filter(.literal(.bool(true), .none)))])))

  /// Whether it yields series rather than traces.
  public var isMetrics: Bool {
    if case .metrics = body { true } else { false }
  }
}

extension Query {
  /// Whether it narrows down the spans at all; one without a filter reads everything.
  public var hasFilter: Bool {
    switch body {
    case .search(let pipeline): pipeline.hasFilter
    case .metrics(let metrics): metrics.pipelines.allSatisfy(\.pipeline.hasFilter)
    }
  }
}

extension SpansetPipeline {
  fileprivate var hasFilter: Bool {
    stages.contains { if case .spanset(let expression) = $0 { expression.hasFilter } else { false } }
  }
}

extension SpansetExpression {
  fileprivate var hasFilter: Bool {
    switch self {
    case .filter(.literal(.bool(true), _)): false
    case .filter: true
    case .operation(.or, let left, let right, _): left.hasFilter && right.hasFilter
    case .operation(_, let left, let right, _): left.hasFilter || right.hasFilter
    case .pipeline(let pipeline): pipeline.hasFilter
    }
  }
}
