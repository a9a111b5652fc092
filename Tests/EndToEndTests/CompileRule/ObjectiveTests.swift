import Foundation
import TestSupport
import Testing

/// Objectives in `promtool test rules`, in the situations of the SRE workbook, and the groups of rules files.
@Suite struct ObjectiveTests {
  static let rule =
    #"{"kind":"trace_slo","rule_key":"avail","conditions_json":{"service":"pay","objective_pct":99.9}}"#

  /// Days without a failure, then a stretch in which this many of a thousand calls fail, then none again.
  struct Situation {
    let name: String
    let failing: Int
    /// Minutes.
    let healthy: Int
    let burning: Int
    let after: Int
    /// Minutes after the beginning of the failures, with what fires then. `nil`: not judged, since the window of three days
    /// sees less than that of healthy traffic here, and tickets come earlier than in a service that has run for long.
    let expected: [(minute: Int, page: Bool, ticket: Bool?)]
  }

  static let situations = [
    // Everything fails: paged within two minutes, over half an hour after it has passed.
    Situation(
      name: "outage", failing: 1000, healthy: 420, burning: 10, after: 60,
      expected: [(-2, false, false), (2, true, nil), (9, true, nil), (15, true, nil), (50, false, true)]),
    // Ten times too fast: the hour's window does not mind, that of six hours does after 60 % of it.
    Situation(
      name: "ten times", failing: 10, healthy: 420, burning: 300, after: 0,
      expected: [(60, false, nil), (200, false, nil), (240, true, nil)]),
    // Three and a half times too fast: nobody is woken, a ticket comes after 20.6 hours.
    Situation(
      name: "three times", failing: 4, healthy: 1560, burning: 1440, after: 0,
      expected: [(600, false, nil), (1000, false, nil), (1200, false, true), (1430, false, true)]),
    // Within the budget: nothing ever.
    Situation(
      name: "within", failing: 1, healthy: 60, burning: 1440, after: 0,
      expected: [(30, false, false), (700, false, false), (1430, false, false)]),
  ]

  @Test(.enabled(if: Tools.has("promtool"))) func firesAsTheWorkbookHasIt() throws {
    let directory = try TemporaryDirectory()
    let compiled = try Program.run(["compile-rule", "--format", "prometheus", "--quiet"], input: Self.rule)
    #expect(compiled.status == 0, "\(compiled.errors)")
    try directory.write("rules.yml", compiled.output)
    var tests = "rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n"
    for situation in Self.situations { tests += Self.test(situation) }
    let file = try directory.write("tests.yml", tests)
    let result = try Program.run(["test", "rules", file], executable: "promtool", timeout: 240)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    // The test can fail.
    let wrong = try directory.write(
      "wrong.yml", tests.replacing("{value: 1, labels", with: "{value: 2, labels"))
    #expect(try Program.run(["test", "rules", wrong], executable: "promtool", timeout: 240).status != 0)
  }

