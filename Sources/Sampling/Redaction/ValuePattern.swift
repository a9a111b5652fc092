import Patterns
import Platform

/// What of texts is redacted: a regular expression of PCRE2, or a set that has a name.
struct ValuePattern: Sendable {
  /// Why a text is no pattern.
  struct Problem: Error { let reason: String }

  fileprivate let pattern: CompiledPattern
  /// Whether what matches is a card's number only with the right check digit.
  fileprivate let isCards: Bool

  /// Payment cards, with blanks or dashes; addresses of mail; tokens as they begin and look.
  static let sets: [String: String] = [
    "cards": #"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])"#,
    "mails": #"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}"#,
    "tokens":
      #"(?:eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*|(?i:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|glpat-[A-Za-z0-9_-]{20,}|xox[abeprs]-[A-Za-z0-9-]{10,}|sk-[A-Za-z0-9_-]{20,})"#,
  ]

  /// From the name of a set or a pattern.
  init(_ text: String) throws(Problem) {
    isCards = text == "cards"
    do throws(CompiledPattern.Problem) {
      pattern = try CompiledPattern(ValuePattern.sets[text] ?? text, matching: .part)
    } catch {
      throw Problem(reason: "\(error.reason), at character \(error.offset + 1)")
    }
  }
}

/// Runs patterns on one thread at a time.
///
/// `@unchecked Sendable`: a pool hands each to one thread at a time.
final class ValueMatcher: @unchecked Sendable {
  private let patterns: [ValuePattern]
  private let matcher: PatternMatcher

  /// Nil when there is no memory.
  init?(_ patterns: [ValuePattern]) {
    guard let matcher = PatternMatcher(steps: 100_000, depth: 10_000) else { return nil }
    self.patterns = patterns
    self.matcher = matcher
  }

  /// The parts of `text` that some pattern matches, in order and apart from each other; all of it where one takes too long.
  func matches(in text: ByteView) -> [Range<Int>] {
    var found: [Range<Int>] = []
    for pattern in patterns {
      guard add(pattern, text, to: &found) else { return [0..<text.count] }
    }
    if found.count < 2 { return found }
    found.sort { $0.lowerBound < $1.lowerBound }
    var joined: [Range<Int>] = []
    for range in found {
      if let last = joined.last, range.lowerBound < last.upperBound {
        joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        joined.append(range)
      }
    }
    return joined
  }

  private func add(_ pattern: ValuePattern, _ text: ByteView, to found: inout [Range<Int>]) -> Bool {
    var from = 0
    while from <= text.count {
      switch matcher.match(pattern.pattern, text, from: from, allowsEmpty: false) {
      case .none: return true
      case .found(let range) where !range.isEmpty:
        if !pattern.isCards || ValueMatcher.isCard(text[range]) { found.append(range) }
        from = range.upperBound
      case .found, .gaveUp: return false
      }
    }
    return true
  }

  /// Luhn's check of a card's number.
  private static func isCard(_ text: ByteView) -> Bool {
    var sum = 0
    var doubles = false
    for byte in text.buffer.reversed() where 48...57 ~= byte {
      let digit = Int(byte - 48) * (doubles ? 2 : 1)
      sum += digit > 9 ? digit - 9 : digit
      doubles.toggle()
    }
    return sum % 10 == 0
  }
}
