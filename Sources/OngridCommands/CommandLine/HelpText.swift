import Platform

/// What `-h` and `--help` print.
enum HelpText {
  /// Lines are broken at this column at the latest; earlier on a narrower terminal, also where a pager stands in front of
  /// it, or where `COLUMNS` says so.
  private static let maximumWidth = 100
  private static let width = min(maximumWidth, max(40, measuredWidth))

  private static var measuredWidth: Int {
    if Terminal.isTerminal(1) { return Terminal.columns(1) }
    return Terminal.columnsVariable ?? (Terminal.isTerminal(2) ? Terminal.columns(2) : maximumWidth)
  }

  /// The program as a whole.
  static func overview(_ length: HelpLength) -> String {
    var text = "\(Overview.summary)\n\nUsage: ongrid COMMAND [OPTIONS] [ARGUMENTS]\n"
    if length == .long { text += "\n" + prose(Overview.description, indent: 0) }
    text += "\nCommands:\n"
    text += table(Commands.all.map { ($0.name, $0.summary) })
    text += "\nOptions:\n"
    text += table([
      ("-h, --help", "Print help, short or long; also after a command"), ("-V, --version", "Print the version"),
    ])
    if length == .long {
      text += "\nExit status:\n" + table(ExitStatus.allCases.map { ("\($0.rawValue)", $0.meaning) })
    }
    return text + "\nSee 'ongrid help COMMAND' for one command.\n"
  }

  /// One command.
  static func page(_ command: Command, _ length: HelpLength) -> String {
    var text = "\(command.summary)\n\n"
    for (index, line) in command.synopsisLines.enumerated() {
      let lines = wrap("ongrid \(line)", columns: width - 11)
      text += (index == 0 ? "Usage: " : "       ") + lines.joined(separator: "\n           ") + "\n"
    }
    if length == .long, !command.description.isEmpty { text += "\n" + prose(command.description, indent: 0) }
    if !command.arguments.isEmpty {
      text += "\nArguments:\n" + table(command.arguments.map { ($0.synopsis, $0.help) })
    }
    for group in command.groups {
      text += "\n\(group.title):\n"
      text += length == .short ? table(group.options.map { (left($0), brief($0)) }) : full(group)
    }
    if length == .short { return text + "\nSee 'ongrid \(command.name) --help' for more.\n" }
    if !command.examples.isEmpty {
      text += "\nExamples:\n"
      text += command.examples.map { example in
        prose(example.text + ":", indent: 2) + "\n      "
          + ShellLines.broken(example.command, columns: width - 8).joined(separator: "\n        ") + "\n"
      }.joined(separator: "\n")
    }
    text += "\nExit status:\n" + table(exitTable(command))
    return text
  }

  /// Exit statuses with the command's own words where it has some.
  static func exitTable(_ command: Command) -> [(String, String)] {
    ExitStatus.allCases.map { status in
      ("\(status.rawValue)", command.exitNotes.first { $0.status == status }?.meaning ?? status.meaning)
    }
  }

  /// What follows an option's help: default, environment, choices.
  static func notes(_ option: OptionDefinition) -> [String] {
    var notes: [String] = []
    if !option.choices.isEmpty { notes.append("one of: " + option.choices.joined(separator: ", ")) }
    if let value = option.defaultValue { notes.append("default: \(value.isEmpty ? "empty" : value)") }
    if let variable = option.environment { notes.append("environment: \(variable)") }
    if option.isRepeatable { notes.append("may be repeated") }
    if option.isNegatable { notes.append("--no-\(option.name) turns it off") }
    return notes
  }

  private static func left(_ option: OptionDefinition) -> String {
    let short = option.short.map { "-\($0), " } ?? "    "
    return "\(short)--\(option.name)" + (option.valueName.map { " \($0)" } ?? "")
  }

