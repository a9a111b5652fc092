import Platform

/// How much help is asked for.
enum HelpLength: Sendable {
  /// `-h`: one line per option.
  case short
  /// `--help`: everything.
  case long
}

/// Turns the words after a command's name into `Arguments`.
///
/// Accepted: `--name VALUE`, `--name=VALUE`, `--no-name`, `-n VALUE`, `-nVALUE`, clustered switches (`-qv`), `--` to end
/// options, `-` as a positional argument. Options and positional arguments may be mixed.
struct ArgumentParser {
  enum Outcome {
    case run(Arguments)
    case help(HelpLength)
    case version
  }

  let command: Command
  private let options: [String: OptionDefinition]
  private var words: ArraySlice<String>
  private var occurrences: [String: [Occurrence]] = [:]
  private var positionals: [String] = []

  /// Parses `words`; the error is one line that names the option and what was probably meant.
  static func parse(
    _ words: [String], for command: Command, environment: @escaping @Sendable (String) -> String? = Environment.value
  ) throws(CommandError) -> Outcome {
    var parser = ArgumentParser(command: command, words: words)
    if let outcome = try parser.consume() { return outcome }
    let arguments = Arguments(
      command: command, positionals: parser.positionals, occurrences: parser.occurrences, environment: environment)
    // A bad value is refused whether or not the command comes to read it; of the environment, which serves other commands
    // too, only fixed words are looked at.
    for option in command.groups.flatMap(\.typedOptions) {
      if arguments.isGiven(option) || !option.definition.choices.isEmpty { try option.check(arguments) }
    }
    return .run(arguments)
  }

  private init(command: Command, words: [String]) {
    self.command = command
    self.words = words[...]
    options = Dictionary(command.allOptions.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Reads all words; stops early when help or the version is asked for.
  private mutating func consume() throws(CommandError) -> Outcome? {
    while let word = words.popFirst() {
      if word == "--" {
        for rest in words { try addPositional(rest) }
        break
      } else if word == "--help" {
        return .help(.long)
      } else if word == "--version", options["version"] == nil {
        return .version
      } else if word.hasPrefix("-"), isNoOption(word) {
        try addPositional(word)
      } else if word.hasPrefix("--") {
        try consumeLong(word.dropFirst(2))
      } else if word.hasPrefix("-"), word != "-" {
        if let outcome = try consumeShort(word.dropFirst()) { return outcome }
      } else {
        try addPositional(word)
      }
    }
    if positionals.count < command.arguments.count {
      let missing = command.arguments[positionals.count...].first { $0.isRequired }
      if let missing { throw .usage("\(missing.name) is missing: \(missing.help)\(seeHelp)") }
    }
    return nil
  }

  /// Whether a word that begins with `-` can be no option, such as the query `-1 * ({ } | rate())`: its name would hold
  /// blanks, braces or parentheses.
  private func isNoOption(_ word: String) -> Bool {
    guard !command.arguments.isEmpty, let first = word.drop(while: { $0 == "-" }).first,
      !command.allOptions.contains(where: { $0.short == first })
    else { return false }
    return word.prefix { $0 != "=" }.contains { " \t\n(){}".contains($0) }
  }

  private mutating func consumeLong(_ text: Substring) throws(CommandError) {
    let name = String(text.prefix { $0 != "=" })
    let inline = text.count > name.count ? String(text.dropFirst(name.count + 1)) : nil
    guard let option = options[name] else {
      if name.hasPrefix("no-"), let option = options[String(name.dropFirst(3))], option.isNegatable {
        if inline != nil { throw .usage("--\(name) takes no value") }
        occurrences[option.name, default: []].append(.off)
        return
      }
      throw unknown(name)
    }
    if !option.takesValue {
      if inline != nil { throw .usage("--\(name) takes no value") }
      occurrences[name, default: []].append(.on)
    } else if let inline {
      try add(inline, to: option, as: "--\(name)")
    } else {
      try add(nextWord(for: option, as: "--\(name)"), to: option, as: "--\(name)")
    }
  }

  /// Reads a cluster such as `qv` or `n5`; what ends the reading when it holds `h` or `V`.
  private mutating func consumeShort(_ text: Substring) throws(CommandError) -> Outcome? {
    var rest = text
    while let letter = rest.popFirst() {
      if letter == "h" { return .help(.short) }
      guard let option = command.allOptions.first(where: { $0.short == letter }) else {
        if letter == "V" { return .version }
        let hint = letter.isLetter ? "" : "; an argument that begins with - stands behind --"
        throw .usage("unknown option '-\(letter)'\(hint)\(seeHelp)")
      }
      if !option.takesValue {
        occurrences[option.name, default: []].append(.on)
      } else if rest.isEmpty {
        try add(nextWord(for: option, as: "-\(letter)"), to: option, as: "-\(letter)")
      } else {
        try add(String(rest), to: option, as: "-\(letter)")
        return nil
      }
    }
    return nil
  }

  /// The word after an option. One that is itself an option of this command is a forgotten value, not a value.
  private mutating func nextWord(for option: OptionDefinition, as written: String) throws(CommandError) -> String {
    let value = option.valueName ?? ""
    guard let word = words.first else { throw .usage("\(written) needs a value: \(written) \(value)") }
    if word == "--" || (word.hasPrefix("--") && options[String(word.dropFirst(2).prefix { $0 != "=" })] != nil) {
      throw .usage("\(written) needs a value, but '\(word)' follows: \(written) \(value)")
    }
    words.removeFirst()
    return word
  }

  private mutating func add(_ value: String, to option: OptionDefinition, as written: String) throws(CommandError) {
    try option.checkChoice(value, source: written)
    occurrences[option.name, default: []].append(.value(value))
  }

  private mutating func addPositional(_ word: String) throws(CommandError) {
    if positionals.count >= command.arguments.count, command.arguments.last?.isRepeatable != true {
      throw .usage("unexpected argument '\(word)'\(seeHelp)")
    }
    positionals.append(word)
  }

  private func unknown(_ name: String) -> CommandError {
    let names = command.allOptions.flatMap { $0.isNegatable ? [$0.name, "no-\($0.name)"] : [$0.name] } + ["help"]
    let positive = name.hasPrefix("no-") ? String(name.dropFirst(3)) : ""
    guard let nearest = NearestName.of(name, in: names) ?? NearestName.of(positive, in: names) else {
      return .usage("unknown option '--\(name)'\(seeHelp)")
    }
    return .usage("unknown option '--\(name)'; did you mean '--\(nearest)'?")
  }

  private var seeHelp: String { "; see 'ongrid \(command.name) --help'" }
}

extension OptionDefinition {
  /// Refuses a value that is not among the choices. `source` is how the user wrote the option.
  func checkChoice(_ value: String, source: String) throws(CommandError) {
    guard !choices.isEmpty, !choices.contains(value) else { return }
    let list = choices.joined(separator: ", ")
    let hint = NearestName.of(value, in: choices).map { "; did you mean '\($0)'?" } ?? ""
    throw .usage("\(source) \(value): must be one of \(list)\(hint)")
  }
}
