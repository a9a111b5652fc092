public import Platform

/// The time looked at, and the time before it that it is compared with.
public struct CorrelationWindow: Sendable, Equatable {
  public var start: Timestamp
  public var end: Timestamp
  /// Nanoseconds before the window that it is compared with.
  public var baselineLength = CorrelationWindow.defaultBaseline
  /// When it happened, as far as that is known.
  public var moment: Timestamp?

  /// The hour before: the minutes right before an alarm belong to the trouble as often as not.
  public static let defaultBaseline = 3600 * Nanoseconds.perSecond

  /// A window of `length` nanoseconds around a moment: half before, half after, but nothing after `now`. It ends on a
  /// whole second, so that its queries are short and the same for calls close together.
  public init(around moment: Timestamp, length: Int64, now: Timestamp) {
    let latest = min(moment.advanced(byNanoseconds: length / 2), max(now, moment))
    let rest = latest.subsecondNanoseconds
    end = rest > 0 ? latest.advanced(byNanoseconds: Nanoseconds.perSecond - rest) : latest
    start = end.advanced(byNanoseconds: -length)
    self.moment = moment
  }

  public init(start: Timestamp, end: Timestamp) {
    self.start = start
    self.end = end
  }

  /// Nanoseconds.
  public var length: Int64 { end.nanoseconds &- start.nanoseconds }
  public var baselineStart: Timestamp { start.advanced(byNanoseconds: -baselineLength) }
  public var baselineEnd: Timestamp { start }

  func contains(_ nanoseconds: Int64) -> Bool {
    nanoseconds >= start.nanoseconds && nanoseconds < end.nanoseconds
  }

  func baselineContains(_ nanoseconds: Int64) -> Bool {
    nanoseconds >= baselineStart.nanoseconds && nanoseconds < start.nanoseconds
  }
}
