/// The completion script for fish.
enum FishCompletions {
  static func script() -> String {
    var script = """
      # fish completion for ongrid. Made by 'ongrid completions fish'.

      function __ongrid_in
          set -l words (commandline -opc)
          test (count $words) -ge 2; and test $words[2] = $argv[1]
      end

      function __ongrid_first
          test (count (commandline -opc)) -eq 1
      end

      complete -c ongrid -f
      complete -c ongrid -n __ongrid_first -s h -l help -d 'Print help'
      complete -c ongrid -n __ongrid_first -s V -l version -d 'Print the version'

      """
    for command in Commands.all {
      script += "complete -c ongrid -n __ongrid_first -a \(command.name) -d \(quoted(command.summary))\n"
    }
    for command in Commands.all { script += section(command) }
    return script
  }

  private static func section(_ command: Command) -> String {
    let start = "complete -c ongrid -n '__ongrid_in \(command.name)'"
    var text = "\n"
    if let argument = command.arguments.first { text += argumentLine(start, argument.kind) }
    for option in command.allOptions {
      let short = option.short.map { " -s \($0)" } ?? ""
      let value = option.takesValue ? " " + completion(option.kind) : ""
      text += "\(start)\(short) -l \(option.name)\(value) -d \(quoted(option.help))\n"
    }
    return text + "\(start) -s h -l help -d 'Print help'\n"
  }

  private static func argumentLine(_ start: String, _ kind: ValueKind) -> String {
    switch kind {
    case .file: "\(start) -F\n"
    case .directory: "\(start) -a '(__fish_complete_directories)'\n"
    case .choice(let words): "\(start) -a \(quoted(words.joined(separator: " ")))\n"
    case .command: "\(start) -a \(quoted(Commands.names.joined(separator: " ")))\n"
    case .text, .url: ""
    }
  }

  private static func completion(_ kind: ValueKind) -> String {
    switch kind {
    case .file: "-r -F"
    case .directory: "-x -a '(__fish_complete_directories)'"
    case .choice(let words): "-x -a \(quoted(words.joined(separator: " ")))"
    case .command: "-x -a \(quoted(Commands.names.joined(separator: " ")))"
    case .text, .url: "-x"
    }
  }

  private static func quoted(_ text: String) -> String {
    "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
  }
}
