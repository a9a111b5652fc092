/// The escapes of strings in double quotes, as in Go: `\n`, `\x41`, `\101`, `\u00e9`, `\U0001F600`.
enum EscapeSequence {
  /// Reads what follows a backslash, moving `position` past it. Nil when it is no escape.
  static func read(_ bytes: [UInt8], _ position: inout Int) -> [UInt8]? {
    guard position < bytes.count else { return nil }
    let letter = bytes[position]
    position += 1
    switch letter {
    case UInt8(ascii: "a"): return [0x07]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "v"): return [0x0B]
    case UInt8(ascii: "\\"), UInt8(ascii: "\""): return [letter]
    case UInt8(ascii: "x"):
      return digits(bytes, &position, count: 2, radix: 16).map { [UInt8(truncatingIfNeeded: $0)] }
    case UInt8(ascii: "u"): return digits(bytes, &position, count: 4, radix: 16).flatMap(scalar)
    case UInt8(ascii: "U"): return digits(bytes, &position, count: 8, radix: 16).flatMap(scalar)
    case UInt8(ascii: "0")...UInt8(ascii: "7"):
      position -= 1
      guard let value = digits(bytes, &position, count: 3, radix: 8), value <= 255 else { return nil }
      return [UInt8(value)]
    default: return nil
    }
  }

  private static func digits(_ bytes: [UInt8], _ position: inout Int, count: Int, radix: Int) -> UInt32? {
    guard position + count <= bytes.count else { return nil }
    let text = bytes[position..<position + count]
    // A sign is a digit to the number parser but not here.
    guard text.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x66) }),
      let value = UInt32(String(decoding: text, as: UTF8.self), radix: radix)
    else { return nil }
    position += count
    return value
  }

  private static func scalar(_ value: UInt32) -> [UInt8]? {
    Unicode.Scalar(value).map { Array(String(Character($0)).utf8) }
  }
}
