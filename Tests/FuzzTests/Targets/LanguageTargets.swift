import AlertRules
import Platform
import TestSupport
import TraceQL

@testable import Correlate

extension FuzzTarget {
  private static func queries() throws -> [[UInt8]] {
    try Fixtures.text("traceql/queries.txt").split(separator: "\n").map { Array($0.utf8) }
  }

  /// A query that is accepted prints as one that reads back as itself; one that is refused has an error to show.
  static let traceql = FuzzTarget("traceql", seeds: queries) { view in
    let text = String(view)
    do {
      let query = try Query(parsing: text)
      let printed = query.description
      guard let again = try? Query(parsing: printed) else {
        throw FuzzFailure(description: "\(text) prints as \(printed), which is refused")
      }
      try hold(again == query, "\(text) prints as \(printed), which is another query")
      try hold(again.description == printed, "\(printed) prints as \(again.description)")
    } catch let error as QueryError {
      try hold(!error.description.isEmpty && !error.excerpt.isEmpty, "an error without text")
    }
  }

  private static func ruleTexts() throws -> [[UInt8]] {
    [
      """
      {"kind":"trace_latency","scope_type":"global","conditions_json":{"service":"payments-api","operation":"POST /v1/charge",
      "threshold_ms":800,"quantile":"p99","window":"5m"}}
      """,
      #"[{"kind":"trace_error_rate","key":"k","conditions_json":"{\"service\":\"a\",\"threshold_pct\":5}","ongrid:ignore":["OG102"]}]"#,
      "{\"kind\":\"trace_latency\",\"conditions_json\":{\"service\":\"x\",\"threshold_ms\":1}}\n{\"kind\":\"trace_latenzy\"}\n",
    ].map { Array($0.utf8) }
  }

  static var yamlRuleTexts: [[UInt8]] {
    [
      "- kind: trace_latency\n  labels: {a: 'b'}\n  conditions_json:\n    service: x # y\n    threshold_ms: '8'\n",
      "---\nkind: trace_slo\nconditions_json: \"{\\\"service\\\":\\\"x\\\"}\"\n---\n- |\n  a\n  b\n- *x\n",
      "items:\n- {kind: trace_call_rate, enabled: true, spec: {service: \u{E9}, threshold_per_second: .5}}\n",
    ].map { Array($0.utf8) }
  }

  /// Rules are read, linted, corrected and compiled; every problem stands somewhere in the text.
  static let rules = FuzzTarget("rules", seeds: ruleTexts) { view in try readRules(view, name: "rules.json") }

  /// The same in YAML, which is read through libyaml.
  static let yamlRules = FuzzTarget("yaml-rules", seeds: { yamlRuleTexts }) { view in
    try readRules(view, name: "rules.yaml")
  }

  private static func readRules(_ view: ByteView, name: String) throws {
    var set = RuleSet(reading: [RuleSource(name: name, bytes: [UInt8](view))], serviceLabel: "service_name")
    let compiler = RuleCompiler()
    set.add(RuleLinter(options: LintOptions(), compiler: compiler).lint(set))
    set.sortDiagnostics()
    for diagnostic in set.diagnostics {
      guard let range = diagnostic.range else { continue }
      try hold(range.upperBound <= view.count, "\(diagnostic.message) at \(range) of \(view.count)")
      let place = set.sources[diagnostic.source].place(of: range.lowerBound)
      try hold(place.line > 0 && place.column > 0, "\(diagnostic.message) at \(place)")
    }
    _ = CertainFixes.apply(set, source: 0)
    for rule in set.rules {
      let expression = compiler.compile(rule)
      try hold(!expression.text.utf8.contains(0x0a), "\(expression.text) has several lines")
      _ = expression.prettyText
    }
  }

  private static func incidents() throws -> [[UInt8]] {
    [
      """
      {"id":42,"title":"p95 high","kind":"trace_latency","first_fired_at":"2026-11-23T07:00:00Z","labels":{"instance":"host-1"},
      "value":1234.5,"conditions_json":"{\\"service\\":\\"payments-api\\",\\"threshold_ms\\":800}"}
      """,
      """
      {"alerts":[{"labels":{"alertname":"x","service_name":"a"},"annotations":{"threshold":"5"},"startsAt":"2026-11-23T07:00:00Z",
      "generatorURL":"http://p:9090/graph?g0.expr=up%7Bjob%3D%22a%22%7D&g0.tab=1","fingerprint":"f"}],"commonLabels":{"a":"b"}}
      """,
    ].map { Array($0.utf8) }
  }

  /// Incidents as they come from anywhere.
  static let incident = FuzzTarget("incident", seeds: incidents) { view in
    do {
      for incident in try IncidentReader.read(view) {
        if let threshold = incident.latencyThreshold { try hold(threshold >= 0, "a threshold of \(threshold) ns") }
      }
    } catch let error as IncidentError {
      try hold(!error.description.isEmpty, "an error without text")
    }
  }
}
