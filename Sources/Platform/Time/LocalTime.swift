import Libc

extension Timestamp {
  /// Reads a moment as it is written for people: as in RFC 3339, but a blank may stand before the zone, and the zone may
  /// be left out, which is the user's then, or be its name: `UTC`, or what the user's zone is called at that time. A date
  /// alone is its midnight.
  public init?(written text: String) {
    var words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    var zone: String?
    if words.count > 1, let last = words.last, !last.isEmpty {
      if last.allSatisfy({ $0.isASCII && $0.isLetter }) {
        zone = words.removeLast()
      } else if last.hasPrefix("+") || last.hasPrefix("-") {
        words.removeLast()
        words[words.count - 1] += last
      }
    }
    let moment = words.joined(separator: " ")
    if let zone, ["UTC", "GMT", "Z"].contains(zone) {
      self.init(rfc3339: moment.utf8.count == 10 ? moment : moment + "Z")
      return
    }
    if zone == nil, moment.utf8.count > 10, let time = Timestamp(rfc3339: moment) {
      self = time
      return
    }
    guard let civil = Timestamp(rfc3339: moment.utf8.count == 10 ? moment : moment + "Z") else { return nil }
    for isSummer in zone == nil ? [-1] : [-1, 0, 1] as [Int32] {
      var seconds = time_t(civil.wholeSeconds)
      var parts = tm()
      gmtime_r(&seconds, &parts)
      parts.tm_isdst = isSummer
      let local = mktime(&parts)
      if let zone, parts.tm_zone.map({ String(cString: $0) }) != zone { continue }
      self.init(seconds: Int64(local), nanoseconds: civil.subsecondNanoseconds)
      return
    }
    return nil
  }
}

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
