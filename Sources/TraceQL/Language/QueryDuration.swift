/// Durations as queries write them: `800ms`, `1.5s`, `1h30m`, `2d`.
enum QueryDuration {
  private static let units: [(name: String, nanoseconds: Int)] = [
    ("y", 365 * 86_400_000_000_000), ("w", 7 * 86_400_000_000_000), ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000), ("ms", 1_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
    ("us", 1_000), ("\u{B5}s", 1_000), ("ns", 1),
  ]

  /// Nanoseconds, or nil when the text is no duration or too long a one.
  static func parse(_ text: ArraySlice<UInt8>) -> Int? {
    var rest = text
    var total = 0
    repeat {
      var whole = 0
      var digits = 0
      while let digit = rest.first, digit >= 0x30, digit <= 0x39 {
        let (product, overflow) = whole.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(Int(digit - 0x30))
        if overflow || carry { return nil }
        whole = sum
        digits += 1
        rest = rest.dropFirst()
      }
      // The part behind the point as a numerator and a denominator; digits beyond the 18th do not count.
      var fraction = 0
      var scale = 1
      if rest.first == UInt8(ascii: ".") {
        rest = rest.dropFirst()
        while let digit = rest.first, digit >= 0x30, digit <= 0x39 {
          if scale < 100_000_000_000_000_000 {
            fraction = fraction * 10 + Int(digit - 0x30)
            scale *= 10
          }
          digits += 1
          rest = rest.dropFirst()
        }
      }
      guard digits > 0, let unit = units.first(where: { rest.starts(with: $0.name.utf8) }) else { return nil }
      rest = rest.dropFirst(unit.name.utf8.count)
      let (product, overflow) = whole.multipliedReportingOverflow(by: unit.nanoseconds)
      // Exact: the fraction is below the scale, so the quotient is below the unit.
      let part = scale.dividingFullWidth(fraction.multipliedFullWidth(by: unit.nanoseconds)).quotient
      let (amount, amountOverflow) = product.addingReportingOverflow(part)
      let (sum, carry) = total.addingReportingOverflow(amount)
      if overflow || amountOverflow || carry { return nil }
      total = sum
    } while !rest.isEmpty
    return total
  }

  /// The text of a duration that is not negative, such that parsing gives it back.
  static func text(_ nanoseconds: Int) -> String {
    if nanoseconds == 0 { return "0s" }
    if nanoseconds < 1_000_000_000 {
      let (unit, name) = nanoseconds < 1_000 ? (1, "ns") : nanoseconds < 1_000_000 ? (1_000, "us") : (1_000_000, "ms")
      return decimal(nanoseconds, unit: unit) + name
    }
    let hours = nanoseconds / 3_600_000_000_000
    let minutes = nanoseconds % 3_600_000_000_000 / 60_000_000_000
    let rest = nanoseconds % 60_000_000_000
    return (hours > 0 ? "\(hours)h" : "") + (minutes > 0 ? "\(minutes)m" : "")
      + (rest > 0 ? decimal(rest, unit: 1_000_000_000) + "s" : "")
  }

  /// A part of a minute in seconds with a fraction.
  static func seconds(_ nanoseconds: Int) -> String { decimal(nanoseconds, unit: 1_000_000_000) + "s" }

  private static func decimal(_ value: Int, unit: Int) -> String {
    guard value % unit != 0 else { return "\(value / unit)" }
    var fraction = String(value % unit + unit).dropFirst()
    while fraction.last == "0" { fraction.removeLast() }
    return "\(value / unit).\(fraction)"
  }
}
