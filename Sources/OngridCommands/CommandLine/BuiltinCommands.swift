/// `ongrid help`.
enum HelpCommand {
  static let command = Command(
    name: "help", summary: "Print help for ongrid or for one command",
    description: "Prints what `ongrid COMMAND --help` prints.",
    arguments: [Argument("COMMAND", kind: .command, help: "The command to explain")],
    examples: [Example("Everything about relay", "ongrid help relay")],
    run: run)

  private static func run(_ arguments: Arguments) throws(CommandError) -> ExitStatus {
    guard let name = arguments.positionals.first else { return try Ongrid.print(HelpText.overview(.long)) }
    if let command = Commands.named(name) { return try Ongrid.print(HelpText.page(command, .long)) }
    if let path = ExternalCommand.find(name) { throw ExternalCommand.execute(path, arguments: ["--help"]) }
    throw Ongrid.unknownCommand(name)
  }
}

/// `ongrid completions`.
enum CompletionsCommand {
  static let command = Command(
    name: "completions", summary: "Print the completion script for a shell",
    description: "Completes commands, options, their fixed values, files and directories.",
    arguments: [Argument("SHELL", kind: .choice(["bash", "zsh", "fish"]), required: true, help: "bash, zsh or fish")],
    examples: [
      Example("Complete in this bash session", "source <(ongrid completions bash)"),
      Example(
        "Install for fish", "ongrid completions fish > ~/.config/fish/completions/ongrid.fish"),
    ],
    run: run)

  private static func run(_ arguments: Arguments) throws(CommandError) -> ExitStatus {
    switch arguments.positionals.first {
    case "bash": try Ongrid.print(BashCompletions.script())
    case "zsh": try Ongrid.print(ZshCompletions.script())
    case "fish": try Ongrid.print(FishCompletions.script())
    case let shell: throw .usage("unknown shell '\(shell ?? "")': must be bash, zsh or fish")
    }
  }
}

/// `ongrid man`.
enum ManCommand {
  static let command = Command(
    name: "man", summary: "Print the manual page of ongrid or of one command",
    description: "Prints roff for man(1).",
    arguments: [Argument("COMMAND", kind: .command, help: "The command; without it, the page of ongrid itself")],
    examples: [Example("Read the manual of relay without installing it", "ongrid man relay | man -l -")],
    run: run)

  private static func run(_ arguments: Arguments) throws(CommandError) -> ExitStatus {
    guard let name = arguments.positionals.first else { return try Ongrid.print(ManPage.overview()) }
    guard let command = Commands.named(name) else { throw Ongrid.unknownCommand(name) }
    return try Ongrid.print(ManPage.page(command))
  }
}
