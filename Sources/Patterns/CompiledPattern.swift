import CPCRE2

/// A regular expression of PCRE2, compiled with its JIT compiler.
///
/// Invariants: `code` is a valid compiled pattern that nothing changes after `init`, which PCRE2 documents as safe to share
/// between threads; it is freed once, in `deinit`. Hence `@unchecked Sendable`.
public final class CompiledPattern: @unchecked Sendable {
  /// What of a text a pattern has to match.
  public enum Scope: Sendable {
    /// All of it; a dot also stands for a line's end, and groups capture nothing.
    case whole
    /// Some part of it.
    case part

    fileprivate var options: UInt32 {
      let shared = UInt32(PCRE2_UTF) | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C
      return switch self {
      case .whole:
        shared | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NO_AUTO_CAPTURE
      case .part: shared
      }
    }
  }

  /// Why a text is no pattern.
  public struct Problem: Error {
    public let reason: String
    /// How many bytes of the pattern stand before it.
    public let offset: Int
  }

  let code: OpaquePointer

  public init(_ pattern: String, matching scope: Scope) throws(Problem) {
    var number: Int32 = 0
    var offset = 0
    let bytes = Array(pattern.utf8)
    guard let code = pcre2_compile_8(bytes, bytes.count, scope.options, &number, &offset, nil) else {
      var text = [UInt8](repeating: 0, count: 128)
      let length = pcre2_get_error_message_8(number, &text, text.count)
      throw Problem(reason: String(decoding: text.prefix(Int(max(0, length))), as: UTF8.self), offset: offset)
    }
    self.code = code
    // Without the JIT compiler the interpreter does the same, only slower.
    pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE))
  }

  deinit { pcre2_code_free_8(code) }
}
