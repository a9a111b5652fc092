import Platform
import TestSupport
import Testing

@testable import Correlate

@Suite struct IncidentReaderTests {
  private func read(_ text: String) throws -> [Incident] {
    try Array(text.utf8).withByteView { try IncidentReader.read($0) }
  }

  @Test func readsAnIncident() throws {
    let incident = try read(
      """
      {"id":42,"title":"p95 high","rule_key":"charge-p95","kind":"trace_latency","severity":"critical",
       "first_fired_at":"2026-11-23T07:00:00Z","labels":{"instance":"host-1"},"annotations":{"runbook":"x"},
       "value":1234.5,"threshold":800,
       "conditions_json":"{\\"service\\":\\"payments-api\\",\\"operation\\":\\"POST /v1/charge\\",\\"threshold_ms\\":800}"}
      """)[0]
    #expect(incident.id == "42")
    #expect(incident.service == "payments-api")
    #expect(incident.operation == "POST /v1/charge")
    #expect(incident.instance == "host-1")
    #expect(incident.firstFiredAt == Timestamp("2026-11-23T07:00:00Z"))
    #expect(incident.latencyThreshold == 800_000_000)
    #expect(incident.value == 1234.5)
  }

  @Test func readsConditionsAsObjectAndThresholdFromThem() throws {
    let incident = try read(#"{"kind":"trace_latency","conditions_json":{"service":"a","threshold_ms":250}}"#)[0]
    #expect(incident.service == "a")
    #expect(incident.latencyThreshold == 250_000_000)
    #expect(try read(#"{"kind":"trace_error_rate","threshold":5}"#)[0].latencyThreshold == nil)
  }

  @Test func readsArraysAndLines() throws {
    #expect(try read(#"[{"service":"a"},{"service":"b"}]"#).map(\.service) == ["a", "b"])
    #expect(try read("{\"service\":\"a\"}\n{\"service\":\"b\"}\n").map(\.service) == ["a", "b"])
  }

  @Test func readsAlertmanagerWebhooks() throws {
    let incidents = try read(
      """
      {"version":"4","status":"firing","commonLabels":{"severity":"page"},"alerts":[{"status":"firing",
      "labels":{"alertname":"ChargeErrors","service_name":"payments-api","span_name":"POST /v1/charge","instance":"h:1"},
      "annotations":{"summary":"errors","threshold":"1.5"},"startsAt":"2026-11-23T07:00:00.5Z",
      "generatorURL":"http://prometheus/graph?g0.expr=rate%28x%5B5m%5D%29+%3E+1&g0.tab=1","fingerprint":"abc"}]}
      """)
    let incident = try #require(incidents.first)
    #expect(incident.id == "abc" && incident.title == "errors" && incident.severity == "page")
    #expect(incident.service == "payments-api" && incident.operation == "POST /v1/charge" && incident.instance == "h:1")
    #expect(incident.expression == "rate(x[5m]) > 1")
    #expect(incident.threshold == 1.5)
    #expect(incident.firstFiredAt == Timestamp("2026-11-23T07:00:00.5Z"))
  }

  @Test func readsGrafanaWebhooks() throws {
    let incident = try read(
      """
      {"receiver":"x","status":"firing","orgId":1,"title":"[FIRING:1]","state":"alerting","commonLabels":{},"alerts":[
      {"status":"firing","labels":{"alertname":"Slow","service":"payments-api","grafana_folder":"Shop"},"annotations":{},
      "startsAt":"2026-11-23T08:00:00+01:00","endsAt":"0001-01-01T00:00:00Z","generatorURL":"https://grafana/alerting/x/edit",
      "fingerprint":"c6eadffa33fcdf37","values":{"B":1234.5},"valueString":"[ var='B' ]","panelURL":"https://grafana/d/x"}]}
      """)[0]
    #expect(incident.service == "payments-api" && incident.ruleKey == "Slow" && incident.value == 1234.5)
    #expect(incident.firstFiredAt == Timestamp("2026-11-23T07:00:00Z") && incident.expression == nil)
    let legacy = try read(
      #"{"title":"[Alerting] Slow","ruleId":3,"ruleName":"Slow","state":"alerting","evalMatches":[{"value":7,"metric":"a","tags":{"service":"web"}}]}"#
    )[0]
    #expect(legacy.service == "web" && legacy.value == 7 && legacy.id == "3" && legacy.ruleKey == "Slow")
  }

  @Test func readsPagerDutyWebhooks() throws {
    let newer = try read(
      """
      {"event":{"id":"01","event_type":"incident.triggered","resource_type":"incident","occurred_at":"2026-11-23T07:00:00Z",
      "data":{"id":"PGR0VU2","type":"incident","number":2,"status":"triggered","title":"charges are slow","urgency":"high",
      "service":{"id":"PF9KMXH","summary":"payments-api","type":"service_reference"},"priority":{"summary":"P1"}}}}
      """)[0]
    #expect(newer.id == "PGR0VU2" && newer.service == "payments-api" && newer.severity == "P1")
    #expect(newer.firstFiredAt == Timestamp("2026-11-23T07:00:00Z"))
    let older = try read(
      """
      {"messages":[{"event":"incident.trigger","created_on":"2026-11-23T07:05:00Z","incident":{"id":"PT4KHLK","title":"slow",
      "created_at":"2026-11-23T07:00:00Z","urgency":"low","service":{"name":"Payments"},
      "first_trigger_log_entry":{"channel":{"details":{"service_name":"payments-api","span_name":"charge"}}}}}]}
      """)[0]
    #expect(older.service == "payments-api" && older.operation == "charge" && older.severity == "low")
    #expect(older.firstFiredAt == Timestamp("2026-11-23T07:00:00Z"))
  }

  @Test func readsWhatCorrelatePrints() throws {
    var random = SeededRandom(seed: 7)
    var evidence = GeneratedEvidence.make(&random, scale: 1)
    evidence.incident.id = "42"
    evidence.service = "payments-api"
    let printed = Correlation(completeness: .whole, skipped: [:], evidence: evidence).json(maximumBytes: 1 << 20)
    let incident = try read(String(decoding: printed, as: UTF8.self))[0]
    #expect(incident.id == "42" && incident.service == "payments-api")
    #expect(
      incident.firstFiredAt == evidence.incident.firstFiredAt && incident.expression == evidence.incident.expression)
  }

