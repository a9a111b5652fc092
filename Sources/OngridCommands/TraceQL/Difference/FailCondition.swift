import Platform
import TraceQL

/// `--fail-on`: what of a difference makes the command fail, such as `p95 > +20% || errors > +1%`.
struct FailCondition {
  enum Measure: String, CaseIterable {
    case calls, errors, p50, p95, own
  }

  private enum Bound {
    /// A part of what it was before; of errors, a part of the calls.
    case share(Double)
    /// ns; of calls and errors, a number.
    case amount(Double)
  }

  private struct Comparison {
    let text: String
    let measure: Measure
    let isAbove: Bool
    let bound: Bound
  }

  /// One of these must hold, with all of its parts.
  private let alternatives: [[Comparison]]

  /// Reads a condition; nil when it is none.
  init?(_ text: String) {
    var alternatives: [[Comparison]] = []
    for alternative in text.split(separator: "||", omittingEmptySubsequences: false) {
      var parts: [Comparison] = []
      for part in alternative.split(separator: "&&", omittingEmptySubsequences: false) {
        guard let comparison = FailCondition.comparison(String(part)) else { return nil }
        parts.append(comparison)
      }
      alternatives.append(parts)
    }
    self.alternatives = alternatives
  }

  private static func comparison(_ text: String) -> Comparison? {
    let words = text.split { $0 == " " || $0 == "\t" }.joined()
    guard let sign = words.firstIndex(where: { $0 == "<" || $0 == ">" }),
      let measure = Measure(rawValue: String(words[..<sign]))
    else { return nil }
    var value = words[words.index(after: sign)...]
    if value.hasPrefix("=") { value.removeFirst() }
    let isNegative = value.hasPrefix("-")
    if isNegative || value.hasPrefix("+") { value.removeFirst() }
    let factor: Double = isNegative ? -1 : 1
    let bound: Bound
    if value.hasSuffix("%"), let number = Double(value.dropLast()), number.isFinite {
      bound = .share(factor * number / 100)
    } else if measure != .calls, measure != .errors, let duration = DurationText.parse(String(value)) {
      bound = .amount(factor * Double(duration))
    } else if measure == .calls || measure == .errors, let number = Double(value), number.isFinite {
      bound = .amount(factor * number)
    } else {
      return nil
    }
    return Comparison(text: text.trimmingSpaces, measure: measure, isAbove: words[sign] == ">", bound: bound)
  }

  /// The parts that hold for an operation, in words; nil when the condition does not hold. Where changes were told from
  /// chance, only those count that are not due to it; an operation that was not there before, or is gone, has none.
  func failure(_ change: RunComparison.Change, isTested: Bool) -> String? {
    for parts in alternatives where parts.allSatisfy({ holds($0, change, isTested) }) {
      return parts.map(\.text).joined(separator: " && ")
    }
    return nil
  }

  private func holds(_ comparison: Comparison, _ change: RunComparison.Change, _ isTested: Bool) -> Bool {
    if isTested, !change.isSignificant(comparison.measure.tested) { return false }
    let (before, after) = (comparison.measure.value(change.before), comparison.measure.value(change.after))
    if comparison.measure != .calls, change.isAdded || change.isRemoved { return false }
    let difference: Double
    let bound: Double
    switch comparison.bound {
    case .share(let share):
      bound = share
      if comparison.measure == .errors {
        difference = change.after.errorShare - change.before.errorShare
      } else {
        difference = before > 0 ? after / before - 1 : after > 0 ? .infinity : 0
      }
    case .amount(let amount):
      bound = amount
      difference = after - before
    }
    return comparison.isAbove ? difference > bound : difference < bound
  }
}

extension FailCondition.Measure {
  /// What tells it from chance.
  fileprivate var tested: RunComparison.Measure {
    switch self {
    case .calls: .calls
    case .errors: .errors
    case .p50, .p95: .duration
    case .own: .ownTime
    }
  }

  fileprivate func value(_ figures: RunComparison.Figures) -> Double {
    switch self {
    case .calls: Double(figures.calls)
    case .errors: Double(figures.errors)
    case .p50: Double(figures.median)
    case .p95: Double(figures.percentile95)
    case .own: figures.calls > 0 ? Double(figures.ownTime) / Double(figures.calls) : 0
    }
  }
}

extension OptionType<FailCondition> {
  /// A condition on changes.
  static var failCondition: Self {
    Self("a condition such as 'p95 > +20% || errors > +1%' on calls, errors, p50, p95 or own") { FailCondition($0) }
  }
}

extension String {
  fileprivate var trimmingSpaces: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
