/// Conversions for raw nanosecond counts, which only hot paths and the wire use; elsewhere it is `Duration` and `Timestamp`.
public enum Nanoseconds {
  public static let perMicrosecond: Int64 = 1_000
  public static let perMillisecond: Int64 = 1_000_000
  public static let perSecond: Int64 = 1_000_000_000

  /// The same length in seconds.
  @inlinable
  public static func seconds(_ nanoseconds: some BinaryInteger) -> Double { Double(nanoseconds) / 1e9 }

  /// The same length in milliseconds.
  @inlinable
  public static func milliseconds(_ nanoseconds: some BinaryInteger) -> Double { Double(nanoseconds) / 1e6 }

  /// Whole nanoseconds of a number of seconds, held within the range; 0 for what is not a number.
  @inlinable
  public static func of(seconds: Double) -> Int64 { Int64(saturating: seconds * 1e9) }

  /// Whole nanoseconds of a number of milliseconds, held within the range; 0 for what is not a number.
  @inlinable
  public static func of(milliseconds: Double) -> Int64 { Int64(saturating: milliseconds * 1e6) }
}
