public import TraceQL

/// What is to be kept of traces, and what is not.
///
/// Spans that a drop rule on single spans matches are gone before anything else looks. Of the rest each trace is judged as
/// a whole: a drop rule on traces wins, then the first keep rule that matches and whose rate has room, then `sample`. What
/// nothing keeps is dropped; but where there is neither a keep rule nor a `sample`, everything else is kept.
public struct Policy: Sendable {
  /// A query of TraceQL and what it is for.
  public struct Rule: Sendable {
    public enum Action: String, Sendable { case drop, keep }

    public let action: Action
    /// As it was written, without the rate.
    public let text: String
    public let query: Query
    /// Traces a second that it keeps at most; `nil`: all.
    public let rate: Double?

    /// Whether it drops single spans, rather than saying something of traces.
    var dropsSpans: Bool { action == .drop && SpanFilters.isCondition(query) }
  }

  /// How many of the traces that no rule keeps are kept.
  public enum Sample: Sendable, Equatable {
    /// This share, above 0 and up to 1.
    case share(Double)
    /// So many traces a second.
    case perSecond(Double)
  }

  public private(set) var rules: [Rule] = []
  public var sample: Sample?

  public init() {}

  /// Whether it changes nothing.
  public var isEmpty: Bool { rules.isEmpty && sample == nil }

  /// Adds a rule as a user writes it: a query, after the rate (`100/s {…}`) where it keeps.
  public mutating func add(_ action: Rule.Action, _ text: String) throws(PolicyError) {
    let (rate, length) = action == .keep ? Policy.rate(before: text) : (nil, 0)
    // Blanks in place of the rate, so that errors stand where the user sees them.
    let query = String(repeating: " ", count: length) + text.dropFirst(length)
    do throws(QueryError) {
      let parsed = try Query(parsing: query)
      if parsed.isMetrics {
        throw QueryError("a rule selects spans or traces, and this yields series", in: query, at: SourceRange(0, 0))
      }
      try NeverMatch.check(parsed, in: query)
      rules.append(
        Rule(action: action, text: String(text.dropFirst(length)), query: parsed, rate: rate))
    } catch {
      throw PolicyError(action: action, text: text, error: error)
    }
  }

  /// The rate that a text begins with, and how many characters it takes.
  private static func rate(before text: String) -> (Double?, Int) {
    let head = text.prefix { $0 != "{" && $0 != "(" }
    guard let slash = head.firstIndex(of: "/"), let rate = Policy.number(head[..<slash]), rate > 0 else {
      return (nil, 0)
    }
    let rest = head[head.index(after: slash)...]
    guard rest.first == "s", rest.dropFirst().first?.isWhitespace ?? false else { return (nil, 0) }
    return (rate, text.distance(from: text.startIndex, to: slash) + 2)
  }

  /// Reads `5%`, `0.1%` or `20/s`; `nil` for anything else, a share of nothing included.
  public static func sample(_ text: String) -> Sample? {
    if text.hasSuffix("%"), let percent = number(text.dropLast()), percent > 0, percent <= 100 {
      return .share(percent / 100)
    }
    if text.hasSuffix("/s"), let rate = number(text.dropLast(2)), rate > 0 { return .perSecond(rate) }
    return nil
  }

  private static func number(_ text: Substring) -> Double? {
    let trimmed = text.drop { $0 == " " }
    guard let first = trimmed.utf8.first, 48...57 ~= first || first == 46, let value = Double(trimmed), value.isFinite
    else { return nil }
    return value
  }

  /// Rules that cannot come into effect since others stand before them.
  public func checkTogether() throws(PolicyError) {
    for rule in rules where rule.action == .keep {
      let shadow = rules.first { other in other.action == .drop && other.query.body == rule.query.body }
      guard shadow != nil else { continue }
      let error = QueryError(
        "this can never match: --drop has the same query, and wins", in: rule.text,
        at: SourceRange(0, rule.text.utf8.count))
      throw PolicyError(action: .keep, text: rule.text, error: error)
    }
  }
}

/// Why a rule was refused, and where in it.
public struct PolicyError: Error, Sendable, CustomStringConvertible {
  public let action: Policy.Rule.Action
  public let text: String
  public let error: QueryError

  /// The option, the place and the reason.
  public var description: String { "--\(action.rawValue): \(error)" }
}