  static func test(_ situation: Situation) -> String {
    func series(_ each: (Int) -> Int) -> String {
      var at = 0
      var text = "0"
      for (minutes, growth) in [
        (situation.healthy, each(0)), (situation.burning, each(situation.failing)), (situation.after, each(0)),
      ] where minutes > 0 {
        at += growth
        text += " \(at)+\(growth)x\(minutes - 1)"
        at += growth * (minutes - 1)
      }
      return text
    }
    let calls = "traces_spanmetrics_calls_total{service_name=\"pay\",status_code="
    var lines = [
      "  - name: \(situation.name)", "    interval: 1m", "    input_series:",
      "      - {series: '\(calls)\"STATUS_CODE_UNSET\"}', values: '\(series { 1000 - $0 })'}",
      "      - {series: '\(calls)\"STATUS_CODE_ERROR\"}', values: '\(series { $0 })'}", "    promql_expr_test:",
    ]
    for (minute, page, ticket) in situation.expected {
      for (severity, fires) in [("page", page as Bool?), ("ticket", ticket)] {
        guard let fires else { continue }
        lines.append(
          "      - {expr: 'count(ALERTS{alertname=\"avail\",alertstate=\"firing\",severity=\"\(severity)\"})', "
            + "eval_time: \(situation.healthy + minute)m, exp_samples: [\(fires ? "{value: 1, labels: '{}'}" : "")]}")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  @Test(.enabled(if: Tools.has("promtool"))) func recordsWhatIsLeftOfTheBudget() throws {
    let directory = try TemporaryDirectory()
    let compiled = try Program.run(["compile-rule", "--format", "prometheus", "--quiet"], input: Self.rule)
    try directory.write("rules.yml", compiled.output)
    let calls = "traces_spanmetrics_calls_total{service_name=\"pay\",status_code="
    let file = try directory.write(
      "tests.yml",
      """
      rule_files: [rules.yml]
      evaluation_interval: 1m
      tests:
        - interval: 1m
          input_series:
            - series: '\(calls)"STATUS_CODE_UNSET"}'
              values: '0+39990x240'
            - series: '\(calls)"STATUS_CODE_ERROR"}'
              values: '0+10x240'
          promql_expr_test:
            - expr: 'round(slo:period_error_budget_remaining:ratio, 0.0001)'
              eval_time: 4h
              exp_samples: [{value: 0.75, labels: '{service_name="pay",slo="avail"}'}]
            - expr: 'round(slo:current_burn_rate:ratio, 0.0001)'
              eval_time: 4h
              exp_samples: [{value: 0.25, labels: '{service_name="pay",slo="avail"}'}]
        # Without any failure the whole budget is left.
        - interval: 1m
          input_series: [{series: '\(calls)"STATUS_CODE_UNSET"}', values: '0+10x240'}]
          promql_expr_test:
            - expr: 'slo:period_error_budget_remaining:ratio'
              eval_time: 4h
              exp_samples: [{value: 1, labels: 'slo:period_error_budget_remaining:ratio{service_name="pay",slo="avail"}'}]
      """)
    let result = try Program.run(["test", "rules", file], executable: "promtool", timeout: 120)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
  }

  @Test func groupsHaveTheSizeThatServersTake() throws {
    let rules = (0..<45).map { index in
      #"{"kind":"trace_error_rate","rule_key":"r\#(index)","keep_firing_for":"5m","annotations":{"summary":"{{ $value }} of {{","note":"{{ $labels.x }}"}\#(index == 7 ? #","interval":"5m""# : ""),"conditions_json":{"service":"a","threshold_pct":\#(index + 1)}}"#
    }.joined()
    let result = try Program.run(["compile-rule", "--format", "prometheus", "--quiet"], input: rules)
    let lines = result.output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    #expect(
      lines.filter { $0.hasPrefix("- name:") || $0.hasPrefix("interval:") } == [
        "- name: ongrid", "- name: ongrid-2", "- name: ongrid-3", "- name: ongrid-every-5m", "interval: 5m",
      ])
    #expect(lines.count { $0 == "keep_firing_for: 5m" } == 45)
    // A template that is left open is no template.
    #expect(lines.contains { $0.hasPrefix("summary: ") && $0.contains("{{ \\\"{{\\\" }}") })
    #expect(lines.contains(#"note: "{{ $labels.x }}""#))
    let halves = try Program.run(
      ["compile-rule", "--format", "prometheus", "--quiet", "--group-size", "44"], input: rules)
    #expect(halves.output.split(separator: "\n").count { $0.hasPrefix("  - name:") } == 2)
    if Tools.has("promtool") {
      let file = try TemporaryDirectory().write("rules.yml", result.output)
      let verdict = try Program.run(["check", "rules", file], executable: "promtool")
      #expect(verdict.status == 0, "\(verdict.output)\(verdict.errors)")
    }
  }

  @Test func writesAnObjectForTheOperator() throws {
    let directory = try TemporaryDirectory()
    let file = try directory.write("Pay_ments v2.json", Self.rule)
    let result = try Program.run(["compile-rule", "--format", "prometheusrule", "--quiet", file])
    #expect(result.status == 0)
    #expect(
      result.output.hasPrefix(
        """
        apiVersion: monitoring.coreos.com/v1
        kind: PrometheusRule
        metadata:
          name: pay-ments-v2
        spec:
          groups:
            - name: Pay_ments v2
              rules:
                - record: slo:sli_error:ratio_rate5m

        """))
  }

  /// A whole export: 16 rows of all kinds of the system that rules come from.
  @Test func compilesAWholeExport() throws {
    let kinds = [
      ("trace_latency", #""service":"a","operation":"","window":"","quantile":"0.99","threshold_ms":512"#),
      ("trace_error_rate", #""service":"a","operator":"","threshold_pct":5"#),
      ("trace_call_rate", #""service":"a","operator":"<","threshold_per_second":1"#),
      ("trace_slo", #""service":"a","objective_pct":99.9"#),
      ("metric_threshold", #""x":1"#), ("metric_raw", #""x":1"#), ("metric_anomaly", #""x":1"#),
      ("metric_forecast", #""x":1"#), ("metric_burn_rate", #""x":1"#), ("log_match", #""x":1"#),
      ("log_search", #""x":1"#), ("log_volume", #""x":1"#), ("edge_offline", #""x":1"#), ("edge_absence", #""x":1"#),
      ("prom_query", #""x":1"#), ("ingest_health", #""x":1"#),
    ]
    let rows = kinds.enumerated().map { index, kind in
      #"{"id":\#(index),"rule_key":"k\#(index)","enabled":true,"kind":"\#(kind.0)","labels_json":"{}","annotations_json":"{\"summary\":\"s\"}","spec":{\#(kind.1)},"created_at":"2026-01-01T00:00:00Z","notify_min_fires":0,"join_mode":"all","source_type":"builtin"}"#
    }
    let export = #"{"items":[\#(rows.joined(separator: ","))],"total":\#(rows.count)}"#
    let result = try Program.run(["compile-rule"], input: export)
    #expect(result.status == 0, "\(result.errors)")
    // Each trace rule, of which the objective is two alerts.
    #expect(result.output.split(separator: "\n").count == 5)
    #expect(result.errors.split(separator: "\n").count { $0.contains("[OG303]") } == 12)
  }
}
