import AlertRules
import JSON

/// Diagnostics as a SARIF 2.1.0 log (OASIS), which code scanning services read.
enum DiagnosticSARIF {
  static func document(_ set: RuleSet) -> [UInt8] {
    let codes = DiagnosticCode.allCases.filter { code in set.diagnostics.contains { $0.code == code } }
    var writer = JSONWriter(style: .pretty)
    writer.beginObject()
    writer.optional("$schema", "https://json.schemastore.org/sarif-2.1.0.json")
    writer.optional("version", "2.1.0")
    writer.key("runs")
    writer.beginArray()
    writer.beginObject()
    writeTool(codes, to: &writer)
    writer.optional("columnKind", "unicodeCodePoints")
    writer.key("results")
    writer.beginArray()
    for diagnostic in set.diagnostics {
      writeResult(diagnostic, set.sources, codes.firstIndex(of: diagnostic.code) ?? -1, to: &writer)
    }
    writer.endArray()
    writer.endObject()
    writer.endArray()
    writer.endObject()
    writer.newline()
    return writer.bytes
  }

  private static func writeTool(_ codes: [DiagnosticCode], to writer: inout JSONWriter) {
    writer.key("tool")
    writer.beginObject()
    writer.key("driver")
    writer.beginObject()
    writer.optional("name", "ongrid compile-rule")
    writer.optional("version", Version.text)
    writer.key("rules")
    writer.beginArray()
    for code in codes {
      writer.beginObject()
      writer.optional("id", code.rawValue)
      writer.key("shortDescription")
      writeText(code.title, to: &writer)
      writer.key("fullDescription")
      writeText(code.explanation, to: &writer)
      writer.key("help")
      writeText(code.help, to: &writer)
      writer.key("defaultConfiguration")
      writer.beginObject()
      writer.optional("level", code.severity.rawValue)
      writer.endObject()
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    writer.endObject()
  }

  private static func writeResult(
    _ diagnostic: Diagnostic, _ sources: [RuleSource], _ ruleIndex: Int, to writer: inout JSONWriter
  ) {
    writer.beginObject()
    writer.optional("ruleId", diagnostic.code.rawValue)
    writer.key("ruleIndex")
    writer.int(ruleIndex)
    writer.optional("level", diagnostic.severity.rawValue)
    writer.key("message")
    writeText(diagnostic.message + (diagnostic.suggestion.map { " (\($0))" } ?? ""), to: &writer)
    writer.key("locations")
    writer.beginArray()
    writeLocation(sources[diagnostic.source], diagnostic.range, nil, to: &writer)
    writer.endArray()
    writeFix(diagnostic, sources[diagnostic.source], to: &writer)
    if !diagnostic.related.isEmpty {
      writer.key("relatedLocations")
      writer.beginArray()
      for related in diagnostic.related {
        writeLocation(sources[related.source], related.range, related.message, to: &writer)
      }
      writer.endArray()
    }
    writer.endObject()
  }

  /// What may stand in the place of the problem; whoever reads it decides.
  private static func writeFix(_ diagnostic: Diagnostic, _ source: RuleSource, to writer: inout JSONWriter) {
    guard let replacement = diagnostic.replacement, let range = diagnostic.range else { return }
    writer.key("fixes")
    writer.beginArray()
    writer.beginObject()
    writer.key("description")
    writeText(diagnostic.suggestion ?? "write \(replacement)", to: &writer)
    writer.key("artifactChanges")
    writer.beginArray()
    writer.beginObject()
    writer.key("artifactLocation")
    writer.beginObject()
    writer.optional("uri", uri(source.name))
    writer.endObject()
    writer.key("replacements")
    writer.beginArray()
    writer.beginObject()
    writer.key("deletedRegion")
    writeRegion(source, range, to: &writer)
    writer.key("insertedContent")
    writeText(replacement, to: &writer)
    writer.endObject()
    writer.endArray()
    writer.endObject()
    writer.endArray()
    writer.endObject()
    writer.endArray()
  }

  private static func writeRegion(_ source: RuleSource, _ range: Range<Int>, to writer: inout JSONWriter) {
    let start = source.place(of: range.lowerBound)
    let end = source.place(of: range.upperBound)
    writer.beginObject()
    for (name, value) in [
      ("startLine", start.line), ("startColumn", start.column), ("endLine", end.line), ("endColumn", end.column),
    ] {
      writer.key(name)
      writer.int(value)
    }
    writer.endObject()
  }

  private static func writeLocation(
    _ source: RuleSource, _ range: Range<Int>?, _ message: String?, to writer: inout JSONWriter
  ) {
    writer.beginObject()
    writer.key("physicalLocation")
    writer.beginObject()
    writer.key("artifactLocation")
    writer.beginObject()
    writer.optional("uri", uri(source.name))
    writer.endObject()
    if let range {
      writer.key("region")
      writeRegion(source, range, to: &writer)
    }
    writer.endObject()
    if let message {
      writer.key("message")
      writeText(message, to: &writer)
    }
    writer.endObject()
  }

  private static func writeText(_ text: String, to writer: inout JSONWriter) {
    writer.beginObject()
    writer.optional("text", text)
    writer.endObject()
  }

  /// A path as a URI reference: relative ones stay relative to the checkout.
  private static func uri(_ path: String) -> String {
    var uri = path.hasPrefix("/") ? "file://" : ""
    for byte in path.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E, 0x2F:
        uri.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        uri += "%" + (digits.count < 2 ? "0" : "") + digits
      }
    }
    return uri
  }
}