  @Test func readsCompiledRules() throws {
    let incident = try read(
      #"[{"key":"k","kind":"trace_latency","service":"a","operation":"b","threshold":800,"expression":"x > 800","labels":{}}]"#
    )[0]
    #expect(incident.ruleKey == "k" && incident.service == "a" && incident.operation == "b")
    #expect(incident.expression == "x > 800")
    #expect(incident.latencyThreshold == 800_000_000)
  }

  @Test(arguments: ["", "[]", "3", "[3]", "{", "{\"a\":1,}", "null", "{\"alerts\":[]}", "\"x\""])
  func refuses(_ text: String) {
    #expect(throws: IncidentError.self) { try read(text) }
  }

  @Test func oddValuesAreLeftOut() throws {
    let incident = try read(
      #"{"title":[],"labels":[1],"value":"NaN","threshold":{},"first_fired_at":"soon","conditions_json":"{broken","service":"a"}"#
    )[0]
    #expect(incident.title == nil && incident.labels.isEmpty && incident.value == nil && incident.threshold == nil)
    #expect(incident.firstFiredAt == nil && incident.conditions == nil)
  }

  @Test func windowsNeverReachIntoTheFuture() {
    let now = Timestamp(nanoseconds: 10_000_000_000_000)
    let hour: Int64 = 3600 * 1_000_000_000
    let present = CorrelationWindow(around: now, length: hour, now: now)
    #expect(present.end.nanoseconds - now.nanoseconds <= 1_000_000_000)
    #expect(present.length == hour)
    let past = CorrelationWindow(around: now.advanced(byNanoseconds: -2 * hour), length: hour, now: now)
    #expect(past.end.nanoseconds / hour == now.advanced(byNanoseconds: -hour - hour / 2).nanoseconds / hour)
    #expect(past.baselineEnd == past.start)
  }
}