  private static func brief(_ option: OptionDefinition) -> String {
    var details: [String] = []
    if !option.choices.isEmpty { details.append(option.choices.joined(separator: "|")) }
    if let value = option.defaultValue { details.append("default: \(value.isEmpty ? "empty" : value)") }
    if let variable = option.environment { details.append("env: \(variable)") }
    return option.help + (details.isEmpty ? "" : " [\(details.joined(separator: "; "))]")
  }

  private static func full(_ group: OptionGroup) -> String {
    group.options.map { option in
      var text = "  \(left(option))\n" + prose(option.help + ".", indent: 10)
      if !option.documentation.isEmpty { text += "\n" + prose(option.documentation, indent: 10) }
      let notes = notes(option)
      if !notes.isEmpty { text += "\n" + prose("[" + notes.joined(separator: "; ") + "]", indent: 10) }
      return text
    }.joined(separator: "\n")
  }

  /// Two columns; a left side wider than 34 columns, or a third of a narrow terminal, gets a line of its own.
  private static func table(_ rows: [(String, String)]) -> String {
    let most = width < 90 ? width / 3 : 34
    let widest = rows.map { $0.0.count }.filter { $0 <= most }.max() ?? 0
    let column = widest + 4
    var text = ""
    for (left, right) in rows {
      var lines = wrap(right.filter { $0 != "`" }, columns: width - column)[...]
      if left.count > widest {
        text += "  \(left)\n"
      } else {
        text += "  \(left)" + String(repeating: " ", count: column - 2 - left.count) + (lines.popFirst() ?? "") + "\n"
      }
      for line in lines { text += String(repeating: " ", count: column) + line + "\n" }
    }
    return text
  }

  /// Paragraphs broken into lines; indented lines stay as they are; backticks are dropped.
  static func prose(_ text: String, indent: Int) -> String {
    let margin = String(repeating: " ", count: indent)
    return Markup.blocks(text).map { block in
      switch block {
      case .paragraph(let words):
        let plain = words.filter { $0 != "`" }
        return wrap(plain, columns: width - indent).map { margin + $0 + "\n" }.joined()
      case .verbatim(let lines):
        return lines.map { margin + "    " + $0 + "\n" }.joined()
      }
    }.joined(separator: "\n")
  }

  private static func wrap(_ text: String, columns: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if line.isEmpty {
        line = String(word)
      } else if line.count + 1 + word.count <= columns {
        line += " " + word
      } else {
        lines.append(line)
        line = String(word)
      }
    }
    return lines + (line.isEmpty ? [] : [line])
  }
}

/// The little markup that documentation strings use.
enum Markup {
  enum Block: Equatable {
    /// Running text; `code` is in backticks.
    case paragraph(String)
    /// Lines shown as they are, without their indentation of four.
    case verbatim([String])
  }

  /// Splits at empty lines; a line indented by four spaces is verbatim.
  static func blocks(_ text: String) -> [Block] {
    var blocks: [Block] = []
    var paragraph: [Substring] = []
    var verbatim: [String] = []
    func close() {
      if !paragraph.isEmpty { blocks.append(.paragraph(paragraph.joined(separator: " "))) }
      if !verbatim.isEmpty { blocks.append(.verbatim(verbatim)) }
      paragraph = []
      verbatim = []
    }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty {
        close()
      } else if line.hasPrefix("    ") {
        if !paragraph.isEmpty { close() }
        verbatim.append(String(line.dropFirst(4)))
      } else {
        if !verbatim.isEmpty { close() }
        paragraph.append(line)
      }
    }
    close()
    return blocks
  }
}

/// What the program says about itself as a whole.
enum Overview {
  static let summary = "Move, measure, query and correlate distributed traces"
  static let description = """
    Each command reads standard input, files or options and writes JSON or PromQL to standard output, so that they \
    chain in a shell, a CI check or a cron line. Logs, progress and errors go to standard error.

    Traces are read as OTLP/JSON, OTLP protobuf or Tempo's JSON, plain or compressed with gzip or zstd; the format is \
    detected.

    A command `foo` that is not listed runs the program `ongrid-foo` from PATH.
    """
}
