import AlertRules
import JSON
import Platform

/// The findings that a project knows and is not told of again.
struct Baseline {
  /// What a finding is known by. Its line is not part of it, since that moves with every edit above it.
  private struct Finding: Hashable {
    let file: String
    let code: String
    let rule: String
    let message: String

    init(_ diagnostic: Diagnostic, _ set: RuleSet) {
      file = set.sources[diagnostic.source].name
      code = diagnostic.code.rawValue
      rule = diagnostic.entry.flatMap { set.entries[$0].rule?.title ?? set.entries[$0].key } ?? ""
      message = diagnostic.message
    }

    init?(_ value: JSONValue) {
      guard let file = value["file"]?.string, let code = value["code"]?.string, let message = value["message"]?.string
      else { return nil }
      self.file = file
      self.code = code
      self.message = message
      rule = value["rule"]?.string ?? ""
    }
  }

  private var counts: [Finding: Int] = [:]

  /// Reads a file that `write` wrote.
  init(_ path: String) throws(CommandError) {
    let option = AdoptionOptions.baseline.name
    let bytes: [UInt8]
    do throws(SystemError) { bytes = try WholeFile.read(.openForReading(path), limit: 64 << 20) } catch {
      throw .usage("--\(option): \(error); --\(AdoptionOptions.writeBaseline.name) writes one")
    }
    let document: JSONValue
    do throws(JSONError) {
      document = try bytes.withByteView { (view) throws(JSONError) in try JSONDocument.parse(view) }
    } catch {
      throw .usage("--\(option): \(path): \(error)")
    }
    guard let elements = document["findings"]?.elements else {
      throw .usage("--\(option): \(path): has no array \"findings\"")
    }
    for element in elements {
      guard let finding = Finding(element) else {
        throw .usage("--\(option): \(path): a finding needs \"file\", \"code\" and \"message\"")
      }
      counts[finding, default: 0] += 1
    }
  }

  /// Leaves out what is known, each as often as it is known, and says how much that was. Errors stay where rules are
  /// compiled: there would be fewer rules than were asked for.
  mutating func apply(to set: inout RuleSet, leavesOutErrors: Bool) -> (known: Int, gone: Int) {
    var left = counts
    let all = set
    let known = set.remove { diagnostic in
      let isError = diagnostic.severity == .error && diagnostic.code.rawValue < "OG100"
      guard !diagnostic.code.isBadInput, leavesOutErrors || !isError else { return false }
      let finding = Finding(diagnostic, all)
      guard let count = left[finding], count > 0 else { return false }
      left[finding] = count - 1
      return true
    }
    return (known, left.values.reduce(0, +))
  }

  /// Writes all findings of a set but notes.
  static func write(_ set: RuleSet, to path: String) throws(CommandError) {
    var writer = JSONWriter(style: .pretty)
    writer.beginObject()
    writer.key("findings")
    writer.beginArray()
    for diagnostic in set.diagnostics where diagnostic.severity != .note && !diagnostic.code.isBadInput {
      let finding = Finding(diagnostic, set)
      writer.beginObject()
      writer.optional("file", finding.file)
      writer.optional("code", finding.code)
      writer.optional("rule", finding.rule)
      writer.optional("message", finding.message)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    writer.newline()
    do throws(SystemError) {
      let file = try AtomicFile(path)
      try writer.bytes.withByteView { (view) throws(SystemError) in try file.write(view) }
      try file.commit()
    } catch {
      throw .usage("--\(AdoptionOptions.baseline.name): \(error)")
    }
  }
}
