import Foundation
import TestSupport
import Testing

/// `--against`, sweeps and limits: rules judged by recorded spans.
@Suite struct RecordingTests {
  /// Ten minutes of a service with a call a second, of which a stretch fails and another one is slow: their last three
  /// digits are their latency.
  static let recording: String = {
    let start = 1_767_225_600
    return (0..<600).map { second in
      let end = (start + second) * 1_000_000_000
      let milliseconds = (300..<360).contains(second) ? 900 : 100
      let isFailed = (120..<180).contains(second)
      let id = String(second + 1, radix: 16)
      let span = String(repeating: "0", count: 16 - id.count) + id
      return #"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"pay"}}]},"#
        + #""scopeSpans":[{"spans":[{"traceId":"\#(span)\#(span)","spanId":"\#(span)","name":"charge","kind":2,"#
        + #""startTimeUnixNano":"\#(end - milliseconds * 1_000_000)","endTimeUnixNano":"\#(end)","#
        + #""status":{\#(isFailed ? #""code":2"# : "")}}]}]}]}"#
    }.joined(separator: "\n")
  }()

  static func rule(_ kind: String, _ conditions: String, _ extra: String = "") -> String {
    "{\"kind\":\"\(kind)\",\(extra)\"conditions_json\":{\(conditions)}}"
  }

