import JSON
import Platform

/// Times and durations of foreign formats as nanoseconds.
enum Microseconds {
  /// The text of a number of microseconds; negative ones count as 0. `nil` when it is no number.
  static func nanoseconds(_ text: ByteView) -> UInt64? {
    if let whole = JSONNumber.int64(text) { return whole < 0 ? 0 : UInt64(whole).multipliedSaturating(by: 1000) }
    guard let value = JSONNumber.double(text), value.isFinite else { return nil }
    return UInt64(saturating: max(0, value) * 1000)
  }
}
