import Platform

/// What OpenTelemetry's consistent probability sampling says in a span's W3C tracestate: `ot=th:8` says that the span was
/// kept with a probability of one half, `rv` is a random value in place of the one that the trace id holds. Read as Tempo
/// reads it.
public struct SamplingState: Equatable, Sendable {
  /// Thresholds and random values are numbers of 56 bits: they lie below this.
  public static let range: UInt64 = 1 << 56
  private static let digits = 14
  /// The specification allows no more to the entry of one vendor.
  private static let maximumLength = 256

  /// What a random value must reach for the span to be kept; `nil` where the tracestate does not say.
  public let threshold: UInt64?
  /// The explicit random value, if any.
  public let randomness: UInt64?

  /// Nil without an entry of OpenTelemetry's, and where that is malformed.
  public init?(_ traceState: ByteView) {
    guard !traceState.isEmpty, let entry = SamplingState.entries(of: traceState).ours,
      let (threshold, randomness) = SamplingState.read(entry)
    else { return nil }
    self.threshold = threshold
    self.randomness = randomness
  }

  /// The random value of a trace without an explicit one: the lowest 56 bits of its id; 0 for what is no id.
  public static func randomness(ofTrace id: ByteView) -> UInt64 {
    guard id.count == 16 else { return 0 }
    return UInt64(bigEndian: (id.start + 8).loadUnaligned(as: UInt64.self)) & (range - 1)
  }

  /// The threshold that keeps a share of `probability`, which lies above 0 and up to 1. It has as many hexadecimal digits
  /// as `precision` says besides leading `f`s, as the specification computes it; four is what SDKs and collectors use.
  public static func threshold(probability: Double, precision: Int = 4) -> UInt64 {
    guard probability < 1 else { return 0 }
    let leading = max(0, -(Int(probability.exponent) + 1)) / 4
    let kept = max(1, min(12, precision + leading))
    let unit: UInt64 = 1 << UInt64(4 * (digits - kept))
    let exact = UInt64(saturating: (1 - max(probability, 0)) * Double(range))
    return min((exact + unit / 2) / unit, range / unit - 1) * unit
  }

  /// The share that a threshold keeps.
  public static func probability(threshold: UInt64) -> Double {
    Double(range - min(threshold, range)) / Double(range)
  }

  /// Appends `traceState` with this threshold to `buffer`. The entry comes first, as W3C wants of what was changed last;
  /// its other values stay, and so do the entries of others.
  public static func write(threshold: UInt64, over traceState: ByteView, into buffer: inout ByteBuffer) {
    let (ours, others) = entries(of: traceState)
    buffer.append("ot=th:")
    appendDigits(threshold, into: &buffer)
    if let ours, read(ours) != nil {
      let isLong = ours.count > maximumLength - digits - 4
      forEachField(ours) { key, field in
        // Where there is no room for all, the random value is what matters.
        if key.equals("th") || (isLong && !key.equals("rv")) { return }
        buffer.append(UInt8(ascii: ";"))
        buffer.append(field)
      }
    }
    for other in others {
      buffer.append(UInt8(ascii: ","))
      buffer.append(other)
    }
  }

  private static func appendDigits(_ threshold: UInt64, into buffer: inout ByteBuffer) {
    if threshold == 0 { return buffer.append(UInt8(ascii: "0")) }
    var shift = UInt64(4 * (digits - 1))
    var rest = threshold
    while rest != 0 {
      let digit = UInt8(truncatingIfNeeded: rest >> shift & 15)
      buffer.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
      rest &= (1 << shift) - 1
      shift = shift >= 4 ? shift - 4 : 0
    }
  }

  /// The value of the first entry named `ot`, and the entries of others.
  private static func entries(of traceState: ByteView) -> (ours: ByteView?, others: [ByteView]) {
    var ours: ByteView?
    var others: [ByteView] = []
    var start = 0
    while start <= traceState.count {
      let end = traceState.firstIndex(of: UInt8(ascii: ","), from: start) ?? traceState.count
      let entry = trimmed(traceState[start..<end])
      start = end + 1
      if entry.hasPrefix(Array("ot=".utf8)) {
        if ours == nil { ours = entry.dropFirst(3) }
      } else if !entry.isEmpty {
        others.append(entry)
      }
    }
    return (ours, others)
  }

  /// The threshold and the random value among `key:value` pairs between semicolons; nil when anything is malformed.
  private static func read(_ entry: ByteView) -> (threshold: UInt64?, randomness: UInt64?)? {
    guard !entry.isEmpty, entry.count <= maximumLength else { return nil }
    var threshold: UInt64?
    var randomness: UInt64?
    var isWhole = true
    forEachField(entry) { key, field in
      let value = field.dropFirst(key.count + 1)
      guard key.count < field.count, isKey(key), isValue(value) else {
        isWhole = false
        return
      }
      if key.equals("th") {
        guard let number = hexadecimal(value) else {
          isWhole = false
          return
        }
        threshold = number << UInt64(4 * (digits - value.count))
      } else if key.equals("rv") {
        guard value.count == digits, let number = hexadecimal(value) else {
          isWhole = false
          return
        }
        randomness = number
      }
    }
    return isWhole ? (threshold, randomness) : nil
  }

  /// Calls `body` with what stands before the colon of each pair, and the pair; without a colon both are the same.
  private static func forEachField(_ entry: ByteView, _ body: (ByteView, ByteView) -> Void) {
    var start = 0
    while start <= entry.count {
      let end = entry.firstIndex(of: UInt8(ascii: ";"), from: start) ?? entry.count
      let field = entry[start..<end]
      start = end + 1
      body(field.firstIndex(of: UInt8(ascii: ":")).map { field.prefix($0) } ?? field, field)
    }
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
    var value: UInt64 = 0
    for byte in text.buffer {
      switch byte {
      case 0x30...0x39: value = value << 4 | UInt64(byte - 0x30)
      case 0x41...0x46: value = value << 4 | UInt64(byte - 0x37)
      case 0x61...0x66: value = value << 4 | UInt64(byte - 0x57)
      default: return nil
      }
    }
    return value
  }

  private static func trimmed(_ text: ByteView) -> ByteView {
    var text = text
    while let first = text.first, isSpace(first) { text = text.dropFirst(1) }
    while let last = text.last, isSpace(last) { text = text.prefix(text.count - 1) }
    return text
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
