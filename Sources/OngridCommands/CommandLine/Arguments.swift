/// One use of an option on the command line.
enum Occurrence: Sendable, Equatable {
  case value(String)
  case on
  case off
}

/// What a command was called with. Values are read through the option's own definition; a flag wins over the
/// environment, which wins over the default.
struct Arguments: Sendable {
  let command: Command
  /// Arguments that are not options, in order.
  let positionals: [String]
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
  }

  /// A value with the words that name where it came from, for messages.
  struct Sourced {
    let text: String
    /// `--limit` or `ONGRID_LIMIT`.
    let source: String
  }

  /// Whether the option was given on the command line.
  func isGiven(_ option: Option) -> Bool {
    occurrences[option.name] != nil
  }

  /// Every value of an option: from the command line, else one from the environment, else the default.
  func sourced(_ option: Option) -> [Sourced] {
    if let given = occurrences[option.name] {
      return given.compactMap {
        if case .value(let text) = $0 { Sourced(text: text, source: "--\(option.name)") } else { nil }
      }
    }
    if let variable = option.environment, let text = environment(variable), !text.isEmpty {
      return [Sourced(text: text, source: variable)]
    }
    return option.defaultValue.map { [Sourced(text: $0, source: "--\(option.name)")] } ?? []
  }

  /// Whether a switch is on. Its environment variable turns it on with `1`, `true`, `yes` or `on`.
  func flag(_ option: Option) throws(CommandError) -> Bool {
    if let last = occurrences[option.name]?.last { return last == .on }
    guard let variable = option.environment, let text = environment(variable), !text.isEmpty else { return false }
    switch text.lowercased() {
    case "1", "true", "yes", "on": return true
    case "0", "false", "no", "off": return false
    default: throw .usage("\(variable)=\(text): must be true or false")
    }
  }
}
