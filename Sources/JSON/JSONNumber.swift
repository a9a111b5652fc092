import Libc
import Platform

// Values of number tokens.
//
// Invariants: the text is a number as the JSON grammar has it (number tokens are), so only the range is to be checked.
// Text from elsewhere is refused, not misread.

/// Reads the text of a JSON number.
public enum JSONNumber {
  /// The value as an unsigned integer; nil when the text is not one or does not fit.
  @inlinable
  public static func uint64(_ text: ByteView) -> UInt64? {
    let count = text.count
    guard count > 0, count <= 20 else { return nil }
    var value: UInt64 = 0
    for offset in 0..<min(count, 19) {
      let digit = text.start.load(fromByteOffset: offset, as: UInt8.self) &- 0x30
      guard digit < 10 else { return nil }
      value = value &* 10 &+ UInt64(digit)
    }
    guard count == 20 else { return value }
    let digit = text.start.load(fromByteOffset: 19, as: UInt8.self) &- 0x30
    guard digit < 10 else { return nil }
    let (tens, tooBig) = value.multipliedReportingOverflow(by: 10)
    let (sum, overflow) = tens.addingReportingOverflow(UInt64(digit))
    return tooBig || overflow ? nil : sum
  }

  /// The value as a signed integer; nil when the text is not one or does not fit.
  @inlinable
  public static func int64(_ text: ByteView) -> Int64? {
    guard text.count > 0 else { return nil }
    guard text.start.load(as: UInt8.self) == UInt8(ascii: "-") else {
      return uint64(text).flatMap { Int64(exactly: $0) }
    }
    guard let magnitude = uint64(text.dropFirst(1)), magnitude <= UInt64(1) << 63 else { return nil }
    return Int64(bitPattern: 0 &- magnitude)
  }

  /// The nearest double, infinite when the number is too large; nil when the text is not a number.
  public static func double(_ text: ByteView) -> Double? {
    let bytes = text.start.assumingMemoryBound(to: UInt8.self)
    let count = text.count
    var at = 0
    var mantissa: UInt64 = 0
    var digits = 0
    var exponent = 0
    let negative = count > 0 && bytes[0] == UInt8(ascii: "-")
    if negative { at = 1 }
    while at < count, bytes[at] &- 0x30 < 10 {
      mantissa = mantissa &* 10 &+ UInt64(bytes[at] &- 0x30)
      if digits > 0 || mantissa != 0 { digits += 1 }
      at += 1
    }
    guard at > (negative ? 1 : 0) else { return nil }
    if at < count, bytes[at] == UInt8(ascii: ".") {
      at += 1
      let fraction = at
      while at < count, bytes[at] &- 0x30 < 10 {
        mantissa = mantissa &* 10 &+ UInt64(bytes[at] &- 0x30)
        if digits > 0 || mantissa != 0 { digits += 1 }
        at += 1
      }
      guard at > fraction else { return nil }
      exponent = fraction - at
    }
    if at < count, bytes[at] | 0x20 == UInt8(ascii: "e") {
      at += 1
      var sign = 1
      if at < count, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") {
        if bytes[at] == UInt8(ascii: "-") { sign = -1 }
        at += 1
      }
      let first = at
      var value = 0
      while at < count, bytes[at] &- 0x30 < 10 {
        value = min(value * 10 + Int(bytes[at] &- 0x30), 1_000_000)
        at += 1
      }
      guard at > first else { return nil }
      exponent += sign * value
    }
    guard at == count else { return nil }
    // Both operands are exact doubles here, so one rounding gives the nearest result (Clinger's fast path).
    if digits <= 19, mantissa <= 1 << 53, abs(exponent) <= 22 {
      let magnitude =
        exponent < 0 ? Double(mantissa) / powersOfTen[-exponent] : Double(mantissa) * powersOfTen[exponent]
      return negative ? -magnitude : magnitude
    }
    return slowDouble(bytes, count: count)
  }

  /// The C library's conversion, which is correctly rounded. It wants a terminated string and, as the process never
  /// sets a locale, a dot.
  private static func slowDouble(_ bytes: UnsafePointer<UInt8>, count: Int) -> Double {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { buffer in
      for index in 0..<count { buffer[index] = CChar(truncatingIfNeeded: bytes[index]) }
      buffer[count] = 0
      return buffer.baseAddress.map { strtod($0, nil) } ?? 0
    }
  }

  private static let powersOfTen: InlineArray<23, Double> = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
  ]
}
