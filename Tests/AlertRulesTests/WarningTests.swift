import AlertRules
import Testing

/// Each warning, and the nearest input that must stay silent.
@Suite struct WarningTests {
  static func latency(_ threshold: String, window: String = "5m", extra: String = "") -> String {
    #"{"kind":"trace_latency",\#(extra)"conditions_json":{"service":"a","window":"\#(window)","threshold_ms":\#(threshold)}}"#
  }

  static func exact(_ threshold: String) -> String {
    #"{"kind":"trace_latency","conditions_json":{"service":"a","exact":true,"threshold_ms":\#(threshold)}}"#
  }

  static func errorRate(_ comparison: String, _ threshold: String, extra: String = "") -> String {
    #"{"kind":"trace_error_rate",\#(extra)"conditions_json":{"service":"a","operator":"\#(comparison)","threshold_pct":\#(threshold)}}"#
  }

  @Test(arguments: [
    (latency("16384"), ["OG101"]), (latency("16384.0"), ["OG101"]), (latency("20000"), ["OG101"]),
    (latency("16383.9"), ["OG102"]), (latency("8192"), []), (latency("8192.0"), []), (latency("8191"), ["OG102"]),
    (latency("8193"), ["OG102"]), (latency("1024"), []), (latency("1025"), ["OG102"]), (latency("1023"), []),
    (latency("800"), []), (latency("2"), []), (latency("1.9"), ["OG102"]),
    (errorRate(">", "100"), ["OG103"]), (errorRate(">", "99.99"), []), (errorRate(">", "150"), ["OG103"]),
    (errorRate(">=", "100"), []), (errorRate(">=", "100.1"), ["OG103"]),
    (errorRate("<=", "100"), ["OG104"]), (errorRate("<=", "99.9"), ["OG109"]), (errorRate("<", "100"), ["OG109"]),
    (errorRate("<", "100.5"), ["OG104"]), (errorRate("==", "5"), ["OG105"]), (errorRate("!=", "5"), ["OG105"]),
    (errorRate("==", "101"), ["OG105", "OG103"]), (errorRate("!=", "101"), ["OG105", "OG104"]),
    (errorRate("<", "5"), ["OG109"]), (errorRate(">", "5"), []), (errorRate(">=", "5"), []),
    (latency("800", window: "29s"), ["OG106"]), (latency("800", window: "30s"), ["OG107"]),
    (latency("800", window: "59s"), ["OG107"]), (latency("800", window: "1m"), []),
    (latency("800", window: "60s"), []), (latency("800", window: "1ms"), ["OG106"]),
    (latency("800", extra: #""scope":{"h":"1"},"#), ["OG110"]),
    (latency("800", extra: #""scope_type":"global","scope":{"h":"1"},"#), ["OG110"]),
    (latency("800", extra: #""scope_type":"host","scope":{"h":"1"},"#), []),
    (latency("800") + latency("800.0"), ["OG108"]), (latency("800") + latency("800"), ["OG108"]),
    (latency("800") + latency("800", extra: #""severity":"page","#), ["OG108"]),
    (latency("800") + latency("800", window: "300s"), ["OG108"]),
    (latency("800", extra: #""name":"n","#) + latency("900", extra: #""name":"n","#), ["OG113"]),
    (latency("800", extra: #""name":"n","#) + latency("900", extra: #""name":"n","severity":"page","#), []),
    (latency("800", extra: #""labels":{"service_name":"b"},"#), ["OG114"]),
    (latency("800", extra: #""labels":{"service_name":"a"},"#), []),
    (latency("800").replacing(#""a""#, with: #""a\u200b""#), ["OG115"]),
    (latency("800").replacing(#""a""#, with: #""a ""#), ["OG115"]),
    (latency("800").replacing(#""a""#, with: #""pаyments""#), ["OG115"]),
    (latency("800").replacing(#""a""#, with: #""支付服务""#), []),
    (latency("800").replacing(#""a""#, with: #""сервис""#), []),
    (latency("800").replacing(#""a""#, with: #""payments-.*""#), ["OG116"]),
    (latency("800").replacing(#""a""#, with: #""payments.api""#), []),
    (latency("0.8"), ["OG102", "OG117"]), (errorRate(">", "0.01"), ["OG117"]), (errorRate(">", "0.1"), []),
    (latency("800", window: "10y"), ["OG118"]), (latency("800", window: "7d"), []),
    (latency("800", extra: #""for":"1s","#), ["OG119"]), (latency("800", extra: #""for":"15s","#), []),
    (latency("800", extra: #""for":"0s","#), []), (latency("800", extra: #""runbook_url":"wiki/x","#), ["OG120"]),
    (latency("800", extra: #""runbook_url":"https://wiki.example/x","#), []),
    (latency("800", extra: #""rule_key":"k","#) + latency("900", extra: #""rule_key":"k","#), ["OG111"]),
    (latency("800", extra: #""rule_key":"k","#) + latency("900", extra: #""rule_key":"l","#), []),
    (exact("512"), []), (exact("512.0"), []), (exact("500"), ["OG112"]), (exact("16384"), []),
    (exact("20000"), ["OG112"]),
  ])
  func warns(_ text: String, _ codes: [String]) {
    let (set, all) = lint(Array(text.utf8))
    let found = all.filter { !$0.hasPrefix("OG3") }
    #expect(found.map { String($0.prefix(5)) } == codes, "\(found)")
    #expect(!set.hasErrors)
    // Strict: the same, as errors.
    #expect(lint(Array(text.utf8), strict: true).set.hasErrors == !codes.isEmpty)
  }

  @Test func servicesThatOnlyLookTheSameAreNotTheSame() {
    let text = ["\u{E9}", "e\u{301}"].map { WarningTests.latency("512").replacing("\"a\"", with: "\"\($0)\"") }.joined()
    #expect(lint(Array(text.utf8)).found.isEmpty)
  }

  @Test func namesTheBounds() {
    let (_, found) = lint(Array(WarningTests.latency("12000").utf8))
    #expect(
      found == [
        "OG102 1:87 12000 ms lies between the buckets 8.192 s and 16.384 s: the quantile is only interpolated there"
          + " | only 8192 and 16384 ms are exact"
      ])
  }

  @Test func pointsAtWhatIsWrong() {
    let text =
      #"{"kind":"trace_error_rate","conditions_json":"{\"service\":\"a\",\"operator\":\"==\",\"threshold_pct\":5}"}"#
    let set = lint(Array(text.utf8)).set
    #expect(
      set.diagnostics.filter { $0.severity != .note }.compactMap { $0.range.map(set.sources[0].text) } == [#"\"==\""#])
  }

  @Test func knowsOtherBucketsAndIntervals() {
    let buckets = LintOptions(buckets: [10, 0.1, 1, .infinity], intervalMilliseconds: 60_000)
    let cases = [
      (WarningTests.latency("10000"), ["OG101"]), (WarningTests.latency("1000"), []),
      (WarningTests.latency("500"), ["OG102"]), (WarningTests.latency("100"), []),
      (WarningTests.latency("1000", window: "2m"), ["OG107"]), (WarningTests.latency("1000", window: "4m"), []),
      (WarningTests.latency("1000", window: "119s"), ["OG106"]),
    ]
    for (text, codes) in cases {
      #expect(
        lint(Array(text.utf8), options: buckets).found.filter { !$0.hasPrefix("OG3") }.map { String($0.prefix(5)) }
          == codes, "\(text)")
    }
  }

  @Test func ignoresByCode() {
    let text = WarningTests.latency("20000", window: "10s", extra: #""ongrid:ignore":["OG101"],"#)
    #expect(lint(Array(text.utf8)).found.map { String($0.prefix(5)) } == ["OG106"])
    let both = WarningTests.latency("20000", window: "10s", extra: #""ongrid:ignore":["OG106","OG101"],"#)
    #expect(lint(Array(both.utf8), strict: true).found.isEmpty)
  }

  @Test func everyWarningHasACase() {
    let codes = [
      "OG101", "OG102", "OG103", "OG104", "OG105", "OG106", "OG107", "OG108", "OG109", "OG110", "OG111", "OG112",
      "OG113", "OG114", "OG115", "OG116", "OG117", "OG118", "OG119", "OG120", "OG121", "OG122", "OG123",
    ]
    #expect(DiagnosticCode.allCases.filter { $0.severity == .warning }.map(\.rawValue) == codes)
  }
}
