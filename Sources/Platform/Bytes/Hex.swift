/// Hexadecimal text (base 16 of RFC 4648, either case).
public enum Hex {
  /// The value of `byte` as a digit; 255 for what is none.
  @inlinable @inline(__always)
  static func value(_ byte: UInt8) -> UInt8 {
    let digit = byte &- 0x30
    if digit < 10 { return digit }
    let letter = (byte | 0x20) &- 0x61
    return letter < 6 ? letter &+ 10 : 255
  }

  /// Whether `text` is an even number of hexadecimal digits.
  @inlinable
  public static func isValid(_ text: ByteView) -> Bool {
    guard text.count & 1 == 0 else { return false }
    for index in 0..<text.count where value(text[index]) == 255 { return false }
    return true
  }

  /// Writes the bytes that `text` spells to `room` and returns how many; it stops at what is not a pair of digits and
  /// where `room` ends.
  @inlinable
  public static func decode(_ text: ByteView, into room: UnsafeMutableRawBufferPointer) -> Int {
    let count = Swift.min(text.count / 2, room.count)
    var done = 0
    while done &+ 4 <= count {
      let pairs = UInt64(littleEndian: (text.start + 2 &* done).loadUnaligned(as: UInt64.self))
      guard let word = fourBytes(pairs) else { break }
      room.storeBytes(of: word.littleEndian, toByteOffset: done, as: UInt32.self)
      done &+= 4
    }
    for index in done..<count {
      let high = value(text[2 &* index])
      let low = value(text[2 &* index &+ 1])
      if (high | low) == 255 { return index }
      room[index] = high << 4 | low
    }
    return count
  }

  /// The four bytes that eight digits spell, all of them at once; `nil` when one of the eight is no digit.
  @inlinable @inline(__always)
  static func fourBytes(_ digits: UInt64) -> UInt32? {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let high: UInt64 = 0x8080_8080_8080_8080
    guard digits & high == 0 else { return nil }
    // In each byte, which is below 0x80: bit 7 of `x + (0x80 - n)` tells whether x >= n.
    let lower = digits | 0x2020_2020_2020_2020
    let isDigit = (digits &+ (0x80 - 0x30) &* ones) & ~(digits &+ (0x80 - 0x3A) &* ones) & high
    let isLetter = (lower &+ (0x80 - 0x61) &* ones) & ~(lower &+ (0x80 - 0x67) &* ones) & high
    guard isDigit | isLetter == high else { return nil }
    let nibbles = (digits & 0x0F0F_0F0F_0F0F_0F0F) &+ (isLetter >> 7) &* 9
    // Each pair is high digit, low digit; join them and drop the byte between.
    let pairs = (nibbles << 4 | nibbles >> 8) & 0x00FF_00FF_00FF_00FF
    let halves = (pairs | pairs >> 8) & 0x0000_FFFF_0000_FFFF
    return UInt32(truncatingIfNeeded: halves | halves >> 16)
  }

  /// The bytes that `text` spells; `nil` when it is not an even number of hexadecimal digits.
  public static func decode(_ text: String) -> [UInt8]? {
    Array(text.utf8).withByteView { view in
      guard isValid(view) else { return nil }
      return [UInt8](unsafeUninitializedCapacity: view.count / 2) { room, count in
        count = decode(view, into: UnsafeMutableRawBufferPointer(room))
      }
    }
  }

  /// Appends two lower-case digits for each byte.
  @inlinable
  public static func append(_ bytes: ByteView, to out: inout ByteBuffer) {
    out.append(upTo: 2 * bytes.count) { room in
      for index in 0..<bytes.count {
        let byte = bytes[index]
        room[2 &* index] = digit(byte >> 4)
        room[2 &* index &+ 1] = digit(byte & 15)
      }
      return 2 * bytes.count
    }
  }

  /// Two lower-case digits for each byte.
  public static func encode(_ bytes: ByteView) -> String {
    String(unsafeUninitializedCapacity: 2 * bytes.count) { room in
      for index in 0..<bytes.count {
        room[2 * index] = digit(bytes[index] >> 4)
        room[2 * index + 1] = digit(bytes[index] & 15)
      }
      return 2 * bytes.count
    }
  }

  @inlinable @inline(__always)
  static func digit(_ value: UInt8) -> UInt8 { value &+ (value < 10 ? 0x30 : 0x57) }
}