  static let errors = rule(
    "trace_error_rate", #""service":"pay","window":"1m","threshold_pct":50"#, #""rule_key":"e","#)
  static let latency = rule("trace_latency", #""service":"pay","window":"1m","threshold_ms":500"#, #""rule_key":"l","#)

  func run(_ rules: String, _ options: [String]) throws -> ProgramResult {
    let directory = try TemporaryDirectory()
    let file = try directory.write("traces.jsonl", Self.recording)
    return try Program.run(["compile-rule", "--quiet", "--against", file] + options, input: rules)
  }

  func json(_ rules: String, _ options: [String] = []) throws -> [[String: Any]] {
    let result = try run(rules, ["--format", "json"] + options)
    #expect(result.status == 0, "\(result.errors)")
    return try #require(JSONSerialization.jsonObject(with: Data(result.stdout)) as? [[String: Any]])
  }

  @Test func countsFiringsOfSpans() throws {
    let rules = [
      Self.errors, Self.latency,
      Self.rule("trace_latency", #""service":"pay","window":"1m","exact":true,"quantile":"p50","threshold_ms":500"#),
      Self.rule("trace_call_rate", #""service":"pay","window":"1m","threshold_per_second":0.5"#),
      Self.rule("trace_call_rate", #""service":"gone","window":"1m","threshold_per_second":0.5"#),
      Self.rule("trace_error_rate", #""service":"pay","window":"1m","threshold_pct":50"#, #""for":"30s","#),
      Self.rule("trace_error_rate", #""service":"pay","span_kind":"client","window":"1m","threshold_pct":1"#),
      Self.rule("trace_slo", #""service":"pay","objective_pct":99"#),
      Self.rule(
        "traceql_metrics", #""query":"{ status = error } | rate()","window":"1m","threshold":0.5"#, #""name":"q","#),
    ].joined()
    let results = try json(rules)
    #expect(results.count == 10)
    // Calls that end from 120 to 179 fail: of the last minute more than half from 150 to 209.
    #expect(results[0]["fired"] as? Int == 1)
    #expect(results[0]["firing_seconds"] as? Int == 60)
    // Four of sixty slow calls: the 95th percentile is slow from 4 slow ones on until 3 are left.
    #expect(results[1]["firing_seconds"] as? Int == 105)
    #expect(results[1]["maximum"] as? Double == 900)
    #expect(results[1]["minimum"] as? Double == 100)
    #expect(results[2]["firing_seconds"] as? Int == 60)
    // The minute before the first steps is not whole.
    #expect(results[3]["fired"] as? Int == 1)
    #expect(results[4]["evaluations_with_value"] as? Int == results[4]["evaluations"] as? Int)
    #expect(results[4]["fired"] as? Int == 1)
    #expect(results[5]["firing_seconds"] as? Int == 30)
    #expect(results[6]["evaluations_with_value"] as? Int == 0)
    // Ten percent fail: the hour burns at most 60 of 180 calls, 33 times too fast.
    #expect(results[7]["kind"] as? String == "trace_slo")
    #expect(results[7]["fired"] as? Int == 1)
    #expect(results[8]["level"] as? String == "ticket")
    #expect(results[9]["fired"] as? Int == 1)
    #expect(results[9]["firing_seconds"] as? Int == 60)
  }

  @Test func comparesThresholds() throws {
    let result = try run(Self.errors, ["--try", "threshold=0.5,50,99"])
    let table = result.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    #expect(
      table == [
        "e (trace_error_rate of pay)", "threshold fired minutes longest", "0.5 % 1 2.0 2m", "50 % 1 1.0 1m",
        "99 % 0 0.0 -",
      ], "\(result.output)\(result.errors)")
    let rows = try json(Self.latency, ["--try", "threshold=100..1000:450"])
    let tries = try #require(rows[0]["tries"] as? [[String: Any]])
    #expect(tries.map { $0["value"] as? String } == ["100", "550", "1000"])
    #expect(tries.map { $0["firing_seconds"] as? Int } == [105, 105, 0])
    #expect(try json(Self.errors, ["--try", "for=0s,30s"]).count == 1)
  }

  @Test func failsWhereARuleFiresTooOften() throws {
    #expect(try run(Self.errors, ["--max-firings", "1"]).status == 0)
    let bad = try run(Self.errors + Self.latency, ["--max-firings", "0"])
    #expect(bad.status == 1)
    #expect(
      bad.errors.contains("e would have fired 1 time in 9m45s, 1m in all, more than the 0 that are allowed [OG211]"))
    #expect(bad.output.contains("fired 1 time"))
    let github = try run(Self.errors, ["--max-firings", "0", "--check", "--diagnostics", "github"])
    #expect(github.status == 1)
    #expect(
      github.output.contains("::error file=<stdin>,line=1,") && github.output.contains("title=OG211::e would have"))
    let note = try run(Self.errors, ["--check", "--diagnostics", "github"])
    #expect(note.status == 0)
    #expect(
      note.output.contains("::notice file=<stdin>,line=1,")
        && note.output.contains("title=OG306::e would have fired 1 time"))
  }

  @Test(arguments: [
    (["--try", "threshold=5..1"], "--try 'threshold=5..1'"),
    (["--try", "threshold=1..2", "--max-firings", "1"], "--try and --max-firings exclude each other"),
    (["--eval"], "--eval and --against exclude each other"), (["--step", "1ms"], "--step '1ms'"),
    (["--format", "prometheusrule"], "--against prints text or, with --format json, JSON"),
  ])
  func refusesMisuse(_ options: [String], _ message: String) throws {
    let result = try run(Self.errors, options)
    #expect(result.status == 2)
    #expect(result.errors.contains(message), "\(result.errors)")
  }

  @Test(.enabled(if: PrometheusServer.isInstalled)) func recordsWhatQueriesGive() throws {
    let server = try PrometheusServer()
    defer { try? server.stop() }
    let rule = Self.rule(
      "traceql_metrics",
      #""query":"{ status = error } | rate() by (resource.service.name)","window":"1m","threshold":0.5"#,
      #""rule_key":"q","#)
    let written = try run(rule, ["--record", server.url])
    #expect(written.status == 0, "\(written.errors)")
    let at = Double(1_767_225_600 + 180)
    let found = try server.query("ongrid_traceql_value", at: at)
    #expect(found.map(\.value) == [59.0 / 60], "\(found)")
    #expect(
      found.first?.labels == [
        "__name__": "ongrid_traceql_value", "rule": "q", "resource_service_name": "pay",
      ])
    let eval = try Program.run(
      ["compile-rule", "--quiet", "--prometheus", server.url, "--eval", "--end", "\(Int(at))"], input: rule)
    #expect(eval.status == 1, "\(eval.output)\(eval.errors)")
    #expect(
      try Program.run(["compile-rule", "--quiet", "--record", server.url, "--tempo", server.url], input: Self.errors)
        .status == 2)
  }
}
