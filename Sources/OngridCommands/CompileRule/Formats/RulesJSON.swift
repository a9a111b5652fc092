import AlertRules
import JSON

/// Compiled rules as a JSON array, one object a rule. A rule with errors has no expression.
struct RulesJSON {
  let set: RuleSet
  let compiler: RuleCompiler

  var bytes: [UInt8] {
    var byEntry: [Int: [Diagnostic]] = [:]
    for diagnostic in set.diagnostics {
      if let entry = diagnostic.entry { byEntry[entry, default: []].append(diagnostic) }
    }
    var writer = JSONWriter(style: .pretty)
    writer.beginArray()
    for (index, entry) in set.entries.enumerated() {
      writer.beginObject()
      write(entry, to: &writer)
      writer.key("diagnostics")
      writer.beginArray()
      for diagnostic in byEntry[index] ?? [] { DiagnosticJSON.write(diagnostic, set.sources, to: &writer) }
      writer.endArray()
      writer.endObject()
    }
    writer.endArray()
    writer.newline()
    return writer.bytes
  }

  private func write(_ entry: RuleEntry, to writer: inout JSONWriter) {
    let source = set.sources[entry.source]
    RulesJSON.writeKey(entry.key, to: &writer)
    writer.optional("kind", entry.kind)
    if let rule = entry.rule {
      writer.optional("name", rule.name)
      writer.optional("severity", rule.severity)
      RulesJSON.writeCondition(rule, to: &writer)
      let expression = compiler.compile(rule)
      writer.optional("expression", expression.text)
      writer.optional("value_expression", compiler.value(of: rule).text)
      writer.optional("pretty", expression.prettyText)
      writer.key("labels")
      writer.beginObject()
      for label in rule.labels { writer.optional(label.name, label.value) }
      writer.endObject()
      writer.key("scope")
      writer.beginObject()
      for label in rule.scope { writer.optional(label.name, label.value) }
      writer.endObject()
      writer.optional("runbook_url", rule.runbookURL)
    } else {
      writer.optional("expression", nil)
    }
    writer.optional("file", source.name)
    writer.key("line")
    writer.int(source.place(of: entry.range.lowerBound).line)
  }

  /// The rule's key, under its name and under the one that it had at first.
  static func writeKey(_ key: String?, to writer: inout JSONWriter) {
    writer.optional("rule_key", key)
    writer.optional("key", key)
  }

  /// What the rule watches, in the words of the rule.
  static func writeCondition(_ rule: AlertRule, to writer: inout JSONWriter) {
    writer.optional("service", rule.service)
    if case .latency(let operation, let quantile, let isExact) = rule.condition {
      writer.optional("operation", operation)
      writer.optional("quantile", quantile.rawValue)
      if isExact {
        writer.key("exact_above_ms")
        writer.raw(rule.threshold.text)
      }
    }
    if !rule.spanKinds.isEmpty {
      writer.key("span_kind")
      writer.beginArray()
      for kind in rule.spanKinds { writer.string(kind.rawValue) }
      writer.endArray()
    }
    if let minimum = rule.minimumCalls {
      writer.key("min_calls")
      writer.raw(minimum.text)
    }
    writer.optional("window", rule.window.text)
    writer.optional("operator", rule.comparison.rawValue)
    writer.key("threshold")
    writer.raw(rule.limit.text)
    writer.optional("unit", rule.unit)
    writer.optional("for", rule.holdFor?.text)
  }
}

extension JSONWriter {
  /// A member with a string, or with null.
  mutating func optional(_ name: String, _ value: String?) {
    key(name)
    if let value { string(value) } else { null() }
  }
}
