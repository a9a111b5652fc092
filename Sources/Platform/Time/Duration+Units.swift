// A Duration counts in 128 bits, so that sums and differences of durations that came from 64-bit numbers cannot overflow;
// only ways in and out are held at the ends of the range.

extension Duration {
  /// A number of seconds, held within 292 years either way; zero for what is not a number.
  public init(saturatingSeconds seconds: Double) {
    self = .nanoseconds(Nanoseconds.of(seconds: seconds))
  }

  /// Whole nanoseconds, held within the range of 64 bits.
  public var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds.multipliedSaturating(by: Nanoseconds.perSecond).addingSaturating(attoseconds / Nanoseconds.perSecond)
  }

  /// Whole milliseconds, held within the range of 64 bits.
  public var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds.multipliedSaturating(by: 1_000).addingSaturating(attoseconds / 1_000_000_000_000_000)
  }

  /// Seconds with their fraction.
  public var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) / 1e18
  }

  /// Milliseconds with their fraction.
  public var inMilliseconds: Double { inSeconds * 1e3 }
}
