import AlertRules

/// Scalars of YAML as a person would write them.
enum YAMLText {
  /// Plain where that is unmistakably a string, else in double quotes.
  ///
  /// The escapes of PromQL's literals are also YAML's: `\"`, `\\`, `\n`, `\r`, `\t`, `\xNN`, `\uNNNN`, `\UNNNNNNNN`.
  static func scalar(_ text: String) -> String {
    isPlain(text) ? text : PromQLString.quoted(text)
  }

  /// `text` over several lines under a key at `indent` spaces, or plain on the key's line when it has just one.
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
      guard isLetter(byte) || (0x30...0x39).contains(byte) || Array(" _-./:%+=(),<>@".utf8).contains(byte) else {
        return false
      }
      // ": " would begin a value.
      if byte == 0x20, previous == 0x3A { return false }
      previous = byte
    }
    return true
  }

  private static func isLetter(_ byte: UInt8) -> Bool { ((byte | 0x20) &- 0x61) < 26 }
}
