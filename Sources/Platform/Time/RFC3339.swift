/// A date and time of day in the proleptic Gregorian calendar, UTC.
struct CivilTime: Equatable {
  var year: Int
  var month: Int
  var day: Int
  var hour: Int
  var minute: Int
  var second: Int

  /// Days from 1970-01-01 to a date, by counting 400-year eras that start on March 1st, so that the leap day is the
  /// last of its year.
  static func days(year: Int, month: Int, day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  /// The number of days in a month.
  static func daysIn(month: Int, year: Int) -> Int {
    switch month {
    case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Splits seconds since the Unix epoch.
  init(unixSeconds: Int64) {
    let total = Int(unixSeconds)
    let days = total >= 0 ? total / 86_400 : (total - 86_399) / 86_400
    let rest = total - days * 86_400
    let z = days + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    hour = rest / 3600
    minute = rest % 3600 / 60
    second = rest % 60
  }

  /// Monday is 0.
  static func weekday(unixSeconds: Int64) -> Int {
    let days = Int(unixSeconds >= 0 ? unixSeconds / 86_400 : (unixSeconds - 86_399) / 86_400)
    return ((days + 3) % 7 + 7) % 7
  }
}

extension Timestamp {
  /// Reads RFC 3339 section 5.6: `2026-01-31T08:15:30.123456789Z`, an offset instead of `Z`, a space or lower case
  /// instead of `T`. A date alone is its midnight in UTC. A leap second counts as the following second. Digits past
  /// the ninth decimal are dropped.
  public init?(rfc3339 text: String) {
    let bytes = Array(text.utf8)
    guard let year = Self.number(bytes, 0, 4), Self.byte(bytes, 4) == "-", let month = Self.number(bytes, 5, 2),
      Self.byte(bytes, 7) == "-", let day = Self.number(bytes, 8, 2),
      (1...12).contains(month), (1...CivilTime.daysIn(month: month, year: year)).contains(day),
      (1678...2261).contains(year)
    else { return nil }
    let midnight = Int64(CivilTime.days(year: year, month: month, day: day)) * 86_400
    if bytes.count == 10 {
      self.init(nanoseconds: midnight * 1_000_000_000)
      return
    }
    guard let separator = Self.byte(bytes, 10), separator == "T" || separator == "t" || separator == " ",
      let hour = Self.number(bytes, 11, 2), Self.byte(bytes, 13) == ":", let minute = Self.number(bytes, 14, 2),
      Self.byte(bytes, 16) == ":", let second = Self.number(bytes, 17, 2),
      hour < 24, minute < 60, second <= 60
    else { return nil }
    var index = 19
    var fraction: Int64 = 0
    if Self.byte(bytes, index) == "." {
      index += 1
      let start = index
      var place: Int64 = 100_000_000
      while let digit = Self.number(bytes, index, 1) {
        fraction += Int64(digit) * place
        place /= 10
        index += 1
      }
      if index == start { return nil }
    }
    guard let offset = Self.zoneOffset(bytes, index) else { return nil }
    let seconds = midnight + Int64(hour * 3600 + minute * 60 + second) - Int64(offset)
    self.init(nanoseconds: seconds * 1_000_000_000 + fraction)
  }

  /// RFC 3339 in UTC, with as many decimals as needed in groups of three: `2026-01-31T08:15:30Z`,
  /// `2026-01-31T08:15:30.125Z`.
  public var rfc3339: String {
    let time = CivilTime(unixSeconds: wholeSeconds)
    var text = Self.padded(time.year, 4) + "-" + Self.padded(time.month, 2) + "-" + Self.padded(time.day, 2)
    text += "T" + Self.padded(time.hour, 2) + ":" + Self.padded(time.minute, 2) + ":" + Self.padded(time.second, 2)
    let rest = Int(subsecondNanoseconds)
    if rest % 1_000 != 0 {
      text += "." + Self.padded(rest, 9)
    } else if rest % 1_000_000 != 0 {
      text += "." + Self.padded(rest / 1_000, 6)
    } else if rest != 0 {
      text += "." + Self.padded(rest / 1_000_000, 3)
    }
    return text + "Z"
  }

  /// Seconds east of UTC from `Z`, `+02:00` or `-0530` at the end of the text; nil when anything else is there.
  private static func zoneOffset(_ bytes: [UInt8], _ index: Int) -> Int? {
    guard let sign = byte(bytes, index) else { return nil }
    if sign == "Z" || sign == "z" { return bytes.count == index + 1 ? 0 : nil }
    guard sign == "+" || sign == "-", let hours = number(bytes, index + 1, 2) else { return nil }
    let minutesAt = byte(bytes, index + 3) == ":" ? index + 4 : index + 3
    guard let minutes = number(bytes, minutesAt, 2), bytes.count == minutesAt + 2, hours < 24, minutes < 60 else {
      return nil
    }
    let offset = hours * 3600 + minutes * 60
    return sign == "-" ? -offset : offset
  }

  private static func byte(_ bytes: [UInt8], _ index: Int) -> Unicode.Scalar? {
    index < bytes.count ? Unicode.Scalar(bytes[index]) : nil
  }

  private static func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int? {
    guard start + count <= bytes.count else { return nil }
    var value = 0
    for digit in bytes[start..<start + count] {
      guard 48...57 ~= digit else { return nil }
      value = value * 10 + Int(digit - 48)
    }
    return value
  }

  static func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
