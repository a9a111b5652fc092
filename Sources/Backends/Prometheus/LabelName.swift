/// Rules for names of Prometheus labels.
public enum LabelName {
  /// Whether `name` is `[a-zA-Z_][a-zA-Z0-9_]*`.
  public static func isValid(_ name: String) -> Bool {
    guard let first = name.utf8.first, isLetter(first) else { return false }
    return name.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) }
  }

  /// Whether Prometheus keeps `name` for itself.
  public static func isReserved(_ name: String) -> Bool { name.hasPrefix("__") }

  /// Whether a user may give a label this name.
  public static func isFree(_ name: String) -> Bool { isValid(name) && !isReserved(name) }

  /// `name` with a `_` for everything that a label name cannot hold, and with one in front of a digit.
  public static func sanitized(_ name: String) -> String {
    var text = ""
    for scalar in name.unicodeScalars {
      let isValid = scalar.isASCII && (isLetter(UInt8(scalar.value)) || ("0"..."9").contains(scalar))
      text.unicodeScalars.append(isValid ? scalar : "_")
    }
    if let first = text.utf8.first, !isLetter(first) { text = "_" + text }
    return text
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
  }
}
