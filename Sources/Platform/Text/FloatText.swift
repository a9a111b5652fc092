/// Floating point numbers with as few digits as bring the same value back, as Go's `strconv` writes them, because
/// that is how Prometheus writes sample values and bucket bounds.
public enum FloatText {
  /// Go's `'g'` with shortest digits, the Prometheus text format: `0.002`, `16.384`, `1e+06`, `+Inf`, `NaN`.
  public static func general(_ value: Double) -> String {
    if let special = special(value) { return special }
    let parts = Digits(value)
    let exponent = parts.point - 1
    return exponent < -4 || exponent >= 6 ? parts.scientific : parts.plain
  }

  /// OpenMetrics: like `general`, and whole numbers keep a fraction: `1.0`.
  public static func openMetrics(_ value: Double) -> String {
    let text = general(value)
    return value.isFinite && !text.contains(where: { $0 == "." || $0 == "e" }) ? text + ".0" : text
  }

  /// Go's `'f'` with shortest digits, the Prometheus HTTP API: never an exponent.
  public static func fixed(_ value: Double) -> String {
    special(value) ?? Digits(value).plain
  }

  /// A fixed number of decimals (0 to 9), rounded half away from zero, for people: `12.30`.
  public static func rounded(_ value: Double, decimals: Int) -> String {
    if let special = special(value) { return special }
    let places = min(max(decimals, 0), 9)
    let scale = (0..<places).reduce(1.0) { product, _ in product * 10 }
    let scaled = (value.magnitude * scale).rounded()
    guard scaled < 9e15 else { return fixed(value) }
    let units = Int(scaled)
    let sign = value < 0 && units > 0 ? "-" : ""
    if places == 0 { return sign + String(units) }
    let fraction = String(units % Int(scale))
    return sign + String(units / Int(scale)) + "." + String(repeating: "0", count: places - fraction.count) + fraction
  }

  private static func special(_ value: Double) -> String? {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return nil
  }
}

/// The shortest decimal digits of a finite number: `0.digits × 10^point`.
private struct Digits {
  let sign: String
  /// Without leading or trailing zeros; "0" for zero.
  let digits: String
  let point: Int

  /// Takes apart what the standard library prints, which is shortest too: `0.001`, `5e-324`, `1.5e+20`, `120.0`.
  init(_ value: Double) {
    sign = value.sign == .minus ? "-" : ""
    let parts = value.magnitude.description.split(separator: "e")
    let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    let whole = mantissa[0]
    let fraction = mantissa.count > 1 ? mantissa[1] : ""
    let all = whole + fraction
    let significant = all.drop { $0 == "0" }
    guard !significant.isEmpty else {
      digits = "0"
      point = 1
      return
    }
    var trimmed = significant
    while trimmed.last == "0" { trimmed.removeLast() }
    digits = String(trimmed)
    point = whole.count - (all.count - significant.count) + exponent
  }

  var plain: String {
    if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
    if digits.count <= point { return sign + digits + String(repeating: "0", count: point - digits.count) }
    return sign + digits.prefix(point) + "." + digits.dropFirst(point)
  }

  var scientific: String {
    let exponent = point - 1
    let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
    let power = String(exponent.magnitude)
    return sign + digits.prefix(1) + fraction + "e" + (exponent < 0 ? "-" : "+") + (power.count < 2 ? "0" : "") + power
  }
}
