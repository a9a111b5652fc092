/// What an option's value or a positional argument names, for completion and validation.
enum ValueKind: Sendable, Equatable {
  /// Free text: nothing to complete.
  case text
  case file
  case directory
  case url
  /// One of these words; the parser refuses others.
  case choice([String])
  /// The name of an `ongrid` command.
  case command
}

/// One option of a command without the type of its value: what the parser, `-h`, `--help`, the man page and the
/// completions read. `Option` adds the type.
struct OptionDefinition: Sendable {
  /// The long name without dashes: `listen-grpc`.
  let name: String
  /// The one-letter name, if there is one.
  var short: Character?
  /// The name of the value in help, in capitals; nil for a switch.
  var valueName: String?
  var kind = ValueKind.text
  /// The environment variable that stands in when the option is not given.
  var environment: String?
  /// The value when neither option nor environment gives one, in the words a user would type.
  var defaultValue: String?
  /// May be given several times, every value counting; otherwise the last one wins.
  var isRepeatable = false
  /// A switch that `--no-NAME` turns off.
  var isNegatable = false
  /// The value never appears in an error or a log.
  var isSecret = false
  /// One line for `-h` and completions: no full stop.
  let help: String
  /// What `--help` and the man page add to `help`: paragraphs separated by an empty line, `code` in backticks, lines
  /// indented by four spaces kept as they are.
  var documentation = ""

  /// Takes a value.
  var takesValue: Bool { valueName != nil }

  /// The words the value may be, empty when it is free.
  var choices: [String] {
    if case .choice(let words) = kind { words } else { [] }
  }
}

/// Options that belong together, under one heading in help.
struct OptionGroup: Sendable {
  let title: String
  let typedOptions: [any CommandOption]

  init(_ title: String, _ options: [any CommandOption]) {
    self.title = title
    typedOptions = options
  }

  var options: [OptionDefinition] { typedOptions.map(\.definition) }

  /// The same group with `option` in place of the one that has its name.
  func replacing(_ option: some CommandOption) -> OptionGroup {
    OptionGroup(title, typedOptions.map { $0.name == option.name ? option : $0 })
  }
}
