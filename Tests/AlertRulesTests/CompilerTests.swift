import AlertRules
import MetricProfiles
import Testing

@Suite struct CompilerTests {
  @Test func compilesLatencyOfAnOperation() {
    let rule =
      #"{"kind":"trace_latency","scope_type":"global","conditions_json":{"service":"payments-api","operation":"POST /v1/charge","quantile":"p95","window":"5m","threshold_ms":800}}"#
    #expect(
      compile(rule) == [
        #"histogram_quantile(0.95, sum by (le) (rate(traces_spanmetrics_latency_bucket{service_name="payments-api",span_name="POST /v1/charge"}[5m]))) * 1000 > 800"#
      ])
  }

  @Test func compilesErrorRates() {
    let rule =
      #"{"kind":"trace_error_rate","scope_type":"global","conditions_json":{"service":"payments-api","window":"5m","operator":">","threshold_pct":1.0}}"#
    #expect(
      compile(rule) == [
        #"100 * (sum by (service_name) (rate(traces_spanmetrics_calls_total{service_name="payments-api",status_code="STATUS_CODE_ERROR"}[5m])) / sum by (service_name) (rate(traces_spanmetrics_calls_total{service_name="payments-api"}[5m]))) > 1.0"#
      ])
  }

  @Test func hasDefaults() {
    #expect(
      compile(#"{"kind":"trace_latency","conditions_json":{"service":"a","threshold_ms":1e3}}"#) == [
        #"histogram_quantile(0.95, sum by (le) (rate(traces_spanmetrics_latency_bucket{service_name="a"}[5m]))) * 1000 > 1e3"#
      ])
    #expect(
      compile(#"{"kind":"trace_error_rate","conditions_json":{"service":"a","operator":null,"threshold_pct":0.50}}"#)[0]
        .hasSuffix(") > 0.50"))
  }

  @Test(arguments: [("p50", "0.5"), ("p95", "0.95"), ("p99", "0.99")])
  func compilesQuantiles(_ quantile: String, _ number: String) {
    let text = compile(
      #"{"kind":"trace_latency","conditions_json":{"service":"a","quantile":"\#(quantile)","threshold_ms":1}}"#)
    #expect(text.first?.hasPrefix("histogram_quantile(\(number), ") == true)
  }

  @Test(arguments: [">", ">=", "<", "<=", "==", "!="])
  func compilesOperators(_ comparison: String) {
    let text = compile(
      #"{"kind":"trace_error_rate","conditions_json":{"service":"a","operator":"\#(comparison)","threshold_pct":7}}"#)
    #expect(text.first?.hasSuffix(" \(comparison) 7") == true)
  }

  @Test(arguments: [
    (
      #"{"kind":"trace_error_rate","conditions_json":{"service":"a","span_kind":"server","threshold_pct":20}}"#,
      #"100 * (sum by (service_name) (rate(traces_spanmetrics_calls_total{service_name="a",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_ERROR"}[5m])) / sum by (service_name) (rate(traces_spanmetrics_calls_total{service_name="a",span_kind="SPAN_KIND_SERVER"}[5m]))) > 20"#
    ),
    (
      #"{"kind":"trace_latency","conditions_json":{"service":"a","span_kind":["server","consumer"],"threshold_ms":512}}"#,
      #"histogram_quantile(0.95, sum by (le) (rate(traces_spanmetrics_latency_bucket{service_name="a",span_kind=~"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER"}[5m]))) * 1000 > 512"#
    ),
    (
      #"{"kind":"trace_error_rate","conditions_json":{"service":"a","operator":"!=","threshold_pct":50}}"#,
      #"(100 * (sum by (service_name) (rate(traces_spanmetrics_calls_total{service_name="a",status_code="STATUS_CODE_ERROR"}[5m])) / sum by (service_name) (rate(traces_spanmetrics_calls_total{service_name="a"}[5m]))) >= 0) != 50"#
    ),
    (
      #"{"kind":"trace_latency","conditions_json":{"service":"a","quantile":"p99","min_calls":100,"threshold_ms":512}}"#,
      #"histogram_quantile(0.99, sum by (le) (rate(traces_spanmetrics_latency_bucket{service_name="a"}[5m]))) * 1000 > 512 and sum (increase(traces_spanmetrics_calls_total{service_name="a"}[5m])) >= 100"#
    ),
    (
      #"{"kind":"trace_error_rate","conditions_json":{"service":"a","min_calls":20,"threshold_pct":1}}"#,
      #"100 * (sum by (service_name) (rate(traces_spanmetrics_calls_total{service_name="a",status_code="STATUS_CODE_ERROR"}[5m])) / sum by (service_name) (rate(traces_spanmetrics_calls_total{service_name="a"}[5m]))) > 1 and sum by (service_name) (increase(traces_spanmetrics_calls_total{service_name="a"}[5m])) >= 20"#
    ),
    (
      #"{"kind":"trace_latency","conditions_json":{"service":"a","exact":true,"threshold_ms":512}}"#,
      #"100 * (1 - sum (rate(traces_spanmetrics_latency_bucket{service_name="a",le="0.512"}[5m])) / sum (rate(traces_spanmetrics_latency_bucket{service_name="a",le="+Inf"}[5m]))) > 5"#
    ),
    (
      #"{"kind":"trace_latency","conditions_json":{"service":"a","quantile":"p50","exact":true,"threshold_ms":1000}}"#,
      #"100 * (1 - sum (rate(traces_spanmetrics_latency_bucket{service_name="a",le=~"1|1\\.0"}[5m])) / sum (rate(traces_spanmetrics_latency_bucket{service_name="a",le="+Inf"}[5m]))) > 50"#
    ),
  ])
  func compilesConditions(_ rule: String, _ expression: String) {
    #expect(compile(rule) == [expression])
  }

  @Test(arguments: [
    (
      "tempo-native",
      #"histogram_quantile(0.95, sum (rate(traces_spanmetrics_latency{service_name="a",span_name="b"}[5m]))) * 1000 > 800"#
    ),
    (
      "otel-connector",
      #"histogram_quantile(0.95, sum by (le) (rate(traces_span_metrics_duration_milliseconds_bucket{service_name="a",span_name="b"}[5m]))) > 800"#
    ),
    (
      "otel-connector-s",
      #"histogram_quantile(0.95, sum by (le) (rate(traces_span_metrics_duration_seconds_bucket{service_name="a",span_name="b"}[5m]))) * 1000 > 800"#
    ),
    (
      "otel-processor",
      #"histogram_quantile(0.95, sum by (le) (rate(latency_bucket{service_name="a",operation="b"}[5m]))) > 800"#
    ),
  ])
  func compilesForEveryGenerator(_ name: String, _ expression: String) throws {
    let rule = #"{"kind":"trace_latency","conditions_json":{"service":"a","operation":"b","threshold_ms":800}}"#
    let profile = try #require(MetricProfile.named(name))
    let set = lint(Array(rule.utf8)).set
    #expect(set.rules.map { RuleCompiler(profile: profile).compile($0).text } == [expression])
  }

  @Test func quotesNamesThatNeedIt() throws {
    var profile = MetricProfile.connector
    profile.calls = "traces.span.metrics.calls"
    profile.serviceLabel = "service.name"
    let rule = #"{"kind":"trace_error_rate","conditions_json":{"service":"a","threshold_pct":1}}"#
    let text = RuleCompiler(profile: profile).compile(try #require(lint(Array(rule.utf8)).set.rules.first)).text
    #expect(
      text
        == #"100 * (sum by ("service.name") (rate({"traces.span.metrics.calls","service.name"="a",status_code="STATUS_CODE_ERROR"}[5m])) / sum by ("service.name") (rate({"traces.span.metrics.calls","service.name"="a"}[5m]))) > 1"#
    )
  }

  /// What the system that rules come from stores and serves.
  @Test func readsRowsAsTheyAre() {
    let spec = #"{"service":"a","operation":"","window":"","operator":"","quantile":"0.99","threshold_ms":512}"#
    let rest =
      #""id":3,"rule_key":"k","name":"n","source_type":"ongrid_builtin","scope_type":"host","join_mode":"all","severity":"warning","notify_channel_ids":[1],"notify_min_fires":0,"created_at":"2026-01-01T00:00:00Z""#
    let row = #"{"kind":"trace_latency","enabled":true,"spec":\#(spec),\#(rest)}"#
    let stored =
      #"{"kind":"trace_latency","enabled":true,"conditions_json":"\#(spec.replacing("\"", with: "\\\""))","labels_json":"{\"team\":\"x\"}","annotations_json":null,\#(rest)}"#
    let other = #"{"kind":"metric_raw","enabled":true,"spec":{"expr":"up == 0"},"id":4}"#
    let old = #"{"kind":"prom_query","enabled":true,"spec":{"expr":"up == 0"},"id":4}"#
    let disabled = row.replacing(#""enabled":true"#, with: #""enabled":false"#)
    let wanted =
      #"histogram_quantile(0.99, sum by (le) (rate(traces_spanmetrics_latency_bucket{service_name="a"}[5m]))) * 1000 > 512"#
    #expect(compile(row) == [wanted])
    let text = #"{"items":[\#(row),\#(other),\#(other),\#(old),\#(disabled),\#(stored)],"total":6}"#
    let (set, found) = lint(Array(text.utf8))
    #expect(set.rules.map { RuleCompiler().compile($0).text } == [wanted, wanted])
    #expect(set.rules.last?.labels == [Label("team", "x")])
    #expect(!set.hasErrors)
    #expect(
      found.filter { $0.hasPrefix("OG303") || $0.hasPrefix("OG304") }.map {
        $0.split(separator: " ").dropFirst(2).joined(separator: " ")
      }
        == [
          #"2 rules of kind "metric_raw" passed over: not about traces"#,
          #"a rule of kind "prom_query", a former name of "metric_raw" passed over: not about traces"#,
          "a disabled rule passed over",
        ])
    // A typing error in a rule of one's own is still one.
    #expect(lint(Array(#"{"kind":"trace_latency","spce":\#(spec)}"#.utf8)).set.hasErrors)
  }

  @Test func readsEveryForm() {
    let rule = #"{"kind":"trace_latency","conditions_json":{"service":"a","threshold_ms":1}}"#
    let string = #"{"kind":"trace_latency","conditions_json":"{\"service\":\"a\",\"threshold_ms\":1}"}"#
    let one = compile(rule)
    #expect(one.count == 1)
    for text in [string, "[\(rule)]", "\n\(rule)\n", "\u{FEFF}\(rule)"] { #expect(compile(text) == one, "\(text)") }
    for text in ["[\(rule),\(string)]", "\(rule)\n\(rule)\n", rule + rule, "[\(rule)]\n\(rule)"] {
      #expect(compile(text) == one + one, "\(text)")
    }
  }

  @Test func usesOtherServiceLabelsAndScopes() {
    let rule =
      #"{"kind":"trace_error_rate","scope_type":"device","scope":{"device_id":"42","zone":"a\"b"},"conditions_json":{"service":"a","threshold_pct":1}}"#
    #expect(
      compile(rule, serviceLabel: "service") == [
        #"100 * (sum by (service) (rate(traces_spanmetrics_calls_total{service="a",device_id="42",zone="a\"b",status_code="STATUS_CODE_ERROR"}[5m])) / sum by (service) (rate(traces_spanmetrics_calls_total{service="a",device_id="42",zone="a\"b"}[5m]))) > 1"#
      ])
  }

  @Test(arguments: [
    ("plain", #""plain""#), (#"a"b\c"#, #""a\"b\\c""#), ("a\nb\r\tc", #""a\nb\r\tc""#),
    ("\u{0}\u{1F}\u{7F}", #""\x00\x1f\x7f""#),
    ("é😀日本", "\"é😀日本\""), ("\u{FFFD}", #""\ufffd""#), ("\u{85}\u{2028}\u{202E}", #""\u0085\u2028\u202e""#),
    ("\u{E0001}", #""\U000e0001""#), ("`'{}[]()", "\"`'{}[]()\""),
  ])
  func quotes(_ text: String, _ literal: String) {
    #expect(PromQLString.quoted(text) == literal)
  }

  @Test func prettyTextIsTheSameExpression() {
    let rules = [
      #"{"kind":"trace_latency","conditions_json":{"service":"payments-api","operation":"POST /v1/charge","threshold_ms":800}}"#,
      #"{"kind":"trace_error_rate","conditions_json":{"service":"payments-api","threshold_pct":1.0}}"#,
    ]
    for rule in rules {
      let expression = RuleCompiler().compile(lint(Array(rule.utf8)).set.rules[0])
      let lines = expression.prettyText.split(separator: "\n")
      #expect(lines.count > 4)
      #expect(lines.contains { $0.hasPrefix("    ") })
      // Without indentation and the line breaks after opening and before closing parentheses it is the short form.
      let joined = lines.map { $0.drop { $0 == " " } }.joined(separator: " ")
      #expect(joined.replacing("( ", with: "(").replacing(" )", with: ")") == expression.text)
    }
  }
}

@Suite struct PromDurationTests {
  @Test(
    arguments: [
      ("5m", 300_000), ("1h30m", 5_400_000), ("0", 0), ("0s", 0), ("1ms", 1), ("1y2w3d4h5m6s7ms", 33_019_506_007),
      ("90s", 90_000), ("292y", 9_208_512_000_000), ("100h", 360_000_000),
    ] as [(String, Int64)])
  func reads(_ text: String, _ milliseconds: Int64) {
    #expect(PromDuration(text)?.milliseconds == milliseconds)
    #expect(PromDuration(text)?.text == text)
  }

  @Test(arguments: [
    "", "5", "m", "5 m", "1.5h", "1m1h", "1m1m", "-5m", "5M", "5us", "293y", "9999999999999999999s", "5m ", "٥m",
  ])
  func refuses(_ text: String) {
    #expect(PromDuration(text) == nil)
  }

  @Test func writesTheShortestForm() {
    for (milliseconds, text) in [
      (0, "0s"), (1, "1ms"), (1_500, "1s500ms"), (300_000, "5m"), (5_400_000, "1h30m"), (604_800_000, "1w"),
      (691_200_000, "8d"), (86_400_000, "1d"),
    ] as [(Int64, String)] {
      #expect(PromDuration(milliseconds: milliseconds).text == text)
      #expect(PromDuration(text)?.milliseconds == milliseconds)
    }
  }
}
