import Foundation
import TestSupport
import Testing

/// Whatever a rule calls its service, the compiled expression stays one valid expression with that name inside it.
@Suite struct HostileRuleTests {
  private static let pieces = [
    "\"", "\\", "\n", "\r", "\t", "'", "`", "{", "}", "}[5m]) or vector(1) #", "\\\"", "\\n", "\u{0}", "\u{7F}",
    "\u{2028}",
    "é", "日本", "👩‍👩‍👧", "{{ $labels.x }}", "{{", "$value", ": ", "- ", "# ", "%", "!x", "&a", "*b", "|", ">", "@", "~",
    "null",
    "true", "0x1F", "a", "payments-api", " ", "\u{FEFF}", "\u{10FFFF}",
  ]

  private struct Rule {
    var service: String
    var operation: String?
    var json: [String: Any]

    init(_ index: Int, _ random: inout SeededRandom) {
      func name() -> String {
        (0..<Int.random(in: 1...6, using: &random)).map { _ in
          HostileRuleTests.pieces.randomElement(using: &random) ?? ""
        }.joined() + "x"
      }
      service = name()
      var conditions: [String: Any] = ["service": service, "window": ["1m", "5m", "1h30m"][index % 3]]
      if index % 2 == 0 {
        operation = name()
        conditions["operation"] = operation
        conditions["quantile"] = ["p50", "p95", "p99"][index % 3]
        conditions["threshold_ms"] = 100 + index
      } else {
        conditions["operator"] = [">", ">=", "<", "<="][index / 2 % 4]
        conditions["threshold_pct"] = 0.5 + Double(index % 50)
      }
      json = [
        "kind": index % 2 == 0 ? "trace_latency" : "trace_error_rate", "scope_type": "global",
        "rule_key": "rule-\(index)",
        "name": name(), "conditions_json": conditions,
      ]
    }
  }

  @Test(.enabled(if: Tools.has("promtool")))
  func promtoolAcceptsAHundredRules() throws {
    var random = SeededRandom()
    let rules = (0..<100).map { Rule($0, &random) }
    let input = try JSONSerialization.data(withJSONObject: rules.map(\.json))
    let directory = try TemporaryDirectory()

    let file = try Program.run(["compile-rule", "--format", "prometheus"], input: Array(input))
    #expect(file.status == 0, "\(file.errors) \(random.note)")
    try expectAccepted(file.output, rules: 100, in: directory, random.note)

    let printed = try Program.run(["compile-rule"], input: Array(input))
    let expressions = printed.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(
      String.init)
    #expect(expressions.count == 100, "\(random.note)")
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    let wrapped = try expressions.enumerated().map { index, expression in
      let quoted = try String(decoding: encoder.encode(expression), as: UTF8.self)
      return "  - {record: 'r:\(index)', expr: \(quoted)}\n"
    }
    try expectAccepted("groups:\n- name: g\n  rules:\n" + wrapped.joined(), rules: 100, in: directory, random.note)
  }

  /// A server that parses the expression selects exactly the series with the hostile name.
  @Test(.enabled(if: PrometheusServer.isInstalled))
  func prometheusSeesTheNameThatWasMeant() throws {
    var random = SeededRandom()
    let server = try PrometheusServer()
    for index in 0..<20 {
      let rule = Rule(index * 2 + 1, &random)
      let input = try JSONSerialization.data(withJSONObject: rule.json)
      let compiled = try Program.run(["compile-rule"], input: Array(input)).output.trimmingCharacters(in: .newlines)
      let start = try #require(compiled.range(of: "service_name="))
      let end = try #require(compiled.range(of: ",status_code="))
      let literal = compiled[start.upperBound..<end.lowerBound]
      let answer = try server.query(
        "label_replace(vector(1), \"name\", \"$0\", \"\", \"\") or label_replace(vector(2), \"name\", \(literal.replacing("$", with: "$$")), \"\", \"\")"
      )
      #expect(answer.contains { $0.labels["name"] == rule.service }, "\(literal) \(random.note)")
    }
  }

  private func expectAccepted(_ yaml: String, rules: Int, in directory: TemporaryDirectory, _ note: String) throws {
    let path = try directory.write("rules-\(UUID().uuidString).yml", yaml)
    let result = try Program.run(["check", "rules", path], executable: "promtool")
    #expect(result.status == 0, "\(result.errors)\(result.output) \(note)")
    #expect(result.output.contains("\(rules) rules found"), "\(result.output) \(note)")
  }
}
