/// The completion script for fish.
enum FishCompletions {
  static func script() -> String { "" }
}
