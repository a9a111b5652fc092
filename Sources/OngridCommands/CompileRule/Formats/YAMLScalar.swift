import AlertRules

/// Scalars of YAML as a person would write them.
enum YAMLScalar {
  /// Plain where that is unmistakably a string, else in double quotes.
  ///
  /// The escapes of PromQL's literals are also YAML's: `\"`, `\\`, `\n`, `\r`, `\t`, `\xNN`, `\uNNNN`, `\UNNNNNNNN`.
  static func text(_ text: String) -> String {
    isPlain(text) ? text : PromQLString.quoted(text)
  }

  /// `text`, which ends without a line break, as a block under a key at `indent` spaces.
  static func block(_ text: String, indent: Int) -> String {
    let margin = String(repeating: " ", count: indent + 2)
    return "|-\n" + text.split(separator: "\n").map { margin + $0 }.joined(separator: "\n")
  }

  private static let words: Set<String> = ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"]

  private static func isPlain(_ text: String) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last, isLetter(first), last != 0x20, last != 0x3A,
      !words.contains(text.lowercased()), text.utf8.count <= 160
    else { return false }
    var previous: UInt8 = 0
    for byte in text.utf8 {
      guard isLetter(byte) || isPlainSign(byte) else { return false }
      // ": " would begin a value.
      if byte == 0x20, previous == 0x3A { return false }
      previous = byte
    }
    return true
  }

  private static func isPlainSign(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, UInt8(ascii: " "), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"),
      UInt8(ascii: ":"), UInt8(ascii: "%"), UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: "("), UInt8(ascii: ")"),
      UInt8(ascii: ","), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "@"):
      true
    default: false
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool { ((byte | 0x20) &- 0x61) < 26 }
}
