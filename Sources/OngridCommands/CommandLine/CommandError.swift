/// Why a command ends without having done its work: one line for the user and the status for the script.
///
/// The edge prints `ongrid COMMAND: message`. A message names what was being done and to what, never a secret.
struct CommandError: Error, Sendable, CustomStringConvertible {
  /// One line without a full stop, in lower case like other Unix programs. Empty prints nothing.
  var message: String
  var status: ExitStatus
  /// Lines printed after the message as they are, without a final newline: the offending line with a caret. Whoever
  /// fills it has made control characters visible.
  var detail = ""
  /// Whoever read our output has gone: the process ends like any filter would, without a message.
  var isBrokenPipe = false

  init(_ message: String, status: ExitStatus = .usage) {
    self.message = message
    self.status = status
  }

  var description: String { message }

  /// Bad usage or bad input.
  static func usage(_ message: String) -> CommandError { CommandError(message, status: .usage) }

  /// A backend that could not be reached or refused.
  static func backend(_ message: String) -> CommandError { CommandError(message, status: .backend) }

  /// The reader of stdout has gone.
  static var brokenPipe: CommandError {
    var error = CommandError("", status: .done)
    error.isBrokenPipe = true
    return error
  }
}
