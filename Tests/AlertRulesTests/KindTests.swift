import AlertRules
import MetricProfiles
import Testing

/// What the kinds beyond latency and error rate compile to.
@Suite struct KindTests {
  static func rule(_ kind: String, _ conditions: String, _ extra: String = "") -> String {
    "{\"kind\":\"\(kind)\",\(extra)\"conditions_json\":{\(conditions)}}"
  }

  @Test(arguments: [
    (
      #""service":"a","threshold_per_second":0.5"#,
      #"(sum (rate(traces_spanmetrics_calls_total{service_name="a"}[5m])) or vector(0)) < 0.5"#
    ),
    (
      #""service":"a","operation":"b","operator":">","window":"10m","threshold_per_second":100"#,
      #"sum (rate(traces_spanmetrics_calls_total{service_name="a",span_name="b"}[10m])) > 100"#
    ),
    (
      #""service":"a","operator":"==","span_kind":"server","threshold_per_second":0"#,
      #"(sum (rate(traces_spanmetrics_calls_total{service_name="a",span_kind="SPAN_KIND_SERVER"}[5m])) or vector(0)) == 0"#
    ),
  ])
  func compilesCallRates(_ conditions: String, _ expression: String) {
    #expect(compile(Self.rule("trace_call_rate", conditions)) == [expression])
  }

