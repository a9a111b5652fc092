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
    for index in 0..<count {
      let high = value(text[2 &* index])
      let low = value(text[2 &* index &+ 1])
      if (high | low) == 255 { return index }
      room[index] = high << 4 | low
    }
    return count
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
