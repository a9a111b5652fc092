import Foundation
import Platform
import TestSupport

/// One server that answers as Tempo, Prometheus and Loki do, and what is wrong with it.
final class StandInPipeline: Sendable {
  struct Faults: Sendable {
    var losesSpans = false
    var isNotSearchable = false
    var countsNothing = false
    var labels = ["service", "service_name", "span_name"]
    var counts = ["0.1": 4, "1": 4, "+Inf": 4]
    var rule = "traces_spanmetrics_calls_total{service_name=\"shop\"} > 5"
    var ruleHealth = "ok"
    var flags = ["web.enable-remote-write-receiver": "true", "enable-feature": "exemplar-storage"]
    var processors = "[span-metrics]"
    var alertmanagers = "[{\"url\":\"http://a\"}]"
    var date: String?
    var overflow = false
    var discarded = 0
    var tempoVersion = "3.0.0"
  }

  let server: StubServer

  init(_ faults: Faults = Faults()) throws {
    let arrived = Monitor(false)
    server = try StubServer { request in
      if request.path == "/v1/traces" {
        arrived.withLock { $0 = true }
        return .ok("{}")
      }
      return StandInPipeline.answer(request, faults, isThere: arrived.withLock { $0 } && !faults.losesSpans)
    }
  }

  private static func answer(
    _ request: StubServer.Request, _ faults: Faults, isThere: Bool
  ) -> StubServer.Answer {
    switch request.path {
    case "/api/status/buildinfo": return dated("{\"version\":\"\(faults.tempoVersion)\"}", faults)
    case "/loki/api/v1/status/buildinfo": return .ok("{\"version\":\"3.6.0\"}")
    case "/loki/api/v1/labels": return .ok("{\"status\":\"success\",\"data\":[\"service_name\"]}")
    case "/api/v1/status/buildinfo": return data("{\"version\":\"3.7.0\"}")
    case "/api/v1/status/flags":
      return data("{" + faults.flags.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",") + "}")
    case "/api/v1/status/runtimeinfo": return data("{\"storageRetention\":\"15d\"}")
    case "/status/config":
      let text =
        "GET /status/config\n---\noverrides:\n  defaults:\n    metrics_generator:\n      processors: \(faults.processors)\n"
      return .ok(text + "backend_worker:\n  compaction:\n    block_retention: 336h0m0s\n", type: "text/plain")
    case "/metrics":
      return .ok(
        "# TYPE tempo_discarded_spans_total counter\n"
          + "tempo_discarded_spans_total{reason=\"rate_limited\",tenant=\"a\"} \(faults.discarded)\n",
        type: "text/plain")
    case "/api/search":
      return .ok(isThere && !faults.isNotSearchable ? "{\"traces\":[{\"traceID\":\"ab\"}]}" : "{\"traces\":[]}")
    case "/api/v1/labels": return data("[" + faults.labels.map { "\"\($0)\"" }.joined(separator: ",") + "]")
    case "/api/v1/query": return data(result(of: request.query["query"] ?? "", faults, isThere))
    case "/api/v1/rules":
      let rule = [
        "name": "ShopFailures", "query": faults.rule, "health": faults.ruleHealth, "lastError": "many-to-many matching",
        "type": "alerting", "state": "inactive",
      ]
      let text = rule.map { "\"\($0.key)\":\"\($0.value.replacing("\"", with: "\\\""))\"" }.joined(separator: ",")
      return data("{\"groups\":[{\"rules\":[{\(text)}]}]}")
    case "/api/v1/alertmanagers": return data("{\"activeAlertmanagers\":\(faults.alertmanagers)}")
    default:
      guard request.path.hasPrefix("/api/v2/traces/"), isThere else { return .text(404, "") }
      let span = "{\"traceId\":\"\(request.path.suffix(32))\",\"spanId\":\"00000000000000ab\",\"name\":\"probe\"}"
      return .ok("{\"trace\":{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[\(span)]}]}]}}")
    }
  }

  private static func data(_ text: String) -> StubServer.Answer { .ok("{\"status\":\"success\",\"data\":\(text)}") }

  private static func dated(_ text: String, _ faults: Faults) -> StubServer.Answer {
    var headers = ["Content-Type": "application/json"]
    headers["Date"] = faults.date
    return .respond(status: 200, headers: headers, body: Array(text.utf8))
  }

  private static func result(of query: String, _ faults: Faults, _ isThere: Bool) -> String {
    func vector(_ rows: [(String, String)]) -> String {
      let rows = rows.map { "{\"metric\":{\($0.0)},\"value\":[1,\"\($0.1)\"]}" }
      return "{\"resultType\":\"vector\",\"result\":[\(rows.joined(separator: ","))]}"
    }
    if query.contains("ongrid-doctor") { return vector([("", isThere && !faults.countsNothing ? "8" : "7")]) }
    if query.hasPrefix("count by (le)") { return vector(faults.counts.map { ("\"le\":\"\($0.key)\"", "\($0.value)") }) }
    if query.hasPrefix("time()") { return vector([("", "12")]) }
    if query.contains("metric_overflow") { return vector(faults.overflow ? [("", "9")] : []) }
    return vector([])
  }
}
