/// The completion script for bash, 3.2 and later, without any library of completion functions.
enum BashCompletions {
  static func script() -> String {
    """
    # bash completion for ongrid. Made by 'ongrid completions bash'.

    _ongrid_words() {
      local IFS=$' \\t\\n' word
      COMPREPLY=()
      for word in $1; do
        if [[ $word == "$cur"* ]]; then COMPREPLY+=("$word"); fi
      done
    }

    _ongrid_paths() {
      local path
      COMPREPLY=()
      compopt -o filenames 2>/dev/null
      while IFS= read -r path; do COMPREPLY+=("$path"); done < <(compgen "$1" -- "$cur")
    }

    _ongrid() {
      local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
      COMPREPLY=()
      if ((COMP_CWORD == 1)); then
        _ongrid_words "\(commandNames) --help --version"
        return
      fi
      # bash splits --name=value into three words.
      if [[ $cur == "=" ]]; then
        cur=
      elif [[ $previous == "=" ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
      fi
      case $command in
    \(Commands.all.map(arm).joined())  esac
    }

    complete -F _ongrid ongrid

    """
  }

  private static var commandNames: String { Commands.names.joined(separator: " ") }

  private static func arm(_ command: Command) -> String {
    var completions: [(action: String, names: [String])] = []
    for option in command.allOptions where option.takesValue {
      let names = [option.short.map { "-\($0)" }, "--\(option.name)"].compactMap { $0 }
      let action = completion(option.kind)
      if let index = completions.firstIndex(where: { $0.action == action }) {
        completions[index].names += names
      } else {
        completions.append((action, names))
      }
    }
    let values = completions.map { "      \($0.names.joined(separator: " | "))) \($0.action); return ;;\n" }
    let switches = command.allOptions.map { "--\($0.name)" } + ["--help"]
    let negations = command.allOptions.filter(\.isNegatable).map { "--no-\($0.name)" }
    let argument = completion(command.arguments.first?.kind ?? .text)
    return """
          \(command.name))
            case $previous in
      \(values.map { "  " + $0 }.joined())      esac
            case $cur in
              --no*) _ongrid_words "\((switches + negations).joined(separator: " "))" ;;
              -*) _ongrid_words "\(switches.joined(separator: " "))" ;;
              *) \(argument) ;;
            esac
            ;;

      """
  }

  private static func completion(_ kind: ValueKind) -> String {
    switch kind {
    case .file: "_ongrid_paths -f"
    case .directory: "_ongrid_paths -d"
    case .choice(let words): "_ongrid_words \"\(words.joined(separator: " "))\""
    case .command: "_ongrid_words \"\(commandNames)\""
    case .text, .url: ":"
    }
  }
}
