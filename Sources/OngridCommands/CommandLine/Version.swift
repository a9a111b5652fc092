import CBuild

/// The release, and what it was built from.
enum Version {
  static let text = "0.2.0"

  /// `ongrid 0.2.0 (3f2a9c1d04be, 2026-01-31)`; without the parentheses where the build did not state it.
  static var line: String {
    let parts = [String(cString: cbuild_commit()), String(cString: cbuild_date())].filter { !$0.isEmpty }
    return "ongrid \(text)" + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")
  }
}

/// `ongrid version`.
enum VersionCommand {
  static let command = Command(
    name: "version", summary: "Print the version, and what it was built from",
    description: """
      Prints the release, and in parentheses the commit and its day; `ongrid --version`, `ongrid -V` and `--version` after \
      any command print the same.
      """,
    examples: [Example("The release alone", "ongrid version | cut -d ' ' -f 2")],
    run: { (_) throws(CommandError) in try Ongrid.print(Version.line + "\n") })
}
