public import OTLP
public import TraceFormats

/// Why a query could not be evaluated over traces at hand.
public enum EngineError: Error, Sendable, CustomStringConvertible {
  /// The input could not be read.
  case input(InputError)
  /// Holding what the query needs would take more memory than allowed, in bytes.
  case memory(limit: Int)
  /// The query reads more attributes than the engine has room for.
  case tooManyAttributes(limit: Int)
  /// Searches that are put together have more filters than the engine has room for.
  case tooManyFilters(limit: Int)
  /// Spans at hand could not be read.
  case unreadable(WireError)
  /// A pattern that cannot be compiled.
  case invalidRegex(String)
  /// An operator between spansets met more than one spanset on a side.
  case severalSpansets
  /// A regular expression took too many steps on a value.
  case regexLimit
  /// The range and the step of a metrics query make too many intervals.
  case tooManyIntervals(limit: Int)
  /// A value over the whole range was asked for, without a range.
  case noRange
  /// A search was asked for series, or a metrics query for traces.
  case wrongKind
  /// A condition on single spans is needed, and the query needs whole traces.
  case needsTraces

  public var description: String {
    switch self {
    case .input(let error): error.description
    case .memory(let limit): "the query needs more than the allowed \(limit >> 20) MiB of memory"
    case .tooManyAttributes(let limit): "the query reads more than \(limit) different attributes"
    case .tooManyFilters(let limit): "the queries have more than \(limit) filters together"
    case .unreadable(let error): error.description
    case .invalidRegex(let pattern): "invalid regular expression: \(pattern)"
    case .severalSpansets:
      "an operator between spansets needs one spanset on each side, join them with coalesce() before"
    case .regexLimit: "a regular expression takes too many steps on one of the values"
    case .tooManyIntervals(let limit): "the time range holds more than \(limit) steps, use a larger step"
    case .noRange: "one value over the whole range needs a range of time"
    case .needsTraces: "the filter of a list must be one that each span passes or not by itself"
    case .wrongKind: "a metrics query yields series, a search yields traces"
    }
  }
}
