import CPCRE2
import Platform

/// A compiled regular expression that has to match a whole text, as `=~` does.
///
/// Patterns are those of RE2, which Tempo uses; they run on PCRE2 with its JIT compiler. What PCRE2 has beyond RE2
/// (back-references, look-around, …) is refused, so that a query means the same here and there. A step and a depth
/// limit bound what a hostile pattern can cost.
///
/// Invariants: `code` is a valid compiled pattern that nothing changes after `init`, which PCRE2 documents as safe to
/// share between threads; it is freed once, in `deinit`. Hence `@unchecked Sendable`.
final class RegularExpression: @unchecked Sendable {
  /// Most steps of the matcher per text.
  static let stepLimit: UInt32 = 1_000_000
  /// Deepest backtracking per text.
  static let depthLimit: UInt32 = 10_000

  fileprivate let code: OpaquePointer

  /// Nil when the pattern is not valid; `problem(in:)` says why.
  init?(_ pattern: String) {
    guard let translated = PatternSyntax.translate(pattern), let code = RegularExpression.compile(translated).code
    else {
      return nil
    }
    self.code = code
    // Without the JIT compiler the interpreter does the same, only slower.
    pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE))
  }

  deinit { pcre2_code_free_8(code) }

  /// What is wrong with a pattern; nil when nothing is.
  static func problem(in pattern: String) -> String? {
    if let problem = PatternSyntax.problem(in: pattern) { return problem }
    guard let translated = PatternSyntax.translate(pattern) else { return "not valid" }
    let (code, problem) = compile(translated)
    if let code { pcre2_code_free_8(code) }
    return problem
  }

  private static func compile(_ pattern: String) -> (code: OpaquePointer?, problem: String?) {
    let options =
      UInt32(PCRE2_UTF) | PCRE2_MATCH_INVALID_UTF | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_ANCHORED
      | PCRE2_ENDANCHORED | PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_CAPTURE
    var number: Int32 = 0
    var offset = 0
    let bytes = Array(pattern.utf8)
    if let code = pcre2_compile_8(bytes, bytes.count, options, &number, &offset, nil) { return (code, nil) }
    var text = [UInt8](repeating: 0, count: 128)
    let length = pcre2_get_error_message_8(number, &text, text.count)
    return (nil, String(decoding: text.prefix(Int(max(0, length))), as: UTF8.self))
  }
}

/// Runs one regular expression on one thread.
///
/// Invariant: `data` and `context` are valid until `deinit` and used by one thread at a time (the type is not Sendable).
final class RegexMatcher {
  private let expression: RegularExpression
  private let data: OpaquePointer
  private let context: OpaquePointer
  /// Whether a text was given up at a limit; such a text counts as not matching.
  private(set) var reachedLimit = false

  /// Nil when there is no memory.
  init?(_ expression: RegularExpression) {
    guard let data = pcre2_match_data_create_8(1, nil) else { return nil }
    guard let context = pcre2_match_context_create_8(nil) else {
      pcre2_match_data_free_8(data)
      return nil
    }
    pcre2_set_match_limit_8(context, RegularExpression.stepLimit)
    pcre2_set_depth_limit_8(context, RegularExpression.depthLimit)
    self.expression = expression
    self.data = data
    self.context = context
  }

  deinit {
    pcre2_match_data_free_8(data)
    pcre2_match_context_free_8(context)
  }

  /// Whether the expression matches all of `text`.
  func matches(_ text: ByteView) -> Bool {
    let result = pcre2_match_8(
      expression.code, text.start.assumingMemoryBound(to: UInt8.self), text.count, 0, 0, data, context)
    if result < PCRE2_ERROR_NOMATCH { reachedLimit = true }
    return result >= 0
  }
}
