/// A shell command that is too long for a line, broken so that it can still be copied: between words, with `\` before the
/// line's end. What stands in quotes is one word.
enum ShellLines {
  static func broken(_ command: String, columns: Int) -> [String] {
    guard command.count > columns, !command.contains("\n") else {
      return command.split(separator: "\n").map(String.init)
    }
    var lines: [String] = []
    var line = ""
    for word in words(command) {
      // Two for the backslash.
      if !line.isEmpty, line.count + 1 + word.count + 2 > columns {
        lines.append(line + " \\")
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return lines + [line]
  }

  private static func words(_ command: String) -> [String] {
    var words: [String] = []
    var word = ""
    var quote: Character?
    for character in command {
      if character == " ", quote == nil {
        words.append(word)
        word = ""
        continue
      }
      if character == quote {
        quote = nil
      } else if quote == nil, character == "'" || character == "\"" {
        quote = character
      }
      word.append(character)
    }
    return words + [word]
  }
}
