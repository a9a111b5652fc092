/// The completion function for zsh, to be found as `_ongrid` on `fpath`.
enum ZshCompletions {
  static func script() -> String {
    """
    #compdef ongrid
    # zsh completion for ongrid. Made by 'ongrid completions zsh'.

    _ongrid_commands() {
      local -a commands
      commands=(
    \(Commands.all.map { "    \(quoted("\($0.name):\($0.summary)"))\n" }.joined())  )
      _describe -t commands 'ongrid command' commands
    }

    _ongrid() {
      local curcontext="$curcontext" state line
      typeset -A opt_args
      _arguments -C \\
        '(- *)'{-h,--help}'[print help]' \\
        '(- *)'{-V,--version}'[print the version]' \\
        '1:command:_ongrid_commands' \\
        '*::argument:->argument' && return
      [[ $state == argument ]] || return 1
      curcontext="${curcontext%:*:*}:ongrid-$words[1]:"
      case $words[1] in
    \(Commands.all.map(arm).joined())  esac
    }

    if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
      _ongrid "$@"
    else
      compdef _ongrid ongrid
    fi

    """
  }

  private static func arm(_ command: Command) -> String {
    var specs = command.allOptions.flatMap(specs)
    specs.append("'(- *)'{-h,--help}'[print help]'")
    for (index, argument) in command.arguments.enumerated() {
      let place = argument.isRepeatable ? "*" : "\(index + 1):"
      let separator = argument.isRepeatable ? ":" : argument.isRequired ? "" : ":"
      specs.append(quoted("\(place)\(separator)\(argument.name):\(action(argument.kind))"))
    }
    return "    \(command.name))\n      _arguments -s -S \\\n"
      + specs.map { "        \($0)" }.joined(separator: " \\\n") + "\n      ;;\n"
  }

  /// `_arguments` specifications of one option. `!` means known but not offered.
  private static func specs(_ option: OptionDefinition) -> [String] {
    let long = "--\(option.name)"
    let help = "[\(bracketed(option.help))]"
    var specs: [String] = []
    if let value = option.valueName {
      let tail = "\(help):\(value.replacing("'", with: "").replacing(":", with: "")):\(action(option.kind))"
      let repeated = option.isRepeatable
      switch (option.short, repeated) {
      case (nil, true): specs.append(quoted("*\(long)=\(tail)"))
      case (nil, false): specs.append(quoted("\(long)=\(tail)"))
      case (let short?, true): specs.append("'*'{-\(short)+,\(long)=}\(quoted(tail))")
      case (let short?, false): specs.append("'(-\(short) \(long))'{-\(short)+,\(long)=}\(quoted(tail))")
      }
    } else if let short = option.short {
      specs.append("'(-\(short) \(long))'{-\(short),\(long)}\(quoted(help))")
    } else {
      specs.append(quoted(long + help))
    }
    if option.isNegatable { specs.append("'!--no-\(option.name)'") }
    return specs
  }

  private static func action(_ kind: ValueKind) -> String {
    switch kind {
    case .file: "_files"
    case .directory: "_files -/"
    case .url: "_urls"
    case .choice(let words): "(\(words.joined(separator: " ")))"
    case .command: "_ongrid_commands"
    case .text: " "
    }
  }

  private static func bracketed(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("[", with: "\\[").replacing("]", with: "\\]")
      .replacing(":", with: "\\:")
  }

  private static func quoted(_ text: String) -> String {
    "'" + text.replacing("'", with: "'\\''") + "'"
  }
}
