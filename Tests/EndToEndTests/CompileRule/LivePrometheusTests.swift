import Foundation
import TestSupport
import Testing

/// `--verify`, `--eval` and `--backtest` against a real Prometheus that holds a known history.
@Suite(.enabled(if: PrometheusServer.isInstalled && Tools.has("promtool"))) struct LivePrometheusTests {
  /// 2026-01-01T00:00:00Z.
  static let start = 1_767_225_600
  static let step = 15
  static let hours = 12

  /// Seconds after the start during which 20 of 100 calls fail and all calls are slow.
  static let incidents = [3600..<5400, 10_000..<10_300, 21_600..<22_500]

  /// Twelve hours of one service: 100 calls every 15 s, latencies below 256 ms, in an incident between 1.024 s and
  /// 2.048 s. From hour 9 to hour 10 nothing is reported.
  static let history: String = {
    var ok: [String] = []
    var failed: [String] = []
    var buckets: [String: [String]] = [:]
    var failures = 0
    var fast = 0
    var calls = 0
    let labels = #"service_name="pay",span_name="charge",span_kind="SPAN_KIND_SERVER""#
    for at in stride(from: 0, through: hours * 3600, by: step) {
      let inIncident = incidents.contains { $0.contains(at) }
      calls += 100
      failures += inIncident ? 20 : 0
      fast += inIncident ? 0 : 100
      if (9 * 3600..<10 * 3600).contains(at) { continue }
      let time = start + at
      ok.append(
        "traces_spanmetrics_calls_total{\(labels),status_code=\"STATUS_CODE_UNSET\"} \(calls - failures) \(time)")
      failed.append("traces_spanmetrics_calls_total{\(labels),status_code=\"STATUS_CODE_ERROR\"} \(failures) \(time)")
      for (bound, count) in [("0.256", fast), ("1.024", fast), ("2.048", calls), ("+Inf", calls)] {
        buckets[bound, default: []].append(
          "traces_spanmetrics_latency_bucket{\(labels),status_code=\"STATUS_CODE_UNSET\",le=\"\(bound)\"} \(count) \(time)"
        )
      }
    }
    let lines = ok + failed + buckets.keys.sorted().flatMap { buckets[$0] ?? [] }
    return lines.joined(separator: "\n") + "\n# EOF\n"
  }()

  static let server = Result { try PrometheusServer(history: history) }

  static func rule(_ kind: String, _ conditions: String, _ extra: String = "") -> String {
    "{\"kind\":\"\(kind)\",\(extra)\"conditions_json\":{\(conditions)}}"
  }

  func run(_ rules: String, _ options: [String], end: Int, server: PrometheusServer? = nil) throws -> ProgramResult {
    let url = try (server ?? Self.server.get()).url
    return try Program.run(
      ["compile-rule", "--prometheus", url, "--end", "\(Self.start + end)"] + options, input: rules)
  }

  func backtest(_ rules: String, _ options: [String] = [], server: PrometheusServer? = nil) throws -> [[String: Any]] {
    let arguments = ["--backtest", "\(Self.hours)h", "--format", "json"] + options
    let result = try run(rules, arguments, end: Self.hours * 3600, server: server)
    #expect(result.status == 0, "\(result.errors)")
    return try #require(JSONSerialization.jsonObject(with: Data(result.stdout)) as? [[String: Any]])
  }

  /// Start and end of each firing, in seconds after the start of the history.
  func firings(_ result: [String: Any]) throws -> [Range<Int>] {
    let format = ISO8601DateFormatter()
    return try #require(result["firings"] as? [[String: Any]]).map { firing in
      let start = Int(try #require(format.date(from: firing["start"] as? String ?? "")).timeIntervalSince1970)
      return (start - Self.start)..<(start - Self.start + Int(firing["seconds"] as? Double ?? -1))
    }
  }

  /// The samples of an incident: the first and the last multiple of 15 s in it.
  static let affected = incidents.map {
    (first: ($0.lowerBound + 14) / step * step, last: ($0.upperBound - 1) / step * step)
  }

  /// A window of one minute holds four increases. One bad of four is an error rate of 5 %, which is not above 5: the rule
  /// fires from the second bad increase until only one is left in the window.
  static let errorFirings = affected.map { ($0.first + 15)..<($0.last + 45) }

  /// One bad of four puts the 99th percentile among the slow: the rule fires as long as any is in the window.
  static let latencyFirings = affected.map { $0.first..<($0.last + 60) }

  @Test func backtestReportsExactlyTheFiringsThatWerePutThere() throws {
    let results = try backtest(
      Self.rule("trace_error_rate", #""service":"pay","window":"1m","threshold_pct":5"#)
        + Self.rule("trace_error_rate", #""service":"pay","window":"1m","threshold_pct":5.0"#, #""for":"10m","#)
        + Self.rule("trace_error_rate", #""service":"pay","window":"1m","threshold_pct":20"#)
        + Self.rule(
          "trace_latency", #""service":"pay","operation":"charge","quantile":"p99","window":"1m","threshold_ms":1024"#)
        + Self.rule("trace_latency", #""service":"other","window":"1m","threshold_ms":1024"#))
    let expected = Self.errorFirings
    #expect(try firings(results[0]) == expected)
    #expect(try firings(results[3]) == Self.latencyFirings)
    #expect(results[0]["firing_seconds"] as? Int == expected.reduce(0) { $0 + $1.count })
    #expect(results[0]["longest_firing_seconds"] as? Int == expected.map(\.count).max())
    let held = expected.filter { $0.count > 600 }.map { ($0.lowerBound + 600)..<$0.upperBound }
    #expect(held.count == 2)
    #expect(try firings(results[1]) == held)
    #expect(results[2]["fired"] as? Int == 0)
    #expect(results[2]["maximum"] as? Double == 20)
    #expect(results[2]["minimum"] as? Double == 0)
    #expect(results[0]["evaluations"] as? Int == Self.hours * 240 + 1)
    // No value at the very first evaluation, nor while nothing was reported (the window bridges its first 45 s, and the
    // rate needs a second sample after it).
    let gap = 3600 / 15 + 1 - 3 + 1
    #expect(results[0]["evaluations_with_value"] as? Int == Self.hours * 240 - gap + 1)
    #expect(results[4]["evaluations_with_value"] as? Int == 0)
  }

  @Test func backtestKnowsWhatWasGoingOnAtItsEnds() throws {
    let rules =
      Self.rule("trace_error_rate", #""service":"pay","window":"1m","threshold_pct":5"#)
      + Self.rule("trace_error_rate", #""service":"pay","window":"1m","threshold_pct":5.0"#, #""for":"10m","#)
    func firings(from start: Int, to end: Int) throws -> [[Range<Int>]] {
      let result = try run(rules, ["--backtest", "\(end - start)s", "--format", "json"], end: end)
      let results = try #require(JSONSerialization.jsonObject(with: Data(result.stdout)) as? [[String: Any]])
      return try results.map { try self.firings($0) }
    }
    let first = Self.errorFirings[0]
    // Begins in the middle: firing already, and not pending anew.
    #expect(try firings(from: 4500, to: 8100) == [[4500..<first.upperBound], [4500..<first.upperBound]])
    // Ends in the middle: still firing; and before `for` is over.
    #expect(try firings(from: 0, to: 4800) == [[first.lowerBound..<4800], [(first.lowerBound + 600)..<4800]])
    #expect(try firings(from: 0, to: 4200) == [[first.lowerBound..<4200], []])
    // Begins where an incident ended.
    #expect(try firings(from: first.upperBound, to: 8100) == [[], []])
    let open = try run(rules, ["--backtest", "1h"], end: 4800).output
    #expect(open.contains("2026-01-01T01:00:15Z  still firing  19m45s  at 10.00 %"), "\(open)")
  }

  @Test func longRangesAreSplitWhereTheServerHasLimits() throws {
    let rules = Self.rule("trace_error_rate", #""service":"pay","window":"1m","threshold_pct":5"#)
    let whole = try firings(backtest(rules)[0])
    let limited = try PrometheusServer(history: Self.history, options: ["--query.max-samples=500"])
    defer { try? limited.stop() }
    #expect(whole == Self.errorFirings)
    #expect(try firings(backtest(rules, server: limited)[0]) == whole)
    // A second between evaluations is more points than one query may have.
    let fine = try backtest(rules, ["--step", "1s"])[0]
    #expect(fine["evaluations"] as? Int == Self.hours * 3600 + 1)
    // Between two samples a window holds three increases, so that one bad one is 6.7 %.
    #expect(try firings(fine) == Self.affected.map { ($0.first + 1)..<($0.last + 45) })
  }

  @Test func backtestPrintsForPeople() throws {
    let rules = Self.rule(
      "trace_error_rate", #""service":"pay","window":"1m","threshold_pct":5"#, #""rule_key":"errors","#)
    let result = try run(rules, ["--backtest", "12h"], end: Self.hours * 3600)
    let lines = result.output.split(separator: "\n").map(String.init)
    #expect(lines.count == 6)
    #expect(lines[0] == "errors (trace_error_rate of pay)  > 5 %")
    #expect(lines[1] == "  fired 3 times, 50m45s in all, longest 30m15s")
    #expect(lines[3] == "  2026-01-01T01:00:15Z  until 2026-01-01T01:30:30Z  30m15s  at 10.00 %")
  }

  @Test func evalComparesTheValueOfAMoment() throws {
    let rules =
      Self.rule("trace_error_rate", #""service":"pay","window":"1m","threshold_pct":5"#)
      + Self.rule("trace_latency", #""service":"pay","window":"1m","threshold_ms":4000"#)
      + Self.rule("trace_latency", #""service":"gone","window":"1m","threshold_ms":100"#)
    let bad = try run(rules, ["--eval", "--quiet"], end: 4000)
    #expect(bad.status == 1)
    let lines = bad.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    #expect(
      lines == [
        "FIRING 20.00 % > 5 % trace_error_rate of pay", "ok 1997 ms > 4000 ms trace_latency of pay",
        "no series no value > 100 ms trace_latency of gone",
      ])
    let good = try run(rules, ["--eval", "--format", "json", "--quiet"], end: 8000)
    // The rule of a service without series is not healthy.
    #expect(good.status == 4)
    let verdicts = try #require(JSONSerialization.jsonObject(with: Data(good.stdout)) as? [[String: Any]])
    #expect(verdicts.map { $0["firing"] as? Bool } == [false, false, false])
    #expect(verdicts[0]["value"] as? Double == 0)
    #expect(verdicts[2]["value"] is NSNull)
    #expect(verdicts.map { $0["state"] as? String } == ["ok", "ok", "no series"])
  }

  @Test(
    arguments: [
      // The incident begins at 3600; the rate is above the threshold from 3615 on.
      ("trace_error_rate", #""service":"pay","window":"1m","threshold_pct":5"#, "10m", 3660, "pending", 0),
      ("trace_error_rate", #""service":"pay","window":"1m","threshold_pct":5"#, "10m", 4300, "FIRING", 1),
      ("trace_error_rate", #""service":"pay","window":"1m","threshold_pct":5"#, "10m", 8000, "ok", 0),
      (
        "trace_latency", #""service":"pay","operation":"refund","threshold_ms":100"#, "0s", 4000, "no such operation", 4
      ),
      ("trace_latency", #""service":"pay","min_calls":1000000,"threshold_ms":100"#, "0s", 4000, "few calls", 0),
      ("trace_latency", #""service":"gone","threshold_ms":100"#, "10m", 4000, "no series", 4),
      ("trace_latency", #""service":"pay","exact":true,"window":"1m","threshold_ms":256"#, "0s", 4000, "FIRING", 1),
      ("trace_latency", #""service":"pay","exact":true,"window":"1m","threshold_ms":256"#, "0s", 8000, "ok", 0),
    ] as [(String, String, String, Int, String, Int32)])
  func evalTellsItsStatesApart(
    _ kind: String, _ conditions: String, _ hold: String, _ end: Int, _ state: String, _ status: Int32
  ) throws {
    let rule = Self.rule(kind, conditions, "\"for\":\"\(hold)\",")
    let result = try run(rule, ["--eval", "--quiet"], end: end)
    #expect(result.output.hasPrefix(state + " "), "\(result.output)\(result.errors)")
    #expect(result.status == status)
  }

  /// What only the samples tell: mixed kinds, real buckets, samples that are far apart, series that have stopped.
  @Test func verifyJudgesByTheSamples() throws {
    var lines: [String] = []
    func series(_ labels: String, _ metric: String, by growth: Int, every step: Int, until end: Int = 7200) {
      for at in stride(from: 0, through: end, by: step) {
        lines.append("\(metric){service_name=\(labels)} \(growth * at / step) \(Self.start + at)")
      }
    }
    let calls = "traces_spanmetrics_calls_total"
    series(#""pay",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_ERROR""#, calls, by: 52, every: 15)
    series(#""pay",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_UNSET""#, calls, by: 48, every: 15)
    series(#""pay",span_kind="SPAN_KIND_CLIENT",status_code="STATUS_CODE_UNSET""#, calls, by: 190, every: 15)
    series(#""slow",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_UNSET""#, calls, by: 60, every: 60)
    series(#""slow",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_ERROR""#, calls, by: 60, every: 60)
    series(#""old",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_ERROR""#, calls, by: 60, every: 15, until: 600)
    series(#""few",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_UNSET""#, calls, by: 1, every: 60)
    series(#""few",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_ERROR""#, calls, by: 0, every: 60)
    for bound in ["0.25", "0.5", "1", "+Inf"] {
      series(
        #""pay",span_kind="SPAN_KIND_SERVER",le="\#(bound)""#, "traces_spanmetrics_latency_bucket", by: 9, every: 15)
    }
    let server = try PrometheusServer(history: lines.joined(separator: "\n") + "\n# EOF\n")
    defer { try? server.stop() }
    func verify(_ kind: String, _ conditions: String) throws -> ProgramResult {
      try run(Self.rule(kind, conditions), ["--verify", "--check"], end: 7200, server: server)
    }
    let mixed = try verify("trace_error_rate", #""service":"pay","threshold_pct":20"#)
    #expect(mixed.status == 1)
    #expect(
      mixed.errors.contains("52.0 % of what it served failed, the rule computes 17.9 % [OG207]"), "\(mixed.errors)")
    #expect(try verify("trace_error_rate", #""service":"pay","span_kind":"server","threshold_pct":20"#).status == 0)
    let beyond = try verify("trace_latency", #""service":"pay","threshold_ms":1500"#)
    #expect(beyond.errors.contains("the server's buckets end at 1 s") && beyond.errors.contains("[OG208]"))
    #expect(!beyond.errors.contains("1.024"))
    #expect(try verify("trace_latency", #""service":"pay","threshold_ms":500"#).errors.isEmpty)
    let few = try verify("trace_error_rate", #""service":"few","span_kind":"server","threshold_pct":1"#)
    #expect(
      few.status == 0 && few.errors.contains("a window of 5m usually holds 5.0 calls") && few.errors.contains("[OG305]")
    )
    let guarded = #""service":"few","span_kind":"server","min_calls":20,"threshold_pct":1"#
    #expect(try verify("trace_error_rate", guarded).errors.isEmpty)
    let sparse = try verify(
      "trace_error_rate", #""service":"slow","span_kind":"server","window":"1m","threshold_pct":1"#)
    #expect(sparse.errors.contains("the server has one every 1m [OG209]"), "\(sparse.errors)")
    let stopped = try verify("trace_error_rate", #""service":"old","span_kind":"server","threshold_pct":1"#)
    #expect(stopped.errors.contains("the last sample is of 2026-01-01T00:") && stopped.errors.contains("[OG210]"))
  }

  @Test func verifyFindsWhatDoesNotExist() throws {
    let good = Self.rule("trace_latency", #""service":"pay","operation":"charge","threshold_ms":100"#)
    #expect(try run(good, ["--verify", "--check"], end: 8000).status == 0)
    let cases = [
      (Self.rule("trace_latency", #""service":"pai","threshold_ms":100"#), "OG203", "did you mean \"pay\"?", []),
      (
        Self.rule("trace_latency", #""service":"pay","operation":"chrage","threshold_ms":100"#), "OG204",
        "did you mean \"charge\"?", []
      ),
      (
        Self.rule(
          "trace_error_rate", #""service":"pay","threshold_pct":1"#, #""scope_type":"h","scope":{"host":"1"},"#),
        "OG206", "host=\"1\"", []
      ),
      (good, "OG205", "use --service-label service_name", ["--service-label", "service"]),
    ]
    for (rule, code, text, options) in cases {
      let result = try run(rule, ["--verify", "--check"] + options, end: 8000)
      #expect(result.status == 1)
      #expect(result.errors.contains("[\(code)]") && result.errors.contains(text), "\(result.errors)")
      let ignoring = rule.replacing("{\"kind\"", with: "{\"ongrid:ignore\":[\"\(code)\"],\"kind\"")
      #expect(try run(ignoring, ["--verify", "--check"] + options, end: 8000).status == 0)
    }
  }

  @Test func verifyKnowsOtherConventions() throws {
    let other = """
      traces_spanmetrics_calls_total{service_name="a",status_code="ERROR"} 1 \(Self.start)
      traces_spanmetrics_calls_total{service_name="a",status_code="OK"} 1 \(Self.start)
      traces_span_metrics_duration_milliseconds_bucket{service_name="a",le="+Inf"} 1 \(Self.start)
      # EOF

      """
    let server = try PrometheusServer(history: other)
    defer { try? server.stop() }
    let codes = try run(
      Self.rule("trace_error_rate", #""service":"a","threshold_pct":1"#), ["--verify", "--check"], end: 60,
      server: server)
    #expect(codes.errors.contains(#"status codes of a are "ERROR", "OK", not "STATUS_CODE_ERROR""#), "\(codes.errors)")
    let metric = try run(
      Self.rule("trace_latency", #""service":"a","threshold_ms":1024"#), ["--verify", "--check"], end: 60,
      server: server)
    #expect(metric.errors.contains("[OG202]"))
    #expect(metric.errors.contains("use --generator otel-connector"), "\(metric.errors)")
  }

  @Test func anUnreachableServerIsExit3() throws {
    for question in [["--eval"], ["--verify"], ["--backtest", "1h"]] {
      let port = try Sockets.freePort()
      let result = try Program.run(
        ["compile-rule", "--prometheus", "http://127.0.0.1:\(port)"] + question, input: CompileRuleTests.latency)
      #expect(result.status == 3)
      #expect(result.errorLines == ["ongrid compile-rule: cannot reach http://127.0.0.1:\(port): connection refused"])
    }
  }
}
