import AlertRules
import JSON
import MCP

/// `compile_rule`: what `ongrid compile-rule --format json` prints.
struct RuleTool: InvestigatorTool {
  let compiler: RuleCompiler

  var definition: MCPTool {
    MCPTool(
      "compile_rule",
      "Compile alert rules on traces to PromQL and check them. JSON with each rule's expression and diagnostics.",
      [
        MCPParameter(
          "rules", .document, required: true,
          "A rule or an array of them, e.g. {\"kind\":\"trace_latency\",\"scope_type\":\"global\",\"conditions_json\":"
            + "{\"service\":\"a\",\"quantile\":\"p95\",\"window\":\"5m\",\"threshold_ms\":800}} or kind "
            + "trace_error_rate with threshold_pct")
      ])
  }

  func answer(_ arguments: MCPArguments, budget: Int, _ call: ToolCall) throws(ToolFailure) -> String {
    var writer = JSONWriter()
    if let rules = arguments.document("rules") { writer.value(rules) }
    let source = RuleSource(name: "rules", bytes: writer.bytes)
    var set = RuleSet(reading: [source], serviceLabel: compiler.profile.serviceLabel)
    set.add(RuleLinter(options: LintOptions(buckets: compiler.profile.defaultBuckets), compiler: compiler).lint(set))
    set.sortDiagnostics()
    let others = set.diagnostics.filter { $0.entry == nil }
    if set.entries.isEmpty, let first = others.first {
      throw ToolFailure("\(first.code.rawValue): \(first.message)" + (first.suggestion.map { "; \($0)" } ?? ""))
    }
    var json = JSONWriter()
    json.beginObject()
    json.key("rules")
    let rules = RulesJSON(set: set, compiler: compiler, style: .compact).bytes
    json.raw(String(decoding: rules.last == 0x0A ? rules.dropLast() : rules[...], as: UTF8.self))
    if !others.isEmpty {
      json.key("diagnostics")
      json.beginArray()
      for diagnostic in others { DiagnosticJSON.write(diagnostic, set.sources, to: &json) }
      json.endArray()
    }
    json.endObject()
    return String(decoding: json.bytes, as: UTF8.self)
  }
}
