extension Timestamp {
  private static let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// The moment as RFC 9110 section 5.6.7 writes it in headers: `Sun, 06 Nov 1994 08:49:37 GMT`.
  public var httpDate: String {
    let time = CivilTime(unixSeconds: wholeSeconds)
    let date = "\(Self.padded(time.day, 2)) \(Self.months[time.month - 1]) \(Self.padded(time.year, 4))"
    let clock = "\(Self.padded(time.hour, 2)):\(Self.padded(time.minute, 2)):\(Self.padded(time.second, 2))"
    return "\(Self.weekdays[CivilTime.weekday(unixSeconds: wholeSeconds)]), \(date) \(clock) GMT"
  }

  /// Reads a header date: the present form, and the obsolete `Sunday, 06-Nov-94 08:49:37 GMT` and
  /// `Sun Nov  6 08:49:37 1994`. The day of the week is not checked.
  public init?(httpDate text: String) {
    var words = text.split(whereSeparator: { $0 == " " || $0 == "," || $0 == "-" }).map(String.init)
    guard words.count >= 5 else { return nil }
    if let month = Self.months.firstIndex(of: words[1]) {
      words = [words[0], words[2], Self.months[month], words[4], words[3]]
    }
    let clock = words[4].split(separator: ":").map { Int($0) ?? -1 }
    guard let month = Self.months.firstIndex(of: words[2]), let day = Int(words[1]), var year = Int(words[3]),
      clock.count == 3, 0...23 ~= clock[0], 0...59 ~= clock[1], 0...60 ~= clock[2]
    else { return nil }
    if words[3].count == 2 { year += year < 70 ? 2000 : 1900 }
    guard 1678...2261 ~= year, 1...31 ~= day, day <= CivilTime.daysIn(month: month + 1, year: year) else { return nil }
    let days = CivilTime.days(year: year, month: month + 1, day: day)
    let seconds = days * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    self.init(nanoseconds: Int64(seconds) * 1_000_000_000)
  }
}
