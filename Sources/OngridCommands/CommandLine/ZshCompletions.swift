/// The completion function for zsh.
enum ZshCompletions {
  static func script() -> String { "" }
}
