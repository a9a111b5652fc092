import OTLP
import Platform

/// Attribute values as label values, in the same words as Tempo: numbers in decimal without an exponent, arrays and maps
/// as their members one after the other in brackets, bytes as nothing.
enum AttributeText {
  /// Calls `body` with the text of the AnyValue in `message`. A string is passed on where it stands; anything else is
  /// written to `scratch` first.
  @inline(__always)
  static func with<Result>(
    _ message: ByteView, _ scratch: inout ByteBuffer, _ body: (ByteView) -> Result
  ) throws(WireError) -> Result {
    let value = try AnyValueView(message)
    if case .string(let text) = value { return body(text) }
    scratch.removeAll()
    try append(value, to: &scratch, depth: 0)
    return body(scratch.view)
  }

  /// Appends the text of `value`. What would be cut off a label value anyway is not written.
  static func append(_ value: AnyValueView, to text: inout ByteBuffer, depth: Int) throws(WireError) {
    if depth > AnyValueView.maximumDepth { throw .tooDeep }
    if text.count > Interner.maxValueBytes { return }
    switch value {
    case .empty, .bytes: break
    case .string(let string): text.append(string.prefix(Interner.maxValueBytes + 1))
    case .bool(let flag): text.append(flag ? "true" : "false")
    case .int(let number): text.append(String(number))
    case .double(let number): text.append(DecimalText.plain(number))
    case .array(let elements):
      text.append(UInt8(ascii: "["))
      try elements.forEach { (element) throws(WireError) in try append(element, to: &text, depth: depth + 1) }
      text.append(UInt8(ascii: "]"))
    case .kvlist(let members):
      text.append(UInt8(ascii: "{"))
      try members.forEach { (member) throws(WireError) in
        text.append(member.key.prefix(Interner.maxValueBytes + 1))
        text.append(UInt8(ascii: ":"))
        try append(member.value, to: &text, depth: depth + 1)
      }
      text.append(UInt8(ascii: "}"))
    }
  }
}

/// Numbers in decimal, the way Prometheus label values have them.
public enum DecimalText {
  /// The shortest digits that read back as `value`, never with an exponent: `0.002`, `16.384`, `1`, `+Inf`.
  public static func plain(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    let text = value.description
    guard let e = text.firstIndex(where: { $0 == "e" || $0 == "E" }) else {
      return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
    let exponent = Int(text[text.index(after: e)...]) ?? 0
    let sign = value < 0 ? "-" : ""
    let mantissa = text[..<e].drop { $0 == "-" }
    let whole = mantissa.prefix { $0 != "." }
    let fraction = mantissa.dropFirst(whole.count + 1).filter { $0.isNumber }
    let trimmed = fraction == "0" ? "" : fraction
    let digits = whole + trimmed
    let point = whole.count + exponent
    if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
    if point >= digits.count { return sign + digits + String(repeating: "0", count: point - digits.count) }
    return sign + digits.prefix(point) + "." + digits.dropFirst(point)
  }
}
