import Patterns
import Platform

/// A compiled regular expression that has to match a whole text, as `=~` does.
///
/// Patterns are those of RE2, which Tempo uses; they run on PCRE2. What PCRE2 has beyond RE2 (back-references, look-around, …)
/// is refused, so that a query means the same here and there.
struct RegularExpression: Sendable {
  fileprivate let pattern: CompiledPattern

  /// Nil when the pattern is not valid; `problem(in:)` says why.
  init?(_ pattern: String) {
    guard let translated = PatternSyntax.translate(pattern),
      let compiled = try? CompiledPattern(translated, matching: .whole)
    else { return nil }
    self.pattern = compiled
  }

  /// What is wrong with a pattern; nil when nothing is.
  static func problem(in pattern: String) -> String? {
    if let problem = PatternSyntax.problem(in: pattern) { return problem }
    guard let translated = PatternSyntax.translate(pattern) else { return "not valid" }
    do throws(CompiledPattern.Problem) { _ = try CompiledPattern(translated, matching: .whole) } catch {
      return error.reason
    }
    return nil
  }
}

/// Runs one regular expression on one thread.
final class RegexMatcher {
  private let expression: RegularExpression
  private let matcher: PatternMatcher
  /// Whether a text was given up at a limit; such a text counts as not matching.
  private(set) var reachedLimit = false

  /// Nil when there is no memory.
  init?(_ expression: RegularExpression) {
    guard let matcher = PatternMatcher(steps: 1_000_000, depth: 10_000) else { return nil }
    self.expression = expression
    self.matcher = matcher
  }

  /// Whether the expression matches all of `text`.
  func matches(_ text: ByteView) -> Bool {
    switch matcher.match(expression.pattern, text) {
    case .found: return true
    case .none: return false
    case .gaveUp:
      reachedLimit = true
      return false
    }
  }
}
