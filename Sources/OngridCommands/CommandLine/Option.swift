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

/// One option of a command, defined once: the parser, `-h`, `--help`, the man page and the completions read it, and
/// the command reads its value through the same definition.
struct Option: Sendable {
  /// The long name without dashes: `listen-grpc`.
  let name: String
  /// The one-letter name, if there is one.
  let short: Character?
  /// The name of the value in help, in capitals; nil for a switch.
  let valueName: String?
  let kind: ValueKind
  /// The environment variable that stands in when the option is not given.
  let environment: String?
  /// The value when neither option nor environment gives one, in the words a user would type.
  let defaultValue: String?
  /// May be given several times, every value counting; otherwise the last one wins.
  let isRepeatable: Bool
  /// A switch that `--no-NAME` turns off.
  let isNegatable: Bool
  /// The value never appears in an error or a log.
  let isSecret: Bool
  /// One line for `-h` and completions: no full stop.
  let help: String
  /// What `--help` and the man page add to `help`: paragraphs separated by an empty line, `code` in backticks, lines
  /// indented by four spaces kept as they are.
  let documentation: String

  /// An option that takes a value.
  static func value(
    _ name: String, short: Character? = nil, _ valueName: String, kind: ValueKind = .text, environment: String? = nil,
    default defaultValue: String? = nil, repeatable: Bool = false, secret: Bool = false, help: String,
    documentation: String = ""
  ) -> Option {
    Option(
      name: name, short: short, valueName: valueName, kind: kind, environment: environment, defaultValue: defaultValue,
      isRepeatable: repeatable, isNegatable: false, isSecret: secret, help: help, documentation: documentation)
  }

  /// An option whose value is one of a few words.
  static func choice(
    _ name: String, short: Character? = nil, _ valueName: String, _ choices: [String], environment: String? = nil,
    default defaultValue: String? = nil, help: String, documentation: String = ""
  ) -> Option {
    value(
      name, short: short, valueName, kind: .choice(choices), environment: environment, default: defaultValue,
      help: help, documentation: documentation)
  }

  /// An option without a value, off unless given. Negatable switches also exist as `--no-NAME`.
  static func flag(
    _ name: String, short: Character? = nil, negatable: Bool = true, environment: String? = nil, help: String,
    documentation: String = ""
  ) -> Option {
    Option(
      name: name, short: short, valueName: nil, kind: .text, environment: environment, defaultValue: nil,
      isRepeatable: false, isNegatable: negatable, isSecret: false, help: help, documentation: documentation)
  }

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
  let options: [Option]

  init(_ title: String, _ options: [Option]) {
    self.title = title
    self.options = options
  }
}
