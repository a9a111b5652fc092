import Foundation
import TestSupport
import Testing

/// `ongrid compile-rule` as a user runs it.
@Suite struct CompileRuleTests {
  static let latency =
    #"{"kind":"trace_latency","scope_type":"global","conditions_json":{"service":"payments-api","operation":"POST /v1/charge","quantile":"p95","window":"5m","threshold_ms":800}}"#
  static let latencyExpression =
    #"histogram_quantile(0.95, sum by (le) (rate(traces_spanmetrics_latency_bucket{service_name="payments-api",span_name="POST /v1/charge"}[5m]))) * 1000 > 800"#
  static let errorRate =
    #"{"kind":"trace_error_rate","scope_type":"global","conditions_json":{"service":"payments-api","window":"5m","operator":">","threshold_pct":1.0}}"#
  static let errorRateExpression =
    #"100 * (sum by (service_name) (rate(traces_spanmetrics_calls_total{service_name="payments-api",status_code="STATUS_CODE_ERROR"}[5m])) / sum by (service_name) (rate(traces_spanmetrics_calls_total{service_name="payments-api"}[5m]))) > 1.0"#

  @Test func printsOneExpressionALine() throws {
    let result = try Program.run(["compile-rule"], input: "\(Self.latency)\n\(Self.errorRate)\n")
    #expect(result.output == "\(Self.latencyExpression)\n\(Self.errorRateExpression)\n")
    #expect(result.status == 0)
    #expect(result.errors.isEmpty)
  }

  @Test func readsFilesDirectoriesAndStandardInputInOrder() throws {
    let directory = try TemporaryDirectory()
    _ = try directory.write("b.json", Self.errorRate)
    _ = try directory.write("a.json", "[\(Self.latency)]")
    _ = try directory.write("notes.txt", "no rule")
    let file = try directory.write("c.rules", Self.latency.replacing("800", with: "900"))
    let result = try Program.run(
      ["compile-rule", directory.path(""), "-", file], input: Self.errorRate.replacing("1.0", with: "2"))
    let lines = result.output.split(separator: "\n")
    #expect(lines.map { $0.split(separator: " ").last ?? "" } == ["800", "1.0", "2", "900"])
  }

  @Test(arguments: [
    ("", 2, "ongrid compile-rule: <stdin>: there is no rule in the input [OG022]"),
    ("[]", 2, "ongrid compile-rule: <stdin>: there is no rule in the input [OG022]"),
    ("{\"kind\" 1}", 2, "ongrid compile-rule: <stdin>:1:9: expected ':' after the key [OG001]"),
    (
      "{\"kind\":\"\u{1}\"}", 2,
      "ongrid compile-rule: <stdin>:1:10: a control character must be escaped in a string [OG001]"
    ),
    ("nonsense", 2, "ongrid compile-rule: <stdin>:1:1: expected true, false or null [OG001]"),
    ("{}", 1, "ongrid compile-rule: 1 error in 1 rule"),
  ])
  func saysWhatIsWrongWithTheInput(_ input: String, _ status: Int32, _ line: String) throws {
    let result = try Program.run(["compile-rule"], input: input)
    #expect(result.status == status)
    #expect(result.output.isEmpty)
    #expect(result.errorLines.contains(line), "\(result.errors)")
  }

