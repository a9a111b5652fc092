import CPCRE2
import Platform

/// What of texts is redacted: a regular expression of PCRE2, or a set that has a name.
///
/// `@unchecked Sendable`: `code` is a compiled pattern that nothing changes after `init`, which PCRE2 documents as safe to
/// share between threads; it is freed once, in `deinit`.
final class ValuePattern: @unchecked Sendable {
  /// Why a text is no pattern.
  struct Problem: Error { let reason: String }

  fileprivate let code: OpaquePointer
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
    let pattern = Array((ValuePattern.sets[text] ?? text).utf8)
    isCards = text == "cards"
    var number: Int32 = 0
    var offset = 0
    let options = UInt32(PCRE2_UTF) | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C
    guard let code = pcre2_compile_8(pattern, pattern.count, options, &number, &offset, nil) else {
      var reason = [UInt8](repeating: 0, count: 128)
      let length = pcre2_get_error_message_8(number, &reason, reason.count)
      let words = String(decoding: reason.prefix(Int(max(0, length))), as: UTF8.self)
      throw Problem(reason: "\(words), at character \(offset + 1)")
    }
    self.code = code
    // Without the JIT compiler the interpreter does the same, only slower.
    pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE))
  }

  deinit { pcre2_code_free_8(code) }
}

/// Runs patterns on one thread at a time.
///
/// `@unchecked Sendable`: a pool hands each to one thread at a time; `data` and `context` are valid until `deinit`.
final class ValueMatcher: @unchecked Sendable {
  private let patterns: [ValuePattern]
  private let data: OpaquePointer
  private let context: OpaquePointer

  /// Nil when there is no memory.
  init?(_ patterns: [ValuePattern]) {
    guard let data = pcre2_match_data_create_8(1, nil) else { return nil }
    guard let context = pcre2_match_context_create_8(nil) else {
      pcre2_match_data_free_8(data)
      return nil
    }
    pcre2_set_match_limit_8(context, 100_000)
    pcre2_set_depth_limit_8(context, 10_000)
    self.patterns = patterns
    self.data = data
    self.context = context
  }

  deinit {
    pcre2_match_data_free_8(data)
    pcre2_match_context_free_8(context)
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
    let start = text.start.assumingMemoryBound(to: UInt8.self)
    var from = 0
    while from <= text.count {
      let result = pcre2_match_8(
        pattern.code, start, text.count, from, UInt32(PCRE2_NOTEMPTY), data, context)
      if result == PCRE2_ERROR_NOMATCH { return true }
      guard result >= 0, let ends = pcre2_get_ovector_pointer_8(data), ends[1] > ends[0] else { return false }
      let range = Int(ends[0])..<Int(ends[1])
      if !pattern.isCards || ValueMatcher.isCard(text[range]) { found.append(range) }
      from = range.upperBound
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
