extension Timestamp {
  /// A moment from milliseconds since the Unix epoch, held within the range.
  public init(milliseconds: Int64) {
    self.init(nanoseconds: milliseconds.multipliedSaturating(by: Nanoseconds.perMillisecond))
  }

  /// A moment from microseconds since the Unix epoch, held within the range.
  public init(microseconds: Int64) {
    self.init(nanoseconds: microseconds.multipliedSaturating(by: Nanoseconds.perMicrosecond))
  }

  /// A moment from seconds since the Unix epoch, held within the range; the epoch itself for what is not a number.
  public init(seconds: Double) {
    self.init(nanoseconds: Nanoseconds.of(seconds: seconds))
  }

  /// A moment from the fields of a `timespec`, held within the range.
  public init(seconds: Int64, nanoseconds: Int64) {
    self.init(nanoseconds: seconds.multipliedSaturating(by: Nanoseconds.perSecond).addingSaturating(nanoseconds))
  }

  /// Milliseconds since the Unix epoch, rounded towards it.
  public var milliseconds: Int64 { nanoseconds / Nanoseconds.perMillisecond }

  /// Microseconds since the Unix epoch, rounded towards it.
  public var microseconds: Int64 { nanoseconds / Nanoseconds.perMicrosecond }

  /// Seconds since the Unix epoch with their fraction.
  public var inSeconds: Double { Nanoseconds.seconds(nanoseconds) }

  /// This moment moved by a duration, held at the ends of the range.
  public static func + (moment: Timestamp, duration: Duration) -> Timestamp {
    moment.advanced(byNanoseconds: duration.nanoseconds)
  }

  /// This moment moved back by a duration, held at the ends of the range.
  public static func - (moment: Timestamp, duration: Duration) -> Timestamp {
    Timestamp(nanoseconds: moment.nanoseconds.subtractingSaturating(duration.nanoseconds))
  }

  /// The time from `earlier` to `later`; negative when they are the other way round.
  public static func - (later: Timestamp, earlier: Timestamp) -> Duration {
    .nanoseconds(later.nanoseconds) - .nanoseconds(earlier.nanoseconds)
  }
}