  @Test func compilesQueriesToWhatIsRecorded() {
    let rule = Self.rule(
      "traceql_metrics", #""query":"{ status = error } | rate()","operator":">=","threshold":0.1"#,
      #""rule_key":"slow \"x\"","#)
    #expect(compile(rule) == [#"ongrid_traceql_value{rule="slow \"x\""} >= 0.1"#])
  }

  static func ratio(_ window: String) -> String {
    let calls = #"traces_spanmetrics_calls_total{service_name="a"}[\#(window)]"#
    let failed = #"traces_spanmetrics_calls_total{service_name="a",status_code="STATUS_CODE_ERROR"}[\#(window)]"#
    return "(sum (rate(\(failed))) or 0 * sum (rate(\(calls)))) / sum (rate(\(calls)))"
  }

  @Test func objectivesAreTwoAlerts() {
    let found = compile(Self.rule("trace_slo", #""service":"a","objective_pct":99.9"#))
    func pair(_ factor: String, _ long: String, _ short: String) -> String {
      "(\(Self.ratio(long)) > \(factor) * 0.001 and \(Self.ratio(short)) > \(factor) * 0.001)"
    }
    #expect(
      found == [
        pair("14.4", "1h", "5m") + " or " + pair("6", "6h", "30m"),
        pair("3", "1d", "2h") + " or " + pair("1", "3d", "6h"),
      ])
  }

  @Test func objectivesOnLatencyLookAtABound() throws {
    let rule = Self.rule("trace_slo", #""service":"a","objective_pct":95,"threshold_ms":512"#)
    let share =
      #"1 - sum (rate(traces_spanmetrics_latency_bucket{service_name="a",le="0.512"}[1h])) / sum (rate(traces_spanmetrics_latency_bucket{service_name="a",le="+Inf"}[1h])) > 14.4 * 0.05"#
    #expect(compile(rule)[0].hasPrefix("(\(share) and "))
    #expect(
      RuleCompiler().value(of: lint(Array(rule.utf8)).set.rules[0]).text
        == #"(1 - sum (rate(traces_spanmetrics_latency_bucket{service_name="a",le="0.512"}[1h])) / sum (rate(traces_spanmetrics_latency_bucket{service_name="a",le="+Inf"}[1h]))) / 0.05"#
    )
    let native = RuleCompiler(profile: .tempoNative).compile(lint(Array(rule.utf8)).set.rules[0]).text
    #expect(
      native.hasPrefix(
        #"(1 - histogram_fraction(0, 0.512, sum (rate(traces_spanmetrics_latency{service_name="a"}[1h]))) > 14.4 * 0.05 and"#
      ))
  }

  /// The windows, factors, budgets and what is recorded, as sloth publishes them for objectives over 30 and 28 days.
  @Test(arguments: [
    ("99.9", "30d", "0.001", "0.999", ["14.4", "6", "3", "1"]), ("99", "30d", "0.01", "0.99", ["14.4", "6", "3", "1"]),
    ("99.95", "30d", "0.0005", "0.9995", ["14.4", "6", "3", "1"]),
    ("95", "28d", "0.05", "0.95", ["13.44", "5.6", "2.8", "0.9333"]),
    ("99.9", "4w", "0.001", "0.999", ["13.44", "5.6", "2.8", "0.9333"]),
  ])
  func agreesWithSloth(
    _ objective: String, _ period: String, _ budget: String, _ ratio: String, _ factors: [String]
  ) throws {
    let text = Self.rule(
      "trace_slo", #""service":"a","objective_pct":\#(objective),"period":"\#(period)""#, #""rule_key":"s","#)
    let rules = lint(Array(text.utf8)).set.rules
    #expect(rules.count == 2)
    func selector(_ name: String) -> String { "\(name){service_name=\"a\",slo=\"s\"}" }
    func pair(_ factor: String, _ long: String, _ short: String) -> String {
      let limit = "\(factor) * \(budget)"
      return "(\(selector("slo:sli_error:ratio_rate\(long)")) > \(limit) and "
        + "\(selector("slo:sli_error:ratio_rate\(short)")) > \(limit))"
    }
    let compiler = RuleCompiler()
    #expect(
      rules.map { compiler.compileRecorded($0).text } == [
        pair(factors[0], "1h", "5m") + " or " + pair(factors[1], "6h", "30m"),
        pair(factors[2], "1d", "2h") + " or " + pair(factors[3], "3d", "6h"),
      ])
    #expect(rules.map(\.severity) == ["page", "ticket"])
    let recordings = compiler.recordings(of: rules[0])
    #expect(compiler.recordings(of: rules[1]).isEmpty)
    #expect(
      recordings.prefix(7).map(\.name)
        == ["5m", "30m", "1h", "2h", "6h", "1d", "3d"].map { "slo:sli_error:ratio_rate\($0)" })
    #expect(recordings[0].expression.text == Self.ratio("5m"))
    let days = period == "4w" ? "28" : String(period.dropLast())
    #expect(
      recordings.dropFirst(7).map { "\($0.name) \($0.expression.text)" } == [
        "slo:objective:ratio vector(\(ratio))", "slo:error_budget:ratio vector(\(budget))",
        "slo:time_period:days vector(\(days))",
        "slo:current_burn_rate:ratio \(selector("slo:sli_error:ratio_rate5m")) / \(budget)",
        "slo:sli_error:ratio_rate\(period) \(Self.ratio(period))",
        "slo:period_burn_rate:ratio \(selector("slo:sli_error:ratio_rate\(period)")) / \(budget)",
        "slo:period_error_budget_remaining:ratio 1 - \(selector("slo:period_burn_rate:ratio"))",
      ])
  }

  @Test func variesRules() throws {
    let latency = lint(Array(Self.rule("trace_latency", #""service":"a","threshold_ms":800"#).utf8)).set.rules[0]
    let range = try #require(RuleVariation("threshold=500..1000"))
    #expect(range.values == ["500", "550", "600", "650", "700", "750", "800", "850", "900", "950", "1000"])
    #expect(range.rule(latency, with: "650")?.threshold.text == "650")
    #expect(RuleVariation("threshold=0.1..0.3:0.1")?.values == ["0.1", "0.2", "0.3"])
    #expect(RuleVariation("window=1m,5m")?.values == ["1m", "5m"])
    #expect(RuleVariation("for=0s..10m:5m")?.values == ["0s", "5m", "10m"])
    for text in [
      "threshold", "x=1", "threshold=", "threshold=5..1", "threshold=1..2:0", "threshold=1..1e9:1", "window=5",
    ] {
      #expect(RuleVariation(text) == nil, "\(text)")
    }
  }

  @Test func fixesOnlyWhatIsCertain() throws {
    let cases = [
      // In an object, and in a string that holds one.
      (
        #"{"kind":"trace_latency","conditions_json":{"service_name":"a","quantile":0.95,"threshold_ms":"800ms","window":"5 min"}}"#,
        #"{"kind":"trace_latency","conditions_json":{"service":"a","quantile":"p95","threshold_ms":800,"window":"5m"}}"#
      ),
      (
        #"{"kind":"trace_error_rate","conditions_json":"{\"service\":\"a\",\"operator\":\"gt\",\"threshold_pct\":\"5%\"}"}"#,
        #"{"kind":"trace_error_rate","conditions_json":"{\"service\":\"a\",\"operator\":\">\",\"threshold_pct\":5}"}"#
      ),
      // Guesses stay as they are.
      (
        #"{"kind":"trace_latency","conditions_json":{"servcie":"a","quantile":"p90","threshold_ms":1}}"#,
        #"{"kind":"trace_latency","conditions_json":{"servcie":"a","quantile":"p90","threshold_ms":1}}"#
      ),
    ]
    for (text, fixed) in cases {
      let result = CertainFixes.apply(lint(Array(text.utf8)).set, source: 0)
      #expect(String(decoding: result.bytes, as: UTF8.self) == fixed)
      #expect((result.count == 0) == (text == fixed))
    }
  }
}
