/// The one list of subcommands. Help, man pages and completions follow it.
enum Commands {
  /// Names with their definitions, which are made when asked for: a start makes one, not all.
  private static let list: [(name: String, command: @Sendable () -> Command)] = [
    ("relay", { RelayCommand.command }),
    ("spanmetrics", { SpanMetricsCommand.command }),
    ("compile-rule", { CompileRuleCommand.command }),
    ("traceql", { TraceQLCommand.command }),
    ("correlate", { CorrelateCommand.command }),
    ("mcp", { MCPCommand.command }),
    ("relay-queue", { RelayQueueCommand.command }),
    ("doctor", { DoctorCommand.command }),
    ("help", { HelpCommand.command }),
    ("completions", { CompletionsCommand.command }),
    ("man", { ManCommand.command }),
    ("version", { VersionCommand.command }),
  ]

  /// Every command, in the order of help.
  static let all: [Command] = list.map { $0.command() }

  static let names: [String] = list.map(\.name)

  /// The words after a command's name as they are meant: `relay queue` is the command `relay-queue`.
  static func joined(_ words: [String]) -> [String] {
    guard words.count > 1, names.contains("\(words[0])-\(words[1])") else { return words }
    return ["\(words[0])-\(words[1])"] + words.dropFirst(2)
  }

  /// A command's name as it is typed: `relay queue` for `relay-queue`.
  static func words(_ name: String) -> String {
    guard let hyphen = name.firstIndex(of: "-"), names.contains(String(name[..<hyphen])) else { return name }
    return name[..<hyphen] + " " + name[name.index(after: hyphen)...]
  }

  /// The command with this name.
  static func named(_ name: String) -> Command? {
    list.first { $0.name == name }?.command()
  }
}
