/// Manual pages for man(1), in roff with the classic `man` macros.
enum ManPage {
  /// `ongrid(1)`.
  static func overview() -> String {
    var page = head("ongrid", Overview.summary)
    page += ".SH SYNOPSIS\n.B ongrid\n.I COMMAND\n[\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]\n"
    page += ".SH DESCRIPTION\n" + prose(Overview.description)
    page += ".SH COMMANDS\n"
    for command in Commands.all {
      page += ".TP\n.BR ongrid\\-\(escaped(command.name)) (1)\n\(line(command.summary + "."))"
    }
    page += ".SH OPTIONS\n"
    page += ".TP\n.BR \\-h \", \" \\-\\-help\nPrint help, short or long; also after a command.\n"
    page += ".TP\n.BR \\-V \", \" \\-\\-version\nPrint the version.\n"
    page += exitStatus(ExitStatus.allCases.map { ("\($0.rawValue)", $0.meaning) })
    return page + seeAlso(Commands.names, including: nil)
  }

  /// `ongrid-COMMAND(1)`.
  static func page(_ command: Command) -> String {
    var page = head("ongrid-\(command.name)", command.summary)
    page += ".SH SYNOPSIS\n.nf\n"
    for usage in command.synopsisLines { page += ".B ongrid \(escaped(usage))\n" }
    page += ".fi\n.SH DESCRIPTION\n" + prose(command.description)
    if !command.arguments.isEmpty {
      page += ".SH ARGUMENTS\n"
      for argument in command.arguments {
        page += ".TP\n.I \(escaped(argument.synopsis))\n" + line(argument.help + ".")
      }
    }
    page += ".SH OPTIONS\n"
    for group in command.groups {
      page += ".SS \"\(escaped(group.title))\"\n"
      for option in group.options { page += entry(option) }
    }
    page += environment(command)
    if !command.examples.isEmpty {
      page += ".SH EXAMPLES\n"
      for example in command.examples {
        page += ".PP\n" + line(example.text + ":") + ".PP\n.RS 4\n.nf\n\(line(example.command)).fi\n.RE\n"
      }
    }
    page += exitStatus(HelpText.exitTable(command))
    return page + seeAlso(Commands.names, including: command.name)
  }

  private static func head(_ name: String, _ summary: String) -> String {
    let title = escaped(name.uppercased())
    return ".TH \"\(title)\" 1 \"\" \"ongrid \(Version.text)\" \"User Commands\"\n.SH NAME\n"
      + "\(escaped(name)) \\- \(escaped(summary.prefix(1).lowercased() + summary.dropFirst()))\n"
  }

  private static func entry(_ option: OptionDefinition) -> String {
    var term = option.short.map { "\\fB\\-\($0)\\fR, " } ?? ""
    term += "\\fB\\-\\-\(escaped(option.name))\\fR"
    if let value = option.valueName { term += " \\fI\(escaped(value))\\fR" }
    var text = ".TP\n\(term)\n" + line(option.help + ".")
    if !option.documentation.isEmpty { text += ".IP\n" + prose(option.documentation, paragraph: ".IP") }
    let notes = HelpText.notes(option)
    if !notes.isEmpty { text += ".IP\n" + line("[" + notes.joined(separator: "; ") + "]") }
    return text
  }

  private static func environment(_ command: Command) -> String {
    let options = command.allOptions.filter { $0.environment != nil }
    var text = ".SH ENVIRONMENT\nAn option on the command line wins over its variable.\n"
    for option in options {
      text += ".TP\n.B \(escaped(option.environment ?? ""))\n" + line("Stands for `--\(option.name)`.")
    }
    return text + ".TP\n.B NO_COLOR\nNo colour when set and not empty.\n"
  }

  private static func exitStatus(_ rows: [(String, String)]) -> String {
    ".SH EXIT STATUS\n" + rows.map { ".TP\n.B \($0.0)\n" + line($0.1) }.joined()
  }

  private static func seeAlso(_ commands: [String], including own: String?) -> String {
    let pages = (own == nil ? [] : ["ongrid"]) + commands.filter { $0 != own }.map { "ongrid-\($0)" }
    let items = pages.enumerated().map { ".BR \(escaped($1)) (1)\($0 == pages.count - 1 ? "" : ",")\n" }
    return ".SH SEE ALSO\n" + items.joined()
  }

  /// Paragraphs and verbatim lines; `code` becomes bold.
  private static func prose(_ text: String, paragraph: String = ".PP") -> String {
    var page = ""
    for (index, block) in Markup.blocks(text).enumerated() {
      if index > 0 { page += paragraph + "\n" }
      switch block {
      case .paragraph(let words): page += line(words)
      case .verbatim(let lines): page += ".RS 4\n.nf\n" + lines.map(line).joined() + ".fi\n.RE\n"
      }
    }
    return page
  }

  /// One input line of running text.
  private static func line(_ text: String) -> String {
    var roff = ""
    var isCode = false
    for part in text.split(separator: "`", omittingEmptySubsequences: false) {
      roff += isCode ? "\\fB\(escaped(String(part)))\\fR" : escaped(String(part))
      isCode.toggle()
    }
    return (roff.hasPrefix(".") || roff.hasPrefix("'") ? "\\&" : "") + roff + "\n"
  }

  /// Characters that roff would read as its own or print as something else.
  private static func escaped(_ text: String) -> String {
    var roff = ""
    for character in text {
      switch character {
      case "\\": roff += "\\e"
      case "-": roff += "\\-"
      case "'": roff += "\\(aq"
      case "\"": roff += "\\(dq"
      case "^": roff += "\\(ha"
      case "~": roff += "\\(ti"
      case "`": roff += "\\(ga"
      default: roff.append(character)
      }
    }
    return roff
  }
}
