import Platform

/// Pieces of JSON text, appended to a buffer without a writer's state: for output whose shape is fixed.
extension ByteBuffer {
  /// Appends `text` as a JSON string in quotes. Quotes, backslashes and control characters are escaped; what is not
  /// UTF-8 becomes U+FFFD.
  mutating func appendJSON(string text: ByteView) {
    append(UInt8(ascii: "\""))
    var copied = 0
    var index = 0
    while index < text.count {
      let byte = text[index]
      if byte >= 0x80 {
        let length = text.utf8SequenceLength(at: index)
        if length > 0 {
          index += length
          continue
        }
        append(text[copied..<index])
        append("\u{FFFD}")
      } else if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7f {
        append(text[copied..<index])
        appendJSON(escape: byte)
      } else {
        index += 1
        continue
      }
      index += 1
      copied = index
    }
    append(text[copied..<text.count])
    append(UInt8(ascii: "\""))
  }

  private mutating func appendJSON(escape byte: UInt8) {
    append(UInt8(ascii: "\\"))
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(byte)
    case 0x0a: append(UInt8(ascii: "n"))
    case 0x0d: append(UInt8(ascii: "r"))
    case 0x09: append(UInt8(ascii: "t"))
    default:
      append("u00")
      withUnsafeBytes(of: byte) { Hex.append(ByteView($0), to: &self) }
    }
  }

  mutating func appendJSON(integer value: some BinaryInteger) {
    append(String(value))
  }

  /// A 64-bit integer, which JSON numbers cannot hold, as a string.
  mutating func appendJSON(quoted value: some BinaryInteger) {
    append(UInt8(ascii: "\""))
    append(String(value))
    append(UInt8(ascii: "\""))
  }

  /// The shortest text that reads back as `value`; what JSON has no number for as protobuf's JSON mapping spells it.
  mutating func appendJSON(double value: Double) {
    if value.isFinite {
      let text = value.description
      // Some readers lose the sign of "-0".
      append(text.hasSuffix(".0") && text != "-0.0" ? String(text.dropLast(2)) : text)
    } else {
      append(value.isNaN ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"")
    }
  }
}
