import AlertRules
import JSON

/// Compiled rules as a JSON array, one object a rule. A rule with errors has no expression.
struct RulesJSON {
  let set: RuleSet
  let compiler: RuleCompiler
  var style = JSONWriter.Style.pretty

  var bytes: [UInt8] {
    var byEntry: [Int: [Diagnostic]] = [:]
    for diagnostic in set.diagnostics {
      if let entry = diagnostic.entry { byEntry[entry, default: []].append(diagnostic) }
    }
    var writer = JSONWriter(style: style)
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
      writer.key("annotations")
      writer.beginObject()
      for annotation in rule.annotations { writer.optional(annotation.name, annotation.value) }
      writer.endObject()
      writer.key("scope")
      writer.beginObject()
      for label in rule.scope { writer.optional(label.name, label.value) }
      writer.endObject()
      writer.optional("runbook_url", rule.runbookURL)
      writeRecordings(rule, to: &writer)
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
    writer.optional("service", rule.service.isEmpty ? nil : rule.service)
    switch rule.condition {
    case .latency(let operation, let quantile, let isExact):
      writer.optional("operation", operation)
      writer.optional("quantile", quantile.rawValue)
      if isExact { number("exact_above_ms", rule.threshold, to: &writer) }
    case .errorRate: break
    case .callRate(let operation, _): writer.optional("operation", operation)
    case .objective(let objective):
      writer.optional("operation", objective.operation)
      number("objective_pct", objective.objective, to: &writer)
      if let bound = objective.latencyBound { number("exact_above_ms", bound, to: &writer) }
      writer.optional("period", objective.period.text)
      writer.optional("level", objective.level.rawValue)
    case .traceQL(let query, _): writer.optional("query", query)
    }
    if !rule.spanKinds.isEmpty {
      writer.key("span_kind")
      writer.beginArray()
      for kind in rule.spanKinds { writer.string(kind.rawValue) }
      writer.endArray()
    }
    if let minimum = rule.minimumCalls { number("min_calls", minimum, to: &writer) }
    writer.optional("window", rule.window.text)
    writer.optional("operator", rule.comparison.rawValue)
    number("threshold", rule.limit, to: &writer)
    writer.optional("unit", rule.unit)
    writer.optional("for", rule.holdFor?.text)
  }

  private static func number(_ name: String, _ number: Threshold, to writer: inout JSONWriter) {
    writer.key(name)
    writer.raw(number.text)
  }

  /// The series that the alert reads when it stands in a rules file.
  private func writeRecordings(_ rule: AlertRule, to writer: inout JSONWriter) {
    let recordings = compiler.recordings(of: rule)
    guard !recordings.isEmpty else { return }
    writer.key("recordings")
    writer.beginArray()
    for recording in recordings {
      writer.beginObject()
      writer.optional("record", recording.name)
      writer.optional("expression", recording.expression.text)
      writer.key("labels")
      writer.beginObject()
      for label in recording.labels { writer.optional(label.name, label.value) }
      writer.endObject()
      writer.endObject()
    }
    writer.endArray()
  }
}

extension JSONWriter {
  /// A member with a string, or with null.
  mutating func optional(_ name: String, _ value: String?) {
    key(name)
    if let value { string(value) } else { null() }
  }
}
