import Platform

// Values of escaped strings.
//
// Invariants: the raw bytes come from a string token, so every escape is complete and valid; the decoded form is
// never longer than the raw one.

/// Turns the raw bytes of a JSON string into its value.
public enum JSONUnescape {
  /// Appends the value of a string to `out`.
  ///
  /// A surrogate without its partner becomes U+FFFD, which is never longer than the escape it replaces.
  ///
  /// - Parameter raw: The bytes of a string token of `JSONTokenizer`, without the quotes.
  public static func append(_ raw: ByteView, to out: inout ByteBuffer) {
    out.append(upTo: raw.count) { unescape(raw, into: $0) }
  }

  /// The value of a string.
  ///
  /// - Parameter raw: The bytes of a string token of `JSONTokenizer`, without the quotes.
  public static func string(_ raw: ByteView) -> String {
    String(unsafeUninitializedCapacity: raw.count) { unescape(raw, into: UnsafeMutableRawBufferPointer($0)) }
  }

  /// Writes the value of `raw` to `room`, which holds at least `raw.count` bytes, and returns its length.
  public static func unescape(_ raw: ByteView, into room: UnsafeMutableRawBufferPointer) -> Int {
    guard room.count >= raw.count, let out = room.baseAddress else { return 0 }
    let bytes = raw.start.assumingMemoryBound(to: UInt8.self)
    let count = raw.count
    var read = 0
    var written = 0
    while read < count {
      guard bytes[read] == UInt8(ascii: "\\"), read + 1 < count else {
        out.storeBytes(of: bytes[read], toByteOffset: written, as: UInt8.self)
        read &+= 1
        written &+= 1
        continue
      }
      let (scalar, length) = escape(bytes + read, count: count - read)
      read &+= length
      for unit in scalar.utf8 {
        out.storeBytes(of: unit, toByteOffset: written, as: UInt8.self)
        written &+= 1
      }
    }
    return written
  }

  /// The offset in `raw` at which the byte `decoded` of the string's value begins.
  ///
  /// This is how a position inside JSON that is itself held in a JSON string points into the outer text.
  public static func rawOffset(ofDecoded decoded: Int, in raw: ByteView) -> Int {
    let bytes = raw.start.assumingMemoryBound(to: UInt8.self)
    let count = raw.count
    var read = 0
    var written = 0
    while read < count, written < decoded {
      if bytes[read] == UInt8(ascii: "\\"), read + 1 < count {
        let (scalar, length) = escape(bytes + read, count: count - read)
        let width = scalar.utf8.count
        // A position inside a decoded character stays at the start of its escape.
        if written + width > decoded { return read }
        read += length
        written += width
      } else {
        read += 1
        written += 1
      }
    }
    return read
  }

  /// The character of the escape at `bytes` and the escape's length.
  private static func escape(_ bytes: UnsafePointer<UInt8>, count: Int) -> (Unicode.Scalar, Int) {
    switch bytes[1] {
    case UInt8(ascii: "b"): return ("\u{08}", 2)
    case UInt8(ascii: "f"): return ("\u{0C}", 2)
    case UInt8(ascii: "n"): return ("\n", 2)
    case UInt8(ascii: "r"): return ("\r", 2)
    case UInt8(ascii: "t"): return ("\t", 2)
    case UInt8(ascii: "u") where count >= 6:
      let unit = hex(bytes + 2)
      if let scalar = Unicode.Scalar(unit) { return (scalar, 6) }
      if unit < 0xDC00, count >= 12, bytes[6] == UInt8(ascii: "\\"), bytes[7] == UInt8(ascii: "u") {
        let low = hex(bytes + 8)
        if low >= 0xDC00, low <= 0xDFFF,
          let scalar = Unicode.Scalar(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
        {
          return (scalar, 12)
        }
      }
      return ("\u{FFFD}", 6)
    case let other: return (Unicode.Scalar(other), 2)
    }
  }

  private static func hex(_ digits: UnsafePointer<UInt8>) -> UInt32 {
    var value: UInt32 = 0
    for index in 0..<4 {
      let digit = digits[index]
      value = value << 4 | UInt32(digit < 0x3A ? digit &- 0x30 : (digit | 0x20) &- 0x57)
    }
    return value
  }
}
