import Foundation
import TestSupport
import Testing

/// Prometheus's own tool accepts what `compile-rule` prints, and its rule tests show the verdicts.
@Suite(.enabled(if: Tools.has("promtool"))) struct PromtoolTests {
  /// A service name that tries to get out of its quotes.
  static func hostileName(_ random: inout SeededRandom) -> String {
    let pieces = [
      "\"", "\\", "\n", "\r", "\t", "'", "`", "{", "}", "{{ $value }}", "{{", "}}", "[5m]", ") or vector(1)", "#", ": ",
      "- ", "é",
      "日本", "😀", "\u{0}", "\u{1B}", "\u{7F}", "\u{85}", "\u{2028}", "\u{202E}", "\u{FEFF}", "\u{FFFD}", "\u{10FFFF}",
      "a", " ", "$",
      "\\n", "\\\"", "|", ">", "%", "&", "*", "!", "@", "null", "~", "{{\u{301}", "{{{", "}}\u{308}",
    ]
    var name = "s"
    for _ in 0..<(1 + random.next() % 8) { name += pieces[Int(random.next() % UInt64(pieces.count))] }
    return name
  }

  static func rules(_ count: Int, _ random: inout SeededRandom) throws -> Data {
    var rules: [[String: Any]] = []
    for index in 0..<count {
      var rule: [String: Any] = [:]
      if index % 2 == 0 {
        rule["kind"] = "trace_latency"
        rule["conditions_json"] = [
          "service": hostileName(&random), "operation": hostileName(&random),
          "quantile": ["p50", "p95", "p99"][index % 3],
          "window": "\(1 + index)m", "threshold_ms": 2 << (index % 13),
        ]
      } else {
        rule["kind"] = "trace_error_rate"
        rule["conditions_json"] = [
          "service": hostileName(&random), "operator": [">", ">="][index % 2],
          "threshold_pct": Double(1 + index % 90) + 0.25,
        ]
      }
      if index % 3 == 0 { rule["rule_key"] = "key-\(index)" + hostileName(&random) }
      if index % 4 == 0 { rule["name"] = hostileName(&random) + "\(index)" }
      if index % 5 == 0 { rule["severity"] = hostileName(&random) }
      if index % 7 == 0 { rule["labels"] = ["team": hostileName(&random), "empty": ""] }
      if index % 6 == 0 { rule["runbook_url"] = "https://wiki/\(hostileName(&random))" }
      if index % 4 == 1 { rule["for_seconds"] = index * 30 }
      if index % 8 == 3 {
        rule["scope_type"] = "device"
        rule["scope"] = ["device_id": hostileName(&random)]
      }
      rules.append(rule)
    }
    return try JSONSerialization.data(withJSONObject: rules)
  }

  @Test func acceptsHostileRulesFiles() throws {
    var random = SeededRandom()
    let input = Array(try Self.rules(120, &random))
    let directory = try TemporaryDirectory()
    let result = try Program.run(["compile-rule", "--format", "prometheus"], input: input)
    #expect(result.status == 0, "\(result.errors) \(random.note)")
    let file = try directory.write("rules.yml", result.stdout)
    let check = try Program.run(["check", "rules", file], executable: "promtool")
    #expect(check.status == 0, "\(check.output)\(check.errors) \(random.note)")
    #expect(check.output.contains("SUCCESS: 120 rules found"), "\(check.output)")
  }

  @Test func acceptsEveryPrintedExpression() throws {
    var random = SeededRandom()
    let input = Array(try Self.rules(120, &random))
    for options in [[], ["--pretty"]] {
      let result = try Program.run(["compile-rule"] + options, input: input)
      let expressions = result.output.components(separatedBy: options.isEmpty ? "\n" : "\n\n").filter { !$0.isEmpty }
      #expect(expressions.count == 120)
      // JSON is YAML: a rules file around the expressions as they were printed.
      let rules = expressions.enumerated().map { ["alert": "a\($0.offset)", "expr": $0.element] }
      let file = try JSONSerialization.data(
        withJSONObject: ["groups": [["name": "g", "rules": rules]]], options: .withoutEscapingSlashes)
      let directory = try TemporaryDirectory()
      let path = try directory.write("rules.yml", file)
      let check = try Program.run(["check", "rules", path], executable: "promtool")
      #expect(check.output.contains("SUCCESS: 120 rules found"), "\(check.output)\(check.errors) \(random.note)")
    }
  }

  /// Each kind, at a threshold that its value reaches or just does not: one alert, and none.
  @Test func ruleTestsFireAndStayQuietAtTheThreshold() throws {
    let directory = try TemporaryDirectory()
    // 5 of 100 calls a minute fail; all calls take between 0.256 s and 0.512 s, so that p50 is 384 ms.
    let cases: [(rule: String, fires: Bool)] = [
      (#""kind":"trace_error_rate","conditions_json":{"service":"a","threshold_pct":4.99}"#, true),
      (#""kind":"trace_error_rate","conditions_json":{"service":"a","threshold_pct":5}"#, false),
      (#""kind":"trace_error_rate","conditions_json":{"service":"a","operator":">=","threshold_pct":5}"#, true),
      (#""kind":"trace_error_rate","conditions_json":{"service":"a","operator":">=","threshold_pct":5.01}"#, false),
      (#""kind":"trace_error_rate","conditions_json":{"service":"a","operator":"<","threshold_pct":5.01}"#, true),
      (#""kind":"trace_error_rate","conditions_json":{"service":"a","operator":"<","threshold_pct":5}"#, false),
      (#""kind":"trace_error_rate","conditions_json":{"service":"a","operator":"<=","threshold_pct":5}"#, true),
      (#""kind":"trace_error_rate","conditions_json":{"service":"a","operator":"==","threshold_pct":5}"#, true),
      (#""kind":"trace_error_rate","conditions_json":{"service":"a","operator":"!=","threshold_pct":5}"#, false),
      (#""kind":"trace_error_rate","conditions_json":{"service":"b","threshold_pct":1}"#, false),
      (#""kind":"trace_latency","conditions_json":{"service":"a","quantile":"p50","threshold_ms":383.9}"#, true),
      (#""kind":"trace_latency","conditions_json":{"service":"a","quantile":"p50","threshold_ms":384}"#, false),
      (
        #""kind":"trace_latency","conditions_json":{"service":"a","operation":"op","quantile":"p99","threshold_ms":509}"#,
        true
      ),
      (
        #""kind":"trace_latency","conditions_json":{"service":"a","operation":"op","quantile":"p99","threshold_ms":512}"#,
        false
      ),
      (#""kind":"trace_latency","conditions_json":{"service":"a","operation":"other","threshold_ms":1}"#, false),
      (#""kind":"trace_latency","for":"2m","conditions_json":{"service":"a","threshold_ms":300}"#, true),
      (#""kind":"trace_latency","for":"20m","conditions_json":{"service":"a","threshold_ms":300}"#, false),
      (
        #""kind":"trace_latency","scope_type":"h","scope":{"host":"1"},"conditions_json":{"service":"a","threshold_ms":300}"#,
        true
      ),
      (
        #""kind":"trace_latency","scope_type":"h","scope":{"host":"2"},"conditions_json":{"service":"a","threshold_ms":300}"#,
        false
      ),
    ]
    let rules = cases.enumerated().map { #"{"rule_key":"r\#($0.offset)",\#($0.element.rule)}"# }.joined(separator: "\n")
    let compiled = try Program.run(["compile-rule", "--format", "prometheus"], input: rules)
    #expect(compiled.status == 0, "\(compiled.errors)")
    _ = try directory.write("rules.yml", compiled.stdout)
    let common = #"service_name="a",span_name="op",span_kind="SPAN_KIND_SERVER",host="1""#
    let series = [
      (#"traces_spanmetrics_calls_total{\#(common),status_code="STATUS_CODE_UNSET"}"#, "0+95x20"),
      (#"traces_spanmetrics_calls_total{\#(common),status_code="STATUS_CODE_ERROR"}"#, "0+5x20"),
      (#"traces_spanmetrics_latency_bucket{\#(common),le="0.256"}"#, "0+0x20"),
      (#"traces_spanmetrics_latency_bucket{\#(common),le="0.512"}"#, "0+100x20"),
      (#"traces_spanmetrics_latency_bucket{\#(common),le="+Inf"}"#, "0+100x20"),
    ].map { ["series": $0.0, "values": $0.1] }
    let annotations = try Self.annotations(directory)
    let expectations = cases.enumerated().map { index, one -> [String: Any] in
      let alert: [String: Any] = [
        "exp_labels": annotations.labels[index], "exp_annotations": annotations.annotations[index],
      ]
      return ["eval_time": "15m", "alertname": "r\(index)", "exp_alerts": one.fires ? [alert] : []]
    }
    let test: [String: Any] = [
      "rule_files": ["rules.yml"], "evaluation_interval": "15s",
      "tests": [["interval": "1m", "input_series": series, "alert_rule_test": expectations]],
    ]
    let file = try directory.write("test.yml", JSONSerialization.data(withJSONObject: test))
    let result = try Program.run(["test", "rules", file], executable: "promtool")
    #expect(result.status == 0, "\(result.output)\(result.errors)")
  }

  /// What an alert of each rule must carry, read from the compiled file the way a person would.
  private static func annotations(
    _ directory: TemporaryDirectory
  ) throws -> (labels: [[String: String]], annotations: [[String: String]]) {
    let lines = try String(contentsOfFile: directory.path("rules.yml"), encoding: .utf8).split(separator: "\n")
    var labels: [[String: String]] = []
    var annotations: [[String: String]] = []
    var section = ""
    for line in lines {
      if line.hasPrefix("      - alert:") {
        labels.append([:])
        annotations.append([:])
      } else if line.hasPrefix("        "), !line.hasPrefix("         ") {
        section = String(line.drop { $0 == " " })
      } else if line.hasPrefix("          "), let colon = line.firstIndex(of: ":") {
        let key = String(line[..<colon].drop { $0 == " " })
        var value = String(line[line.index(colon, offsetBy: 2)...])
        if value.hasPrefix("\"") { value = String(value.dropFirst().dropLast()).replacing("\\\"", with: "\"") }
        switch section {
        case "labels:": labels[labels.count - 1][key] = value
        case "annotations:": annotations[annotations.count - 1][key] = value
        default: break
        }
      }
    }
    // The value is the only template: what it becomes is computed by hand from the series above.
    for index in annotations.indices {
      let isLatency = annotations[index]["summary"]?.contains("latency") == true
      let quantile = annotations[index]["summary"]?.prefix(3) ?? ""
      let value = !isLatency ? "5" : quantile == "p50" ? "384" : quantile == "p95" ? "499.2" : "509.4"
      annotations[index]["description"] = annotations[index]["description"]?
        .replacing("{{ printf \"%.4g\" $value }}", with: value)
      if labels[index]["service_name"] == nil { labels[index] = [:] }
    }
    return (labels, annotations)
  }

  @Test func yamlReadsAsAPersonWouldWriteIt() throws {
    let rule = #"""
      {"kind":"trace_error_rate","rule_key":"PaymentsErrors","name":"Payments fail","severity":"critical","labels":{"team":"pay"},
       "for":"5m","runbook_url":"https://wiki/runbooks/payments","conditions_json":{"service":"payments-api","threshold_pct":1.0}}
      """#
    let result = try Program.run(["compile-rule", "--format", "prometheus"], input: rule)
    #expect(
      result.output == #"""
        groups:
          - name: ongrid
            rules:
              - alert: PaymentsErrors
                expr: |-
                  100 * (
                    sum by (service_name) (
                      rate(traces_spanmetrics_calls_total{service_name="payments-api",status_code="STATUS_CODE_ERROR"}[5m])
                    )
                    / sum by (service_name) (
                      rate(traces_spanmetrics_calls_total{service_name="payments-api"}[5m])
                    )
                  ) > 1.0
                for: 5m
                labels:
                  severity: critical
                  team: pay
                  service_name: payments-api
                annotations:
                  title: Payments fail
                  summary: error rate of payments-api > 1.0 % over 5m
                  description: "error rate of payments-api is {{ printf \"%.4g\" $value }} %"
                  threshold: "1.0"
                  runbook_url: https://wiki/runbooks/payments

        """#)
  }
}
