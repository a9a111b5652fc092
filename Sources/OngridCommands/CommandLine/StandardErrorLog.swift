import Libc
import Platform

/// Log lines on standard error, one `write` each, so that lines of several threads never mix.
enum StandardErrorLog {
  enum Format: String, CaseIterable {
    case text, json
  }

  /// The log that `--quiet`, `--log-level` and `--log-format` ask for.
  static func make(_ arguments: Arguments) throws(CommandError) -> Log {
    let chosen = try arguments[CommonOptions.logLevel]
    let format = try arguments[CommonOptions.logFormat]
    let level = try arguments[CommonOptions.quiet] ? .error : chosen
    let command = Commands.words(arguments.command.name)
    return Log(level: level) { record in
      let line = format == .json ? jsonLine(record, at: .now) : textLine(record, command: command)
      writeLine(line)
    }
  }

  /// `ongrid relay: warning: message (field=value, …)`, without the fields of which the message tells the value already.
  static func textLine(_ record: LogRecord, command: String) -> String {
    let label =
      switch record.level {
      case .debug: "debug: "
      case .info: ""
      case .warn: "warning: "
      case .error: "error: "
      }
    var line = "ongrid \(command): \(label)\(oneLine(record.message))"
    let fields = record.fields.filter { !record.message.contains($0.value) }
    if !fields.isEmpty {
      line += " (" + fields.map { "\($0.name)=\(oneLine($0.value))" }.joined(separator: ", ") + ")"
    }
    return line
  }

  /// One JSON object with `time`, `level`, `message` and the fields, all strings.
  static func jsonLine(_ record: LogRecord, at time: Timestamp) -> String {
    var members = [("time", time.rfc3339), ("level", record.level.name), ("message", record.message)]
    members += record.fields.map { ($0.name, $0.value) }
    return "{" + members.map { "\(quoted($0.0)):\(quoted($0.1))" }.joined(separator: ",") + "}"
  }

  /// Tells somebody who sits before the terminal that it is their turn.
  static func sayThatItWaits(for what: String, _ arguments: Arguments) throws(CommandError) {
    guard try !arguments[CommonOptions.quiet], Terminal.isTerminal(0), Terminal.isTerminal(2) else { return }
    writeLine("ongrid \(arguments.command.name): reading \(what) from the terminal; end with Ctrl-D, or give files")
  }

  /// Writes one line to standard error. Nothing can be done when that fails.
  static func writeLine(_ line: String) {
    var bytes = Array(line.utf8)
    bytes.append(0x0A)
    _ = write(STDERR_FILENO, bytes, bytes.count)
  }

  /// Text with line breaks and other control characters made visible, so that a message is always one line and a
  /// hostile name cannot drive the terminal.
  static func oneLine(_ text: String) -> String {
    if text.utf8.allSatisfy({ 0x20..<0x7F ~= $0 }) { return text }
    var shown = ""
    var last: Unicode.Scalar = " "
    for scalar in text.unicodeScalars {
      defer { last = scalar }
      switch scalar {
      case "\n": shown += "\\n"
      case "\t": shown += "\\t"
      case "\r": shown += "\\r"
      case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
        shown += "\\x" + String(scalar.value / 16, radix: 16) + String(scalar.value % 16, radix: 16)
      case _ where isInvisible(scalar, after: last):
        shown += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
      default: shown.unicodeScalars.append(scalar)
      }
    }
    return shown
  }

  /// Whether a character turns the direction of the text or takes no room, so that a name could look like another one.
  /// Emoji are joined by such a character, and there it stays.
  private static func isInvisible(_ scalar: Unicode.Scalar, after last: Unicode.Scalar) -> Bool {
    guard scalar.value >= 0xAD else { return false }
    switch scalar.properties.generalCategory {
    case .lineSeparator, .paragraphSeparator: return true
    case .format:
      let isJoined = last.properties.isEmoji || last.value == 0xFE0F
      return !(scalar.value == 0x200D && isJoined) && !(0xE0020...0xE007F).contains(scalar.value)
    default: return false
    }
  }

  private static func quoted(_ text: String) -> String {
    var json = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": json += "\\\""
      case "\\": json += "\\\\"
      case "\n": json += "\\n"
      case _ where scalar.value < 0x20:
        json += "\\u00" + String(scalar.value / 16, radix: 16) + String(scalar.value % 16, radix: 16)
      default: json.unicodeScalars.append(scalar)
      }
    }
    return json + "\""
  }
}
