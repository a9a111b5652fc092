/// The completion script for bash.
enum BashCompletions {
  static func script() -> String { "" }
}
