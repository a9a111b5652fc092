import CPCRE2
public import Platform

/// Runs patterns on one thread, with a bound on what a hostile one can cost.
///
/// Invariant: `data` and `context` are valid until `deinit` and used by one thread at a time (the type is not Sendable).
public final class PatternMatcher {
  public enum Outcome {
    /// Where, in bytes.
    case found(Range<Int>)
    case none
    /// A limit was reached first.
    case gaveUp
  }

  private let data: OpaquePointer
  private let context: OpaquePointer

  /// Nil when there is no memory.
  ///
  /// - Parameters:
  ///   - steps: most steps of the matcher per text.
  ///   - depth: deepest backtracking per text.
  public init?(steps: UInt32, depth: UInt32) {
    guard let data = pcre2_match_data_create_8(1, nil) else { return nil }
    guard let context = pcre2_match_context_create_8(nil) else {
      pcre2_match_data_free_8(data)
      return nil
    }
    pcre2_set_match_limit_8(context, steps)
    pcre2_set_depth_limit_8(context, depth)
    self.data = data
    self.context = context
  }

  deinit {
    pcre2_match_data_free_8(data)
    pcre2_match_context_free_8(context)
  }

  /// Looks for the pattern from byte `start` of `text` on.
  public func match(
    _ pattern: CompiledPattern, _ text: ByteView, from start: Int = 0, allowsEmpty: Bool = true
  ) -> Outcome {
    let result = pcre2_match_8(
      pattern.code, text.start.assumingMemoryBound(to: UInt8.self), text.count, start,
      allowsEmpty ? 0 : UInt32(PCRE2_NOTEMPTY), data, context)
    if result == PCRE2_ERROR_NOMATCH { return .none }
    guard result >= 0, let ends = pcre2_get_ovector_pointer_8(data), ends[0] <= ends[1] else { return .gaveUp }
    return .found(Int(ends[0])..<Int(ends[1]))
  }
}
