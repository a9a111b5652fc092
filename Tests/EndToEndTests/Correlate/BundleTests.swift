import Foundation
import TestSupport
import Testing

/// `correlate --format bundle`: the shape of ongridio/ongrid's tool.
@Suite struct BundleTests {
  private let incidents = """
    [{"id":7,"title":"cpu","rule":"cpu_pct","rule_name":"CPU","severity":"warning","status":"open","scope_type":"device",
      "device_id":24,"first_fired_at":"2026-11-23T07:00:00Z","last_fired_at":"2026-11-23T07:10:00Z","event_count":3,
      "labels_json":"{\\"service\\":\\"web\\"}","annotations_json":"{}","value":97.5,"threshold":90},
     {"id":8,"title":"other","rule":"log_match","first_fired_at":"2026-11-23T06:00:00Z"},
     {"id":0,"title":"none","first_fired_at":"2026-11-23T06:00:00Z"}]
    """

  private func run(_ options: [String], _ input: String) throws -> (ProgramResult, [String: Any]) {
    let result = try Program.run(["correlate", "--format", "bundle"] + options, input: input)
    let object = try JSONSerialization.jsonObject(with: Data(result.stdout)) as? [String: Any]
    return (result, object ?? [:])
  }

  @Test func hasTheShapeOfTheTool() throws {
    let matrix = """
      {"status":"success","data":{"resultType":"matrix","result":[
       {"metric":{"edge_id":"1"},"values":[[1795417200,"1"],[1795417260,"2.5"]]},
       {"metric":{"edge_id":"2"},"values":[[1795417200,"-9"]]},{"metric":{"edge_id":"3"},"values":[[1795417200.5,"4"]]},
       {"metric":{"edge_id":"4"},"values":[[1795417200,"3"]]}]}}
      """
    let vector = """
      {"status":"success","data":{"resultType":"vector","result":[{"metric":{"edge_id":"24"},"value":[1795417200,"1"]}]}}
      """
    let prometheus = try StubServer { .ok($0.path.hasSuffix("query_range") ? matrix : vector) }
    let line = String(repeating: "é", count: 150)
    let loki = try StubServer { _ in
      .ok(
        "{\"status\":\"success\",\"data\":{\"resultType\":\"streams\",\"result\":[{\"stream\":{\"edge_id\":\"24\"},\"values\":["
          + (0..<60).map { "[\"17954172\(String(format: "%02d", $0))000000000\",\"\(line)\"]" }.joined(separator: ",")
          + "]}]}}")
    }
    let search = """
      {"traces":[{"traceID":"abc","rootServiceName":"web","rootTraceName":"GET /","startTimeUnixNano":"1795417200000000000","durationMs":12}]}
      """
    let tempo = try StubServer { _ in .ok(search) }
    let (result, answer) = try run(
      ["--prometheus", prometheus.url, "--loki", loki.url, "--tempo", tempo.url], incidents)
    #expect(result.status == 4)
    #expect(answer["success_count"] as? Int == 2 && answer["error_count"] as? Int == 1)
    let results = try #require(answer["results"] as? [[String: Any]])
    #expect(results.map { $0["incident_id"] as? Int } == [7, 8, 0])
    #expect(results[2]["error"] as? String == "incident_id must be > 0" && results[2]["bundle"] == nil)
    let bundle = try #require(results[0]["bundle"] as? [String: Any])
    let incident = try #require(bundle["incident"] as? [String: Any])
    let members: Set = [
      "id", "title", "rule_key", "rule_name", "severity", "status", "scope_type", "device_id", "first_fired_at",
      "last_fired_at", "event_count", "value", "threshold", "labels",
    ]
    #expect(Set(incident.keys) == members)
    #expect(incident["rule_key"] as? String == "cpu_pct" && incident["event_count"] as? Int == 3)
    #expect(
      bundle["window"] as? [String: String] == ["start": "2026-11-23T06:45:00Z", "end": "2026-11-23T07:15:00Z"])
    let metrics = try #require(bundle["metric_panel"] as? [[String: Any]])
    #expect(metrics.map { ($0["labels"] as? [String: String])?["edge_id"] } == ["2", "3", "4"])
    #expect((metrics[1]["values"] as? [[Any]])?.first?.first as? Double == 1_795_417_200.5)
    #expect((metrics[1]["values"] as? [[Any]])?.first?.last as? String == "4")
    let logs = try #require(bundle["log_panel"] as? [[String: Any]])
    #expect(logs.count == 50 && logs.first?["ts"] as? String ?? "" > logs.last?["ts"] as? String ?? "")
    #expect(logs.first?["line"] as? String == String(repeating: "é", count: 100) + "…")
    let traces = try #require(bundle["trace_panel"] as? [[String: Any]])
    #expect(traces.first?["trace_id"] as? String == String(repeating: "0", count: 29) + "abc")
    #expect(
      traces.first?["start_time"] as? String == "1795417200000000000" && traces.first?["duration_ms"] as? Int == 12)
    let edge = try #require(bundle["edge"] as? [String: Any])
    #expect(edge["id"] as? Int == 24 && edge["recent_incidents_24h"] as? Int == 1)
    #expect(edge["current_load"] as? [String: Double] == ["cpu_pct": 1, "mem_pct": 1, "up": 1])
    #expect(bundle["skipped"] == nil && bundle["truncated"] == nil)
    #expect(tempo.requests.first?.query["q"] == "{ resource.device_id = \"24\" && resource.service.name = \"web\" }")
    #expect(loki.requests.first?.query["query"] == "{edge_id=\"24\"} |~ \"(?i)error|panic|oom|fatal|fail\"")
    let skipped = try #require((results[1]["bundle"] as? [String: Any])?["skipped"] as? [String: String])
    #expect(
      skipped == [
        "metric_panel": "rule kind unsupported or expression unavailable", "log_panel": "incident has no edge_id",
        "trace_panel": "no service label on incident",
      ])
    // What it prints is read again.
    let again = try run(["--prometheus", prometheus.url], result.output).1
    #expect(again["success_count"] as? Int == 2)
  }

  @Test func saysWhatIsNotConfiguredAndHoldsTheSize() throws {
    let file = Fixtures.path("otlp/shop.jsonl")
    let incident =
      "{\"id\":1,\"title\":\"\(String(repeating: "t", count: 9000))\",\"service\":\"payments-api\",\"first_fired_at\":\"2026-11-23T07:00:00Z\"}"
    let (result, answer) = try run(["--from", file, "--window", "4h", "--max-bytes", "2KiB"], incident)
    #expect(result.status == 0, "\(result.errors)")
    let bundle = try #require((answer["results"] as? [[String: Any]])?.first?["bundle"] as? [String: Any])
    #expect(try JSONSerialization.data(withJSONObject: bundle).count < 2400)
    let skipped = try #require(bundle["skipped"] as? [String: String])
    #expect(skipped["metric_panel"] == "prom query client not configured" && skipped["trace_panel"] == nil)
    #expect((bundle["truncated"] as? [String: Int])?.isEmpty == false)
  }

  @Test func hasItsLimits() throws {
    let many = "[" + (1...17).map { "{\"id\":\($0)}" }.joined(separator: ",") + "]"
    for (options, input, expected) in [
      ([], many, "16 incidents"), (["--window", "5h"], "{\"id\":1}", "between 1m and 4h"),
    ] {
      let result = try Program.run(
        ["correlate", "--format", "bundle", "--tempo", "http://127.0.0.1:1"] + options, input: input)
      #expect(result.status == 2 && result.errors.contains(expected), "\(result.errors)")
    }
  }
}
