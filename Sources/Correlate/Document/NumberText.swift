import JSON
import Platform

/// Numbers short enough to read and precise enough to reason with.
enum NumberText {
  /// At most four significant digits, without an exponent where that is possible.
  static func short(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value > 0 ? "infinite" : "-infinite" }
    let size = value.magnitude
    if size == 0 { return "0" }
    if size >= 1e15 || size < 1e-6 { return FloatText.general(value) }
    let decimals = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : size >= 0.01 ? 4 : 8
    var text = FloatText.rounded(value, decimals: decimals)
    if text.contains(".") {
      while text.hasSuffix("0") { text.removeLast() }
      if text.hasSuffix(".") { text.removeLast() }
    }
    return text
  }

  /// The same as JSON; null for what JSON has no number for.
  static func json(_ value: Double?) -> JSONValue {
    guard let value, value.isFinite else { return JSONValue(.null) }
    return JSONValue(.number(short(value)))
  }
}
