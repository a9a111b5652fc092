import Platform

/// `--output FILE`: what a command writes to standard output becomes a file, all at once.
enum OutputFile {
  /// Runs `body`, whose results go where the option says. The file stays as it was when a backend failed, or when there is
  /// no result.
  static func collect(
    _ arguments: Arguments, _ body: () throws(CommandError) -> ExitStatus
  ) throws(CommandError) -> ExitStatus {
    guard let path = try arguments[CommonOptions.output], path != "-" else { return try body() }
    let file: AtomicFile
    do throws(SystemError) {
      file = try AtomicFile(path)
      try file.takeStandardOutput()
    } catch { throw failure(path, error) }
    let status: ExitStatus
    do throws(CommandError) { status = try body() } catch {
      // What is wrong with the input may be the result: a report of diagnostics.
      if error.status != .backend, file.hasContent { try commit(file, path) }
      throw error
    }
    try commit(file, path)
    return status
  }

  private static func commit(_ file: AtomicFile, _ path: String) throws(CommandError) {
    do throws(SystemError) { try file.commit() } catch { throw failure(path, error) }
  }

  static func failure(_ path: String, _ error: SystemError) -> CommandError {
    .usage("cannot write \(path.isEmpty ? "''" : path): \(error.reason)")
  }
}
