/// Durations as people write them: `150ms`, `30s`, `5m`, `1h30m`, `2d`.
public enum DurationText {
  /// One nanosecond count per unit, longest first, as they are accepted and printed.
  static let units: [(name: String, nanoseconds: Int64)] = [
    ("w", 604_800_000_000_000), ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000),
    ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1),
  ]

  /// Nanoseconds of a duration, or nil when the text is not one or exceeds about 292 years.
  ///
  /// A duration is a run of numbers with units `w d h m s ms us µs ns`; each number may have a fraction (`1.5h`).
  /// `0` needs no unit. Signs are not accepted.
  public static func parse(_ text: some StringProtocol) -> Int64? {
    var scalars = Substring(text).unicodeScalars
    if scalars.count == 1, scalars.first == "0" { return 0 }
    guard !scalars.isEmpty else { return nil }
    var total: Int64 = 0
    while !scalars.isEmpty {
      guard let number = takeNumber(&scalars) else { return nil }
      let unit = String(Substring.UnicodeScalarView(scalars.prefix { !("0"..."9").contains($0) && $0 != "." }))
      scalars.removeFirst(unit.unicodeScalars.count)
      guard let scale = nanoseconds(inUnit: unit) else { return nil }
      let (whole, overflow) = number.whole.multipliedReportingOverflow(by: scale)
      let fraction = (Double(number.fraction) / number.fractionScale * Double(scale)).rounded()
      let (part, partOverflow) = whole.addingReportingOverflow(Int64(fraction))
      let (sum, sumOverflow) = total.addingReportingOverflow(part)
      if overflow || partOverflow || sumOverflow { return nil }
      total = sum
    }
    return total
  }

  /// The shortest exact writing: `1h30m`, `150ms`, `1.5us` is printed as `1us500ns`.
  public static func format(_ nanoseconds: Int64) -> String {
    if nanoseconds == 0 { return "0s" }
    var rest = nanoseconds.magnitude
    var text = nanoseconds < 0 ? "-" : ""
    for unit in units where unit.name != "w" {
      let scale = UInt64(unit.nanoseconds)
      if rest >= scale {
        text += "\(rest / scale)\(unit.name)"
        rest %= scale
      }
    }
    return text
  }

  /// Nanoseconds in one unit, or nil for an unknown unit.
  static func nanoseconds(inUnit unit: String) -> Int64? {
    if unit == "µs" || unit == "μs" { return 1_000 }
    return units.first { $0.name == unit }?.nanoseconds
  }

  private struct Number {
    var whole: Int64 = 0
    var fraction: Int64 = 0
    var fractionScale: Double = 1
  }

  /// Takes digits with an optional fraction off the front; digits past the ninth decimal are below a nanosecond of
  /// every accepted unit's rounding and are dropped.
  private static func takeNumber(_ scalars: inout Substring.UnicodeScalarView) -> Number? {
    var number = Number()
    var digits = 0
    var inFraction = false
    while let scalar = scalars.first {
      if scalar == ".", !inFraction, digits > 0 {
        inFraction = true
        digits = 0
      } else if ("0"..."9").contains(scalar) {
        let digit = Int64(scalar.value - 48)
        digits += 1
        if inFraction {
          if digits <= 15 {
            number.fraction = number.fraction * 10 + digit
            number.fractionScale *= 10
          }
        } else {
          let (scaled, overflow) = number.whole.multipliedReportingOverflow(by: 10)
          let (sum, sumOverflow) = scaled.addingReportingOverflow(digit)
          if overflow || sumOverflow { return nil }
          number.whole = sum
        }
      } else {
        break
      }
      scalars.removeFirst()
    }
    return digits > 0 ? number : nil
  }
}
