import Platform

/// One use of an option on the command line.
enum Occurrence: Sendable, Equatable {
  case value(String)
  case on
  case off
}

/// The text of an option with the words that name where it came from, for messages.
struct OptionText {
  let text: String
  /// `--limit` or `ONGRID_LIMIT`.
  let source: String
}

/// What a command was called with. Values are read through the option's own definition; a flag wins over the
/// environment, which wins over the default.
struct Arguments: Sendable {
  let command: Command
  /// Arguments that are not options, in order.
  let positionals: [String]
  /// The moment that relative times count from.
  let now: Timestamp
  private let occurrences: [String: [Occurrence]]
  /// Looks an environment variable up; an empty one counts as unset.
  let environment: @Sendable (String) -> String?

  init(
    command: Command, positionals: [String], occurrences: [String: [Occurrence]],
    environment: @escaping @Sendable (String) -> String?
  ) {
    self.command = command
    self.positionals = positionals
    self.occurrences = occurrences
    self.environment = environment
    now = .now
  }

  /// The same call as if `file` had been written on the command line, where that says nothing of an option.
  func above(_ file: [String: [Occurrence]]) -> Arguments {
    Arguments(
      command: command, positionals: positionals, occurrences: file.merging(occurrences) { $1 },
      environment: environment)
  }

  /// The same call with `own` in place of what it says of these options.
  func below(_ own: [String: [Occurrence]]) -> Arguments {
    Arguments(
      command: command, positionals: positionals, occurrences: occurrences.merging(own) { $1 }, environment: environment
    )
  }

  /// The option's value. The error names the option, the text and what is accepted.
  subscript<Value>(_ option: Option<Value>) -> Value {
    get throws(CommandError) { try option.read(self) }
  }

  /// The value of an option that is needed and has no default.
  func required<Value>(_ option: Option<Value?>) throws(CommandError) -> Value {
    guard let value = try self[option] else { throw missing(option.definition) }
    return value
  }

  /// Whether the option was given on the command line.
  func isGiven(_ option: some CommandOption) -> Bool { isGiven(option.definition) }

  func isGiven(_ option: OptionDefinition) -> Bool { occurrences[option.name] != nil }

  /// Every text of an option: from the command line, else one from the environment, else the default.
  func texts(_ option: OptionDefinition) -> [OptionText] {
    if let given = occurrences[option.name] {
      return given.compactMap {
        if case .value(let text) = $0 { OptionText(text: text, source: "--\(option.name)") } else { nil }
      }
    }
    if let variable = option.environment, let text = environment(variable), !text.isEmpty {
      return [OptionText(text: text, source: variable)]
    }
    return option.defaultValue.map { [OptionText(text: $0, source: "--\(option.name)")] } ?? []
  }

  /// Whether a switch is on, nil when nothing says. Its environment variable turns it on with `1`, `true`, `yes` or `on`.
  func isOn(_ option: OptionDefinition) throws(CommandError) -> Bool? {
    if let last = occurrences[option.name]?.last { return last == .on }
    guard let variable = option.environment, let text = environment(variable), !text.isEmpty else { return nil }
    switch text.lowercased() {
    case "1", "true", "yes", "on": return true
    case "0", "false", "no", "off": return false
    default: throw .usage("\(variable)=\(text): must be true or false")
    }
  }

  /// The error of an option that has no value but needs one.
  func missing(_ option: OptionDefinition) -> CommandError {
    let variable = option.environment.map { " (or set \($0))" } ?? ""
    return .usage("--\(option.name) \(option.valueName ?? "") is needed\(variable)")
  }

  /// The error of a value that an option cannot have; for checks that a command does itself.
  func invalid(_ option: some CommandOption, _ text: String, expected: String) -> CommandError {
    let source = isGiven(option) ? "--\(option.name)" : option.definition.environment ?? "--\(option.name)"
    return option.definition.refusal(of: OptionText(text: text, source: source), expected: expected)
  }
}

extension OptionDefinition {
  /// The error of a text that is no value of this option.
  func refusal(of text: OptionText, expected: String) -> CommandError {
    let shown = isSecret ? "" : " '\(text.text)'"
    return .usage("\(text.source)\(shown): must be \(expected)")
  }
}
