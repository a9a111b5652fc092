/// The one list of subcommands. Help, man pages and completions follow it.
enum Commands {
  static let all: [Command] = [
    RelayCommand.command,
    SpanMetricsCommand.command,
    CompileRuleCommand.command,
    TraceQLCommand.command,
    CorrelateCommand.command,
    HelpCommand.command,
    CompletionsCommand.command,
    ManCommand.command,
  ]

  /// The command with this name.
  static func named(_ name: String) -> Command? {
    all.first { $0.name == name }
  }
}
