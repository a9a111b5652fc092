/// Base 64 of RFC 4648: the standard alphabet written with padding; both alphabets read, with padding or without, as
/// protobuf's JSON mapping demands.
public enum Base64 {
  private static func value(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
    case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
    default: nil
    }
  }

  /// The bytes that `text` spells; `nil` when it is not base 64.
  public static func decode(_ text: ByteView) -> [UInt8]? {
    var end = text.count
    while end > 0, text.count - end < 2, text[end - 1] == UInt8(ascii: "=") { end -= 1 }
    guard end % 4 != 1, end == text.count || text.count % 4 == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(end / 4 * 3 + 2)
    var bits: UInt32 = 0
    var held = 0
    for index in 0..<end {
      guard let digit = value(text[index]) else { return nil }
      bits = bits << 6 | UInt32(digit)
      held += 6
      if held >= 8 {
        held -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
      }
    }
    return bytes
  }

  public static func encode(_ bytes: ByteView) -> String {
    var out = ByteBuffer(capacity: bytes.count / 3 * 4 + 4)
    append(bytes, to: &out)
    return String(out.view)
  }

  /// Appends the text of `bytes`.
  public static func append(_ bytes: ByteView, to out: inout ByteBuffer) {
    let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    let digits = ByteView(start: alphabet.utf8Start, count: 64)
    var index = 0
    while index < bytes.count {
      let left = bytes.count - index
      var group = UInt32(bytes[index]) << 16
      if left > 1 { group |= UInt32(bytes[index + 1]) << 8 }
      if left > 2 { group |= UInt32(bytes[index + 2]) }
      out.append(digits[Int(group >> 18)])
      out.append(digits[Int(group >> 12 & 63)])
      out.append(left > 1 ? digits[Int(group >> 6 & 63)] : UInt8(ascii: "="))
      out.append(left > 2 ? digits[Int(group & 63)] : UInt8(ascii: "="))
      index += 3
    }
  }
}
