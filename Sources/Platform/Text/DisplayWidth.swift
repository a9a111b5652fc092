/// How many terminal columns text takes, for tables.
public enum DisplayWidth {
  /// Columns of a text: two for East Asian wide characters and emoji, none for combining marks and controls.
  public static func of(_ text: String) -> Int {
    if text.utf8.allSatisfy({ 0x20..<0x7F ~= $0 }) { return text.utf8.count }
    return text.reduce(0) { $0 + width(of: $1) }
  }

  /// Text filled with spaces on the right (or left) up to a number of columns.
  public static func padded(_ text: String, to columns: Int, alignRight: Bool = false) -> String {
    let fill = String(repeating: " ", count: max(0, columns - of(text)))
    return alignRight ? fill + text : text + fill
  }

  /// Text cut to a number of columns; what is cut ends in `…`.
  public static func truncated(_ text: String, to columns: Int) -> String {
    if of(text) <= columns { return text }
    if columns < 1 { return "" }
    var kept = ""
    var used = 1
    for character in text {
      used += width(of: character)
      if used > columns { break }
      kept.append(character)
    }
    return kept + "…"
  }

  private static func width(of character: Character) -> Int {
    var widest = 0
    for scalar in character.unicodeScalars {
      // A variation selector asks for the emoji form of the character before it.
      if scalar.value == 0xFE0F { widest = max(widest, 2) }
      widest = max(widest, width(of: scalar))
    }
    return widest
  }

  private static func width(of scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: 0
    default: isWide(scalar.value) ? 2 : 1
    }
  }

  /// Unicode's East Asian Width W and F, joined into large blocks, and the emoji blocks.
  private static func isWide(_ value: UInt32) -> Bool {
    switch value {
    case 0x1100...0x115F, 0x231A...0x231B, 0x23E9...0x23EC, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF,
      0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1B000...0x1B2FF, 0x1F300...0x1F64F,
      0x1F680...0x1F6FF, 0x1F7E0...0x1F7EB, 0x1F900...0x1F9FF, 0x1FA70...0x1FAFF, 0x20000...0x3FFFD:
      true
    default: false
    }
  }
}
