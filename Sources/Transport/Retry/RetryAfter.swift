/// The Retry-After header (RFC 9110 section 10.2.3): seconds, or a date.
public enum RetryAfter {
  /// The longest wait a server may ask for; anything above is cut, so that a wrong clock stops nothing for days.
  public static let maximum: Duration = .seconds(3600)

  /// How long to wait; nil when the value is neither form. `now` is Unix time in seconds.
  public static func parse(_ value: String, now: Int) -> Duration? {
    if !value.isEmpty, value.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) {
      return min(.seconds(Int(value) ?? 3600), maximum)
    }
    guard let time = httpDate(value) else { return nil }
    return min(.seconds(max(0, time - now)), maximum)
  }

  /// Unix seconds of an HTTP date in any of its three forms.
  static func httpDate(_ text: String) -> Int? {
    let words = text.split { $0 == " " || $0 == "," || $0 == "-" }.map(String.init)
    let day: Int?
    let month: Int?
    let year: Int?
    let clock: String
    if words.count == 6, words[5] == "GMT" {
      // "Sun, 06 Nov 1994 08:49:37 GMT", or "Sunday, 06-Nov-94 08:49:37 GMT"
      day = Int(words[1])
      month = monthNumber(words[2])
      year = Int(words[3]).map { $0 < 70 ? $0 + 2000 : $0 < 100 ? $0 + 1900 : $0 }
      clock = words[4]
    } else if words.count == 5 {
      // "Sun Nov  6 08:49:37 1994"
      day = Int(words[2])
      month = monthNumber(words[1])
      year = Int(words[4])
      clock = words[3]
    } else {
      return nil
    }
    let parts = clock.split(separator: ":").map { Int($0) }
    guard let day, let month, let year, (1...31).contains(day), (1970...9999).contains(year), parts.count == 3,
      let hour = parts[0], let minute = parts[1], let second = parts[2], (0...23).contains(hour),
      (0...59).contains(minute), (0...60).contains(second)
    else { return nil }
    return daysSinceEpoch(year: year, month: month, day: day) * 86400 + hour * 3600 + minute * 60 + second
  }

  private static func monthNumber(_ name: String) -> Int? {
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"].firstIndex(of: name)
      .map { $0 + 1 }
  }

  /// Days from 1970-01-01 in the Gregorian calendar; years start in March so that leap days come last.
  private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
