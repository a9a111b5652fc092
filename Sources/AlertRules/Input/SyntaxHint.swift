import JSON
import Platform

/// What was probably meant by text that is not JSON.
enum SyntaxHint {
  /// Bytes of the character that begins at `offset`.
  static func length(at offset: Int, _ bytes: [UInt8]) -> Int {
    guard offset < bytes.count, bytes[offset] >= 0x80 else { return 1 }
    var end = offset + 1
    while end < bytes.count, end < offset + 4, bytes[end] & 0xC0 == 0x80 { end += 1 }
    return end - offset
  }

  static func text(_ error: JSONError, _ bytes: [UInt8]) -> String? {
    if let sign = sign(at: error.offset, bytes) { return sign }
    if looksLikeYAML(error, bytes) { return "this looks like YAML, which is read from files named .yaml or .yml" }
    let found = error.offset < bytes.count ? bytes[error.offset] : 0
    switch (error.reason, found) {
    case (_, UInt8(ascii: "'")): return "JSON strings are in double quotes"
    case (.expectedKey, UInt8(ascii: "/")), (.expectedKey, UInt8(ascii: "#")): return "JSON has no comments; YAML has"
    case (.expectedKey, _) where found != 0: return "keys are in double quotes"
    case (.trailingComma, _): return "remove the comma before it: JSON, unlike JSON5, has none at the end"
    case (.expectedCommaOrBrace, UInt8(ascii: "\"")), (.expectedCommaOrBracket, UInt8(ascii: "{")):
      return "a comma is missing before it"
    case (.expectedValue, UInt8(ascii: "/")), (.expectedValue, UInt8(ascii: "#")),
      (.expectedCommaOrBrace, UInt8(ascii: "/")), (.expectedCommaOrBrace, UInt8(ascii: "#")),
      (.expectedCommaOrBracket, UInt8(ascii: "/")), (.expectedCommaOrBracket, UInt8(ascii: "#")),
      (.trailingData, UInt8(ascii: "/")), (.trailingData, UInt8(ascii: "#")):
      return "JSON has no comments; YAML has"
    case (.invalidLiteral, UInt8(ascii: "T")), (.invalidLiteral, UInt8(ascii: "F")),
      (.invalidLiteral, UInt8(ascii: "N")):
      return "true, false and null are in lower case"
    case (.expectedValue, UInt8(ascii: ".")): return "a number needs a digit before the point"
    case (.expectedValue, UInt8(ascii: "+")): return "a number has no plus sign"
    default: return nil
    }
  }

  /// Signs that text programs and other keyboards put in place of those that JSON has.
  private static func sign(at offset: Int, _ bytes: [UInt8]) -> String? {
    guard offset < bytes.count, bytes[offset] >= 0x80 else { return nil }
    let scalar = String(decoding: bytes[offset..<min(offset + length(at: offset, bytes), bytes.count)], as: UTF8.self)
      .unicodeScalars.first
    switch scalar {
    case "\u{201C}", "\u{201D}", "\u{201E}", "\u{00AB}", "\u{00BB}", "\u{FF02}":
      return "these are typographic quotes; JSON has \""
    case "\u{2018}", "\u{2019}", "\u{FF07}": return "these are typographic quotes; JSON strings are in double quotes"
    case "\u{FF1A}": return "this is a full-width colon; JSON has :"
    case "\u{FF0C}", "\u{3001}": return "this is a full-width comma; JSON has ,"
    case "\u{FF5B}", "\u{FF5D}", "\u{FF3B}", "\u{FF3D}": return "this is a full-width bracket; JSON has { } [ ]"
    case "\u{00A0}", "\u{3000}", "\u{2003}", "\u{200B}": return "this is a white space that JSON does not know"
    default: return nil
    }
  }

  /// `kind: …`, `- kind: …` or `---` at the beginning of a line, outside of any JSON.
  private static func looksLikeYAML(_ error: JSONError, _ bytes: [UInt8]) -> Bool {
    var start = min(error.offset, bytes.count)
    while start > 0, bytes[start - 1] != 0x0A { start -= 1 }
    return looksLikeYAML(
      String(decoding: bytes[start..<min(start + 200, bytes.count)].prefix { $0 != 0x0A }, as: UTF8.self))
  }

  /// Whether a line can begin a document of YAML and none of JSON.
  static func looksLikeYAML(_ line: String) -> Bool {
    if line.hasPrefix("---") { return true }
    var rest = Substring(line)
    if rest.hasPrefix("- ") { rest = rest.dropFirst(2) }
    let key = rest.prefix { $0.isLetter || $0 == "_" || $0.isNumber }
    let end = rest.dropFirst(key.count)
    return !key.isEmpty && key.count == rest.prefix { $0 != ":" }.count
      && (end.hasPrefix(": ") || end == ":" || end == ":\r")
  }
}
