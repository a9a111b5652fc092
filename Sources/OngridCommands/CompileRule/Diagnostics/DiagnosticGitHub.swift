import AlertRules

/// Diagnostics as workflow commands, which GitHub shows beside the lines of a pull request.
enum DiagnosticGitHub {
  static func document(_ set: RuleSet) -> String {
    set.diagnostics.map { line($0, set.sources[$0.source]) + "\n" }.joined()
  }

  private static func line(_ diagnostic: Diagnostic, _ source: RuleSource) -> String {
    var properties = ["file=\(property(source.name))"]
    if let range = diagnostic.range {
      let start = source.place(of: range.lowerBound)
      let end = source.place(of: range.upperBound)
      properties += ["line=\(start.line)", "col=\(start.column)", "endLine=\(end.line)"]
      if end.line == start.line { properties.append("endColumn=\(end.column)") }
    }
    properties.append("title=\(diagnostic.code.rawValue)")
    let text = diagnostic.message + (diagnostic.suggestion.map { " (\($0))" } ?? "")
    let command = diagnostic.severity == .note ? "notice" : diagnostic.severity.rawValue
    return "::\(command) \(properties.joined(separator: ","))::\(data(text))"
  }

  private static func data(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "%": escaped += "%25"
      case "\r": escaped += "%0D"
      case "\n": escaped += "%0A"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  private static func property(_ text: String) -> String {
    var escaped = ""
    for scalar in data(text).unicodeScalars {
      switch scalar {
      case ":": escaped += "%3A"
      case ",": escaped += "%2C"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
