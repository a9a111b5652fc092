/// A positional argument of a command.
struct Argument: Sendable {
  /// The name in help, in capitals.
  let name: String
  let kind: ValueKind
  let isRequired: Bool
  /// Takes all remaining arguments.
  let isRepeatable: Bool
  /// One line without a full stop.
  let help: String

  init(_ name: String, kind: ValueKind = .text, required: Bool = false, repeatable: Bool = false, help: String) {
    self.name = name
    self.kind = kind
    self.isRequired = required
    self.isRepeatable = repeatable
    self.help = help
  }

  /// `FILE`, `[FILE]` or `[FILE...]` as a synopsis shows it.
  var synopsis: String {
    let many = isRepeatable ? "\(name)..." : name
    return isRequired ? many : "[\(many)]"
  }
}

/// A command line worth pasting, and what it does.
struct Example: Sendable {
  let text: String
  let command: String

  init(_ text: String, _ command: String) {
    self.text = text
    self.command = command
  }
}

/// What an exit status means for one command, where it says more than the common table.
struct ExitNote: Sendable {
  let status: ExitStatus
  let meaning: String

  init(_ status: ExitStatus, _ meaning: String) {
    self.status = status
    self.meaning = meaning
  }
}

/// One subcommand: its documentation, its options and what it does. Listed in `Commands.all`.
struct Command: Sendable {
  /// What the user types after `ongrid`.
  let name: String
  /// One line for the list of commands, without a full stop.
  let summary: String
  /// Paragraphs for `--help` and the man page, marked up like `OptionDefinition.documentation`.
  let description: String
  /// The ways to call it, each without the leading `ongrid`; made from the arguments when empty.
  let synopsis: [String]
  let arguments: [Argument]
  /// All option groups: the command's own, then the common ones.
  let groups: [OptionGroup]
  /// All options in the order of help.
  let allOptions: [OptionDefinition]
  let examples: [Example]
  let exitNotes: [ExitNote]
  /// Whether the command itself sees to `--output`, since it does not end with its first result.
  let writesOutputFile: Bool
  /// Does the work. Results go to `StandardOutput`, everything else through `Log`; it returns rather than exits.
  let run: @Sendable (Arguments) throws(CommandError) -> ExitStatus

  init(
    name: String, summary: String, description: String, synopsis: [String] = [], arguments: [Argument] = [],
    options: [OptionGroup] = [], examples: [Example] = [], exitNotes: [ExitNote] = [], writesOutputFile: Bool = false,
    run: @escaping @Sendable (Arguments) throws(CommandError) -> ExitStatus
  ) {
    self.name = name
    self.summary = summary
    self.description = description
    self.synopsis = synopsis
    self.arguments = arguments
    self.groups = options + [CommonOptions.group]
    self.allOptions = groups.flatMap(\.options)
    self.examples = examples
    self.exitNotes = exitNotes
    self.writesOutputFile = writesOutputFile
    self.run = run
  }

  /// The ways to call it, each starting with the command's name.
  var synopsisLines: [String] {
    synopsis.isEmpty ? [([name, "[OPTIONS]"] + arguments.map(\.synopsis)).joined(separator: " ")] : synopsis
  }
}
