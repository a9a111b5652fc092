import AlertRules
import JSON

/// Diagnostics as a JSON array.
enum DiagnosticJSON {
  static func document(_ set: RuleSet) -> [UInt8] {
    var writer = JSONWriter(style: .pretty)
    writer.beginArray()
    for diagnostic in set.diagnostics { write(diagnostic, set.sources, to: &writer) }
    writer.endArray()
    writer.newline()
    return writer.bytes
  }

  static func write(_ diagnostic: Diagnostic, _ sources: [RuleSource], to writer: inout JSONWriter) {
    let source = sources[diagnostic.source]
    writer.beginObject()
    writer.optional("code", diagnostic.code.rawValue)
    writer.optional("severity", diagnostic.severity.rawValue)
    writer.optional("message", diagnostic.message)
    writer.optional("suggestion", diagnostic.suggestion)
    writer.optional("replacement", diagnostic.replacement)
    writer.optional("file", source.name)
    if let range = diagnostic.range {
      let start = source.place(of: range.lowerBound)
      let end = source.place(of: range.upperBound)
      for (name, value) in [
        ("line", start.line), ("column", start.column), ("end_line", end.line), ("end_column", end.column),
      ] {
        writer.key(name)
        writer.int(value)
      }
    }
    writer.endObject()
  }
}
