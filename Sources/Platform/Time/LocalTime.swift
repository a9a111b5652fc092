import Libc

/// A moment as people read it.
public struct LocalTime: Sendable, Equatable {
  /// `2026-11-23`.
  public let date: String
  /// `08:45:12.123`.
  public let clock: String
  /// `CET`, `UTC`.
  public let zone: String

  /// - Parameter isUTC: Whether the time zone of the user does not matter.
  public init(_ moment: Timestamp, isUTC: Bool) {
    var seconds = time_t(moment.wholeSeconds)
    var parts = tm()
    if isUTC { gmtime_r(&seconds, &parts) } else { localtime_r(&seconds, &parts) }
    func digits(_ number: Int32, _ width: Int = 2) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
    date = digits(parts.tm_year &+ 1900, 4) + "-" + digits(parts.tm_mon + 1) + "-" + digits(parts.tm_mday)
    let milliseconds = Int32(truncatingIfNeeded: moment.subsecondNanoseconds / Nanoseconds.perMillisecond)
    clock = "\(digits(parts.tm_hour)):\(digits(parts.tm_min)):\(digits(parts.tm_sec)).\(digits(milliseconds, 3))"
    zone = isUTC ? "UTC" : parts.tm_zone.map { String(cString: $0) } ?? ""
  }
}
