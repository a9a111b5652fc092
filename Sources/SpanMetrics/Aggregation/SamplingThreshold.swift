import Platform

/// The sampling threshold that OpenTelemetry's consistent probability sampling writes into a span's W3C tracestate:
/// `ot=th:8` says that the span was kept with a probability of one half. Read as Tempo reads it.
enum SamplingThreshold {
  private static let digits = 14
  /// Thresholds and random values are numbers of 56 bits.
  private static let range: UInt64 = 1 << 56
  /// The specification allows no more to the entry of one vendor.
  private static let maximumLength = 256

  /// For how many spans one with this tracestate stands; nil where it does not say.
  ///
  /// With an explicit random value (`rv`) the count is rounded up or down by it, so that counts stay whole and their sum
  /// right.
  static func adjustedCount(_ traceState: ByteView) -> Double? {
    guard let entry = entry(of: traceState), let fields = fields(entry), let threshold = fields.threshold else {
      return nil
    }
    let count = 1 / (Double(range - threshold) / Double(range))
    guard let random = fields.random else { return count }
    let whole = count.rounded(.down)
    return Double(random >> 3) / 0x1p53 < count - whole ? whole + 1 : whole
  }

  /// The value of the first entry named `ot`.
  private static func entry(of traceState: ByteView) -> ByteView? {
    var rest = trimmed(traceState)
    while true {
      let comma = rest.firstIndex(of: UInt8(ascii: ","))
      if rest.hasPrefix(Array("ot=".utf8)) { return rest[3..<(comma ?? rest.count)] }
      guard let comma else { return nil }
      rest = trimmed(rest.dropFirst(comma + 1))
    }
  }

  /// The threshold and the random value among `key:value` pairs between semicolons; nil when anything is malformed.
  private static func fields(_ entry: ByteView) -> (threshold: UInt64?, random: UInt64?)? {
    guard !entry.isEmpty, entry.count <= maximumLength else { return nil }
    var threshold: UInt64?
    var random: UInt64?
    var start = 0
    while start <= entry.count {
      let end = entry.firstIndex(of: UInt8(ascii: ";"), from: start) ?? entry.count
      let field = entry[start..<end]
      start = end + 1
      guard let colon = field.firstIndex(of: UInt8(ascii: ":")), isKey(field.prefix(colon)) else { return nil }
      let value = field.dropFirst(colon + 1)
      guard isValue(value) else { return nil }
      switch String(field.prefix(colon)) {
      case "th":
        guard let number = hexadecimal(value) else { return nil }
        threshold = number << UInt64(4 * (digits - value.count))
      case "rv":
        guard value.count == digits, let number = hexadecimal(value) else { return nil }
        random = number
      default: break
      }
    }
    return (threshold, random)
  }

  private static func isKey(_ text: ByteView) -> Bool {
    guard let first = text.first, isLowercase(first) else { return false }
    return text.buffer.allSatisfy { isLowercase($0) || isDigit($0) }
  }

  private static func isValue(_ text: ByteView) -> Bool {
    text.buffer.allSatisfy { byte in
      // Letters of both cases, digits, and `.`, `_`, `-`.
      isLowercase(byte) || (0x41...0x5A).contains(byte) || isDigit(byte) || [0x2E, 0x5F, 0x2D].contains(byte)
    }
  }

  private static func isLowercase(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private static func hexadecimal(_ text: ByteView) -> UInt64? {
    guard (1...digits).contains(text.count) else { return nil }
    return UInt64(String(text), radix: 16)
  }

  private static func trimmed(_ text: ByteView) -> ByteView {
    var text = text
    while let first = text.first, isSpace(first) { text = text.dropFirst(1) }
    while !text.isEmpty, isSpace(text[text.count - 1]) { text = text.prefix(text.count - 1) }
    return text
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