  @Test func reportsUnreadableFilesBesideTheProblemsOfOthers() throws {
    let directory = try TemporaryDirectory()
    let bad = try directory.write("bad.json", #"{"kind":"trace_latncy"}"#)
    try FileManager.default.createDirectory(atPath: directory.path("empty"), withIntermediateDirectories: false)
    let missing = directory.path("missing.json")
    let result = try Program.run(["compile-rule", bad, missing])
    #expect(result.status == 2)
    #expect(result.errors.contains("\(bad):1:9: error: unknown kind \"trace_latncy\" [OG010]"))
    #expect(
      result.errors.contains("ongrid compile-rule: \(missing): cannot be read: no such file or directory [OG023]"))
    let empty = try Program.run(["compile-rule", directory.path("empty")])
    #expect(empty.status == 2)
    #expect(
      empty.errorLines == [
        "ongrid compile-rule: \(directory.path("empty")): there is no *.json, *.yaml or *.yml file in the directory [OG022]"
      ])
  }

  @Test func showsTheLineWithACaretAndASuggestion() throws {
    let directory = try TemporaryDirectory()
    let file = try directory.write(
      "r.json",
      "{\"kind\":\"trace_latency\",\n\t\"conditions_json\":{\"service\":\"日本\",\"quantile\":\"p90\",\"threshold_ms\":5}}"
    )
    let result = try Program.run(["compile-rule", file])
    #expect(
      result.errors == """
        \(file):2:47: error: quantile "p90" is not one of "p50", "p95" and "p99" [OG012]
          2 |  "conditions_json":{"service":"日本","quantile":"p90","threshold_ms":5}}
            |                                                 ^^^^^ did you mean "p95"?
        ongrid compile-rule: 1 error in 1 rule

        """)
    #expect(result.status == 1)
  }

  @Test func warnsWithoutFailingUnlessStrict() throws {
    let rule = Self.latency.replacing("800", with: "20000")
    let lenient = try Program.run(["compile-rule"], input: rule)
    #expect(lenient.status == 0)
    #expect(lenient.errors.contains("warning: ") && lenient.errors.contains("[OG101]"))
    #expect(lenient.output.hasSuffix("> 20000\n"))
    let strict = try Program.run(["compile-rule", "--strict"], input: rule)
    #expect(strict.status == 1)
    #expect(strict.output.isEmpty)
    let buckets = try Program.run(["compile-rule", "--strict", "--buckets", "10,20,20.5"], input: rule)
    #expect(buckets.status == 0)
    let quiet = try Program.run(["compile-rule", "--quiet"], input: rule)
    #expect(quiet.errors.isEmpty)
  }

  @Test(arguments: [
    (["--service-label", "a-b"], "--service-label 'a-b': must be a Prometheus label name"),
    (["--buckets", "0"], "must be positive numbers of seconds"), (["--interval", "0s"], "--interval '0s'"),
    (["--format", "yaml"], "--format yaml: must be one of promql, json, prometheus"),
    (["--eval"], "--prometheus URL is needed (or set ONGRID_PROMETHEUS_URL)"),
    (["--eval", "--verify"], "--verify and --eval exclude each other"), (["--step", "1m"], "--step needs --backtest"),
    (["--eval", "--prometheus", "localhost:9090"], "has no scheme"),
    (["--backtest", "7d", "--format", "prometheus"], "--backtest prints text or, with --format json, JSON"),
    (["--end", "yesterday", "--backtest", "1d"], "--end 'yesterday'"),
  ])
  func refusesMisuse(_ arguments: [String], _ message: String) throws {
    let result = try Program.run(["compile-rule"] + arguments, input: Self.latency)
    #expect(result.status == 2)
    #expect(result.output.isEmpty)
    #expect(result.errorLines.count == 1 && result.errors.contains(message), "\(result.errors)")
  }

  @Test func oneFileBehindTwoLinksCountsOnceAndLoopsEnd() throws {
    let directory = try TemporaryDirectory()
    let file = try directory.write("a.json", Array(Self.latency.utf8))
    let folder = URL(filePath: file).deletingLastPathComponent().path
    try FileManager.default.createSymbolicLink(atPath: folder + "/b.json", withDestinationPath: file)
    try FileManager.default.createSymbolicLink(atPath: folder + "/loop", withDestinationPath: folder)
    let result = try Program.run(["compile-rule", "--strict", folder, file])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.split(separator: "\n").count == 1)
  }

  @Test func checkPrintsNoRules() throws {
    let result = try Program.run(["compile-rule", "--check"], input: Self.latency)
    #expect(result.status == 0)
    #expect(result.stdout.isEmpty)
    // 800 ms lies between two bounds of the default buckets, which is worth a note and no failure.
    #expect(
      result.errors.contains("note: 800 ms lies in the bucket from 0.512 s to 1.024 s")
        && result.errors.contains("[OG301]"))
    #expect(try Program.run(["compile-rule", "--check", "--quiet", "--strict"], input: Self.latency).stderr.isEmpty)
  }

  @Test func printsJSON() throws {
    let input = Self.errorRate.replacing("{\"kind\"", with: #"{"rule_key":"k","labels":{"team":"pay"},"kind""#) + "{}"
    let result = try Program.run(["compile-rule", "--format", "json"], input: input)
    #expect(result.status == 1)
    let rules = try #require(JSONSerialization.jsonObject(with: Data(result.stdout)) as? [[String: Any]])
    #expect(rules.count == 2)
    #expect(rules[0]["key"] as? String == "k")
    #expect(rules[0]["kind"] as? String == "trace_error_rate")
    #expect(rules[0]["expression"] as? String == Self.errorRateExpression)
    #expect((rules[0]["pretty"] as? String)?.hasPrefix("100 * (\n  sum by (service_name) (\n") == true)
    #expect(rules[0]["labels"] as? [String: String] == ["team": "pay"])
    #expect((rules[0]["diagnostics"] as? [[String: Any]])?.map { $0["code"] as? String } == ["OG302"])
    #expect(rules[1]["expression"] is NSNull)
    #expect((rules[1]["diagnostics"] as? [[String: Any]])?.first?["code"] as? String == "OG008")
  }

  @Test func prettySeparatesExpressionsByAnEmptyLine() throws {
    let result = try Program.run(["compile-rule", "--pretty"], input: Self.latency + Self.errorRate)
    let blocks = result.output.components(separatedBy: "\n\n")
    #expect(blocks.count == 2)
    #expect(blocks[0].split(separator: "\n").count == 6)
  }
}
