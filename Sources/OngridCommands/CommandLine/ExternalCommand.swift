import Libc

/// Commands that others add: `ongrid foo` runs `ongrid-foo` from PATH, as git does.
enum ExternalCommand {
  /// Path of the program for `name`, or nil when PATH holds none. Names that could leave the directory are not looked up.
  static func find(_ name: String) -> String? {
    guard !name.isEmpty, !name.contains("/"), !name.hasPrefix("-") else { return nil }
    for directory in (Environment.value("PATH") ?? "").split(separator: ":", omittingEmptySubsequences: false) {
      let path = (directory.isEmpty ? "." : String(directory)) + "/ongrid-" + name
      var status = stat()
      if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, access(path, X_OK) == 0 { return path }
    }
    return nil
  }

  /// Replaces this process by the program; returns only on failure, with the reason.
  static func execute(_ path: String, arguments: [String]) -> CommandError {
    var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
    words.append(nil)
    signal(SIGPIPE, SIG_DFL)
    execv(path, words)
    let reason = systemMessage(errno)
    for word in words { free(word) }
    return CommandError("cannot run \(path): \(reason)")
  }
}
