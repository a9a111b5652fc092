/// Trace and span ids as text.
public enum TraceIDText {
  /// A trace id in lower case with the leading zeros that Tempo drops: 32 digits; nil when `text` is no id.
  public static func padded(_ text: String) -> String? { pad(text, to: 32) }

  /// A span id likewise: 16 digits.
  public static func paddedSpan(_ text: String) -> String? { pad(text, to: 16) }

  private static func pad(_ text: String, to width: Int) -> String? {
    guard !text.isEmpty, text.utf8.count <= width, text.utf8.allSatisfy(isHex) else { return nil }
    return String(repeating: "0", count: width - text.utf8.count) + text.lowercased()
  }

  private static func isHex(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}
