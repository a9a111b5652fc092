import Platform

/// A log line without what varies from line to line.
enum LogTemplate {
  /// In bytes.
  private static let maximumLength = 160

  /// Words with runs of digits as `0` and ids as `*`; what stands before the level or the first word is a time and goes.
  static func words(_ line: String) -> [String] {
    var words: [String] = []
    var length = 0
    for word in line.utf8.prefix(2048).split(whereSeparator: { $0 == 32 || $0 == 9 || $0 == 10 || $0 == 13 }) {
      let masked = mask(word)
      // A time in front says nothing.
      if words.isEmpty, masked.allSatisfy({ !isLetter($0) || $0 == UInt8(ascii: "T") || $0 == UInt8(ascii: "Z") }) {
        continue
      }
      length += masked.count + 1
      if length > maximumLength { break }
      words.append(String(decoding: masked, as: UTF8.self))
    }
    return words
  }

  /// The first two words as they are, without a time in front. Where they come often, such as a level and a place in the
  /// code, they tell which message it is, whatever follows.
  static func head(_ line: String) -> String {
    var words: [String] = []
    for word in line.utf8.prefix(512).split(whereSeparator: { $0 == 32 || $0 == 9 || $0 == 10 || $0 == 13 }) {
      if words.isEmpty, mask(word).allSatisfy({ !isLetter($0) || $0 == UInt8(ascii: "T") || $0 == UInt8(ascii: "Z") }) {
        continue
      }
      words.append(String(decoding: word, as: UTF8.self))
      if words.count == 2 { break }
    }
    return words.joined(separator: " ")
  }

  /// Whether the first words of a line say that something went wrong.
  static func tellsOfTrouble(_ words: some Sequence<String>) -> Bool {
    words.contains { word in
      let plain = word.lowercased()
      return troubles.contains { plain.contains($0) }
    }
  }

  private static let troubles = ["error", "fatal", "critical", "panic", "exception", "severe", "fail"]

  private static func mask(_ word: some Sequence<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    var run: [UInt8] = []
    func flush() {
      guard !run.isEmpty else { return }
      let digits = run.lazy.filter { isDigit($0) }.count
      if run.count >= 8, digits >= 2, run.allSatisfy({ isHex($0) || $0 == UInt8(ascii: "-") }) {
        result.append(UInt8(ascii: "*"))
      } else {
        var wasDigit = false
        for byte in run {
          let isDigit = isDigit(byte)
          if !isDigit { result.append(byte) } else if !wasDigit { result.append(UInt8(ascii: "0")) }
          wasDigit = isDigit
        }
      }
      run.removeAll(keepingCapacity: true)
    }
    for byte in word {
      if isDigit(byte) || isLetter(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte >= 0x80 {
        run.append(byte)
      } else {
        flush()
        result.append(byte)
      }
    }
    flush()
    return result
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }
  private static func isLetter(_ byte: UInt8) -> Bool { (byte | 32) >= 97 && (byte | 32) <= 122 }
  private static func isHex(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 32) >= 97 && (byte | 32) <= 102 }
}
