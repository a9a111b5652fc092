import AlertRules
import Testing

/// Rules in YAML say what they would in JSON, and where.
@Suite struct YAMLTests {
  func read(_ text: String, name: String = "rules.yaml") -> (set: RuleSet, found: [String]) {
    var set = RuleSet(reading: [RuleSource(name: name, bytes: Array(text.utf8))], serviceLabel: "service_name")
    set.sortDiagnostics()
    let found = set.diagnostics.map { diagnostic in
      let place = diagnostic.range.map { set.sources[0].place(of: $0.lowerBound) }
      let text = diagnostic.range.map { set.sources[0].text($0) } ?? ""
      return "\(diagnostic.code.rawValue) \(place?.line ?? 0):\(place?.column ?? 0) \(text)"
    }
    return (set, found)
  }

  static let rule = """
    kind: trace_latency   # why
    rule_key: charge
    conditions_json:
      service: payments-api
      operation: POST /v1/charge
      quantile: p95
      threshold_ms: 800
    labels: {team: "pay"}
    """

  @Test func readsDocumentsSequencesAndStandardInput() {
    let json =
      #"{"kind":"trace_latency","rule_key":"charge","conditions_json":{"service":"payments-api","operation":"POST /v1/charge","quantile":"p95","threshold_ms":800},"labels":{"team":"pay"}}"#
    let wanted = compile(json)
    #expect(wanted.count == 1)
    let list = "- " + Self.rule.replacing("\n", with: "\n  ")
    for (text, count) in [
      (Self.rule, 1), ("---\n\(Self.rule)\n---\n\(Self.rule)\n", 2), (list + "\n" + list, 2),
      ("# first\n" + Self.rule, 1),
      ("items:\n" + list, 1),
    ] {
      for name in ["rules.yml", "<stdin>"] {
        let (set, found) = read(text, name: name)
        if name == "<stdin>", text.hasPrefix("items") { continue }
        #expect(found.isEmpty, "\(text): \(found)")
        #expect(set.rules.map { RuleCompiler().compile($0).text } == Array(repeating: wanted[0], count: count))
        #expect(set.rules.first?.labels == [Label("team", "pay")])
      }
    }
  }

  @Test func pointsIntoTheText() {
    let text = """
      kind: trace_latency
      conditions_json:
        sérvice: é
        service: "日本"
        quantile: 0.95
        window: 5 min
        threshold_ms: '800'
      """
    #expect(
      read(text).found == ["OG006 3:3 sérvice", "OG012 5:13 0.95", "OG013 6:11 5 min", "OG007 7:17 '800'"])
    let (bytes, count) = CertainFixes.apply(read(text.replacing("  sérvice: é\n", with: "")).set, source: 0)
    #expect(count == 3)
    #expect(read(String(decoding: bytes, as: UTF8.self)).found.isEmpty)
  }

  /// Objects in strings, as rows have them: parts are found where escapes tell, else the whole is shown.
  @Test func readsObjectsInStrings() {
    let quoted = #"kind: trace_latency\nconditions_json: "{\"service\":\"a\",\"threshold_ms\":\"5\"}""#
    #expect(read(quoted.replacing("\\n", with: "\n")).found == [#"OG007 2:55 \"5\""#])
    let block = "kind: trace_latency\nconditions_json: |\n  {\"service\": \"a\",\n  \"threshold_ms\": \"5\"}\n"
    let (set, found) = read(block)
    #expect(found.count == 1 && found[0].hasPrefix("OG007 2:18 |"))
    #expect(set.diagnostics.first?.replacement == nil)
  }

  @Test(arguments: [
    ("kind: [\n", "OG001 2:1 "), ("kind: trace_latency\n\tx: 1\n", "OG001 2:1 \t"), ("a: &x 1\nb: *x\n", "OG001 2:4 *"),
    ("kind: a\nkind: b\n", "OG001 2:1 k"), ("- 1\n", "OG004 1:3 1"), ("", "OG022 0:0 "),
    ("groups:\n- name: x\n", "OG303 1:1 groups"), ("apiVersion: v1\nkind: Pod\n", "OG303 1:1 apiVersion"),
  ])
  func refuses(_ text: String, _ expected: String) {
    #expect(read(text).found == [expected])
  }

  @Test func wordsAndNumbersAreThoseOfTheCoreSchema() throws {
    func service(_ text: String) -> String? {
      read("kind: trace_latency\nconditions_json: {service: \(text), threshold_ms: .5}").set.rules.first?.service
    }
    for word in ["no", "on", "y", "2026-01-01", "1_000", "12:30"] { #expect(service(word) == word) }
    for other in ["true", "12", "~", "[a]"] { #expect(service(other) == nil) }
    let rule = try #require(
      read("kind: trace_latency\nconditions_json: {service: a, threshold_ms: +0800}").set.rules.first)
    #expect(rule.threshold.text == "800")
  }
}
