import AlertRules
import Platform

/// Tells the user what is wrong with the input.
///
/// Text goes to standard error. Machine-readable diagnostics do too while standard output belongs to the rules; with
/// `--check` they are the result.
struct DiagnosticReport {
  let set: RuleSet
  let settings: CompileRuleSettings

  /// Writes all diagnostics.
  func write(_ output: inout StandardOutput) throws(CommandError) {
    try write(set.diagnostics, &output)
  }

  /// Writes all diagnostics and returns the error of input that is not rules: its first one, as the command's error line.
  func fail(_ output: inout StandardOutput) throws(CommandError) -> CommandError {
    guard settings.diagnostics == .text, let first = set.diagnostics.first(where: { $0.code.isBadInput }) else {
      try write(&output)
      try output.flush()
      return CommandError("", status: .usage)
    }
    var rest = set.diagnostics
    rest.removeAll { $0.code == first.code && $0.source == first.source && $0.range == first.range }
    try write(rest, &output)
    let text = DiagnosticText(sources: set.sources, color: settings.color)
    var error = CommandError("\(text.place(first)) \(text.headline(first))", status: .usage)
    error.detail = text.detail(first)
    return error
  }

  /// The error that ends a command whose rules have errors.
  var verdict: CommandError {
    guard settings.diagnostics == .text else { return CommandError("", status: .no) }
    let errors = set.count(.error)
    let warnings = set.count(.warning)
    var message = "\(errors) \(errors == 1 ? "error" : "errors")"
    if warnings > 0 { message += ", \(warnings) \(warnings == 1 ? "warning" : "warnings")" }
    return CommandError("\(message) in \(set.entries.count) \(set.entries.count == 1 ? "rule" : "rules")", status: .no)
  }

  private func write(_ diagnostics: [Diagnostic], _ output: inout StandardOutput) throws(CommandError) {
    switch settings.diagnostics {
    case .text:
      let text = DiagnosticText(sources: set.sources, color: settings.color)
      var shown = diagnostics.filter { !settings.quiet || $0.severity == .error }
      var last: String?
      if !settings.showsNotes {
        let notes = shown.count { $0.severity == .note && !$0.code.isAboutInput }
        shown.removeAll { $0.severity == .note && !$0.code.isAboutInput }
        if notes > 0, Terminal.isTerminal(2) {
          last = "ongrid compile-rule: \(notes) \(notes == 1 ? "note" : "notes"); --check shows them"
        }
      }
      let lines = shown.map(text.render) + [last].compactMap(\.self)
      if !lines.isEmpty { StandardErrorLog.writeLine(lines.joined(separator: "\n")) }
    case .json: try emit(DiagnosticJSON.document(set), &output)
    case .sarif: try emit(DiagnosticSARIF.document(set), &output)
    case .github: try emit(Array(DiagnosticGitHub.document(set).utf8), &output)
    }
  }

  private func emit(_ bytes: [UInt8], _ output: inout StandardOutput) throws(CommandError) {
    if settings.check {
      try output.write(bytes)
    } else if !bytes.isEmpty {
      StandardErrorLog.writeLine(String(decoding: bytes.last == 0x0A ? bytes.dropLast() : bytes[...], as: UTF8.self))
    }
  }
}
