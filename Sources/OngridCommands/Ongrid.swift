import Libc
import Platform

/// The program: chooses the command, runs it, and turns its outcome into one line on standard error and an exit status.
public enum Ongrid {
  /// Runs the command named by the process arguments and exits.
  public static func main() {
    signal(SIGPIPE, SIG_IGN)
    occupyStandardDescriptors()
    let words = Array(CommandLine.arguments.dropFirst())
    guard CommandLineMask.hideCredentials(of: words) else {
      report(
        """
        the process list shows the password in a URL to every user of this machine, and it cannot be hidden here; put \
        user:password into a file and name it with --basic-auth-file, or put the URL into the environment
        """, command: nil)
      exit(ExitStatus.usage.rawValue)
    }
    exit(run(words).rawValue)
  }

  /// Puts `/dev/null` on standard descriptors that the caller closed, opened the wrong way round so that using them still
  /// fails. Otherwise the first file opened would become standard output and results would be written into it.
  private static func occupyStandardDescriptors() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) == -1 {
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  /// Runs `words`, the arguments after the program's name.
  static func run(_ words: [String]) -> ExitStatus {
    let words = Commands.joined(words)
    guard let name = words.first else {
      report("a command is needed; see 'ongrid --help'", command: nil)
      return .usage
    }
    let rest = Array(words.dropFirst())
    do throws(CommandError) {
      switch name {
      case "--help": return try print(HelpText.overview(.long))
      case "-h": return try print(HelpText.overview(.short))
      case "--version", "-V": return try print(Version.line + "\n")
      default: break
      }
      guard let command = Commands.named(name) else { throw unknownCommand(name, rest) }
      return try run(command, rest)
    } catch {
      return end(error, command: Commands.named(name)?.name)
    }
  }

  private static func run(_ command: Command, _ words: [String]) throws(CommandError) -> ExitStatus {
    switch try ArgumentParser.parse(words, for: command) {
    case .help(let length): try print(HelpText.page(command, length))
    case .version: try print(Version.line + "\n")
    case .run(let arguments):
      if command.writesOutputFile {
        try command.run(arguments)
      } else {
        try OutputFile.collect(arguments) { () throws(CommandError) in try command.run(arguments) }
      }
    }
  }

  /// Runs `ongrid-NAME` if there is one; otherwise the error that names the nearest command.
  private static func unknownCommand(_ name: String, _ rest: [String]) -> CommandError {
    if name.hasPrefix("-") {
      let nearest = NearestName.of(name, in: ["--help", "--version"])
      return .usage("unknown option '\(name)'" + (nearest.map { "; did you mean '\($0)'?" } ?? "; see 'ongrid --help'"))
    }
    if let path = ExternalCommand.find(name) { return ExternalCommand.execute(path, arguments: rest) }
    return unknownCommand(name)
  }

  /// The error that names the nearest command.
  static func unknownCommand(_ name: String) -> CommandError {
    let nearest = NearestName.of(name, in: Commands.names)
    return .usage("unknown command '\(name)'" + (nearest.map { "; did you mean '\($0)'?" } ?? "; see 'ongrid --help'"))
  }

  /// Writes a text to standard output.
  static func print(_ text: String) throws(CommandError) -> ExitStatus {
    var output = StandardOutput()
    try output.write(text)
    try output.flush()
    return .done
  }

  private static func end(_ error: CommandError, command: String?) -> ExitStatus {
    if error.isBrokenPipe {
      // A filter whose reader has gone is ended by this signal; shells know that and stay quiet.
      signal(SIGPIPE, SIG_DFL)
      raise(SIGPIPE)
    }
    if !error.message.isEmpty { report(error.message, command: command) }
    if !error.detail.isEmpty { StandardErrorLog.writeLine(error.detail) }
    return error.status
  }

  private static func report(_ message: String, command: String?) {
    let prefix = command.map { "ongrid \(Commands.words($0))" } ?? "ongrid"
    StandardErrorLog.writeLine("\(prefix): \(StandardErrorLog.oneLine(message))")
  }
}
