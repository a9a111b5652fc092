import Platform

/// Tells what data is that holds no traces in a known format.
enum UnknownContent {
  /// How many bytes of the beginning tell a format, where there are so many: the header of a tar file.
  static let detectionLength = 512

  /// What to say of data that begins with `head`.
  static func refusal(of head: ByteView) -> String {
    "no traces in a known format" + (name(of: head).map { ": looks like \($0)" } ?? "")
  }

  /// What the data looks like; nil when it looks like nothing in particular.
  static func name(of head: ByteView) -> String? {
    let magic: [(bytes: [UInt8], name: String)] = [
      (Array("PAR1".utf8), "Parquet (a Tempo block?)"), ([0x50, 0x4B, 0x03, 0x04], "a zip archive"),
      (Array("SQLite format 3".utf8), "an SQLite database"), ([0x7F, 0x45, 0x4C, 0x46], "a program"),
      (Array("%PDF".utf8), "PDF"), ([0x89, 0x50, 0x4E, 0x47], "an image"), ([0xFF, 0xD8, 0xFF], "an image"),
      ([0xFE, 0xFF], "UTF-16 text"), ([0xFF, 0xFE], "UTF-16 text"), (Array("Obj\u{1}".utf8), "Avro"),
      (Array("ARROW1".utf8), "Arrow"), (Array("version https://git-lfs".utf8), "a pointer of Git LFS"),
    ]
    if let found = magic.first(where: { head.hasPrefix($0.bytes) }) { return found.name }
    guard isText(head) else { return nil }
    let text = String(head)
    let lines = text.split(whereSeparator: \.isNewline).prefix(8)
    guard let first = lines.first?.drop(while: { $0 == " " || $0 == "\t" }) else { return nil }
    if first.lowercased().hasPrefix("<!doctype html") || first.lowercased().hasPrefix("<html") { return "HTML" }
    if first.hasPrefix("<") { return "XML" }
    if first.hasPrefix("# HELP ") || first.hasPrefix("# TYPE ") { return "Prometheus metrics" }
    if first.hasPrefix("{") || first.hasPrefix("[") {
      return text.contains("traceId: '") || first == "{" && lines.dropFirst().first?.contains(": ") == true
        ? "JavaScript console output, which is no JSON" : "broken JSON"
    }
    if first.hasPrefix("---") || lines.allSatisfy({ isYAML($0) }) { return "YAML" }
    let commas = lines.map { $0.count { $0 == "," } }
    if let count = commas.first, count > 0, commas.dropLast().allSatisfy({ $0 == count }) { return "CSV" }
    let tabs = lines.map { $0.count { $0 == "\t" } }
    if let count = tabs.first, count > 0, tabs.dropLast().allSatisfy({ $0 == count }) { return "tab-separated text" }
    return "plain text"
  }

  private static func isYAML(_ line: Substring) -> Bool {
    let text = line.drop { $0 == " " }
    if text.hasPrefix("- ") || text.hasPrefix("#") { return true }
    guard let colon = text.firstIndex(of: ":") else { return false }
    let key = text[..<colon]
    let rest = text[text.index(after: colon)...]
    return !key.isEmpty && !key.contains(" ") && !key.contains(",") && (rest.isEmpty || rest.hasPrefix(" "))
  }

  private static func isText(_ head: ByteView) -> Bool {
    for index in 0..<head.count where head[index] < 0x20 && ![0x09, 0x0A, 0x0D, 0x1B].contains(head[index]) {
      return false
    }
    return !head.isEmpty
  }
}
