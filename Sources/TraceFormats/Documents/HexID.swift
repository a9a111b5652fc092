import OTLP
import Platform

/// Ids as foreign formats write them: hexadecimal digits without leading zeros, or with `0x`, or base64.
enum HexID {
  /// The id of up to 16 bytes; `nil` when `text` is none, or only zeros.
  static func trace(_ text: ByteView) -> (high: UInt64, low: UInt64)? {
    var high: UInt64 = 0
    var low: UInt64 = 0
    let digits = withoutPrefix(text)
    if digits.count == 24 || digits.count == 22, let bytes = base64(digits, 16) {
      for byte in bytes { (high, low) = (high << 8 | low >> 56, low << 8 | UInt64(byte)) }
    } else {
      guard digits.count > 0, digits.count <= 32 else { return nil }
      for index in 0..<digits.count {
        guard let digit = value(digits[index]) else { return nil }
        (high, low) = (high << 4 | low >> 60, low << 4 | digit)
      }
    }
    return high | low == 0 ? nil : (high, low)
  }

  /// The id of up to 8 bytes; `nil` when `text` is none, or only zeros.
  static func span(_ text: ByteView) -> UInt64? {
    var id: UInt64 = 0
    let digits = withoutPrefix(text)
    if digits.count == 12 || digits.count == 11, digits.last == UInt8(ascii: "=") || digits.count == 11,
      let bytes = base64(digits, 8)
    {
      for byte in bytes { id = id << 8 | UInt64(byte) }
    } else {
      guard digits.count > 0, digits.count <= 16 else { return nil }
      for index in 0..<digits.count {
        guard let digit = value(digits[index]) else { return nil }
        id = id << 4 | digit
      }
    }
    return id == 0 ? nil : id
  }

  /// An id made from a text that is none: the same for the same text, always.
  static func madeTrace(_ text: ByteView) -> (high: UInt64, low: UInt64) {
    (hash(text, seed: 0x6f6e_6772_6964_2e31), hash(text, seed: 0x6f6e_6772_6964_2e32) | 1)
  }

  /// A span id likewise.
  static func madeSpan(_ text: ByteView) -> UInt64 { hash(text, seed: 0x6f6e_6772_6964_2e33) | 1 }

  /// FNV-1a, with the bits mixed at the end, so that texts which differ in their last letter only differ in all of it.
  private static func hash(_ text: ByteView, seed: UInt64) -> UInt64 {
    var hash = 0xcbf2_9ce4_8422_2325 ^ seed
    for index in 0..<text.count { hash = (hash ^ UInt64(text[index])) &* 0x100_0000_01b3 }
    hash = (hash ^ hash >> 30) &* 0xbf58_476d_1ce4_e5b9
    hash = (hash ^ hash >> 27) &* 0x94d0_49bb_1331_11eb
    return hash ^ hash >> 31
  }

  private static func withoutPrefix(_ text: ByteView) -> ByteView {
    text.hasPrefix([0x30, 0x78]) ? text.dropFirst(2) : text
  }

  /// Base64 that is no hexadecimal text as well.
  private static func base64(_ text: ByteView, _ count: Int) -> [UInt8]? {
    var isHex = true
    for index in 0..<text.count where value(text[index]) == nil { isHex = false }
    guard !isHex, let bytes = Base64.decode(text), bytes.count == count else { return nil }
    return bytes
  }

  @inline(__always)
  private static func value(_ digit: UInt8) -> UInt64? {
    let number = digit &- 0x30
    if number < 10 { return UInt64(number) }
    let letter = (digit | 0x20) &- 0x61
    return letter < 6 ? UInt64(letter) + 10 : nil
  }
}

/// What a text that is no id in hexadecimal digits stands for where any text may be one.
public enum MadeID {
  /// The trace id made from a text, in 32 digits.
  public static func trace(_ text: String) -> String {
    let (high, low) = Array(text.utf8).withByteView { HexID.madeTrace($0) }
    return [high, low].map { half in
      let digits = String(half, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}

/// Ids that were made from texts which are none.
struct MadeIDs {
  var count = 0
  /// The first of them, and where it stands in the text.
  var first: (text: String, offset: Int)?
}

extension ByteBuffer {
  /// A trace id of 16 bytes as the field `field`.
  @inline(__always)
  mutating func appendField(_ field: Int, traceID: (high: UInt64, low: UInt64)) {
    appendTag(field, .lengthDelimited)
    append(16)
    append(bigEndian: traceID.high)
    append(bigEndian: traceID.low)
  }

  /// A span id of 8 bytes as the field `field`.
  @inline(__always)
  mutating func appendField(_ field: Int, spanID: UInt64) {
    appendTag(field, .lengthDelimited)
    append(8)
    append(bigEndian: spanID)
  }
}
