/// What a command's exit tells a script; the table is part of the interface and printed in every man page.
enum ExitStatus: Int32, Sendable, CaseIterable {
  /// Done.
  case done = 0
  /// The answer is "no": lint errors, a rule fires, nothing found.
  case no = 1
  /// Bad usage or bad input; nothing was done.
  case usage = 2
  /// A backend could not be reached or refused.
  case backend = 3
  /// Some sources or records failed; what succeeded is on stdout.
  case partial = 4

  /// The meaning as documentation prints it.
  var meaning: String {
    switch self {
    case .done: "Done."
    case .no: "The answer is \"no\": lint errors, a rule that fires, nothing found."
    case .usage: "Bad usage or bad input; nothing was done."
    case .backend: "A backend could not be reached or refused."
    case .partial: "Partial: some sources or records failed; what succeeded is on stdout."
    }
  }
}
