import Foundation
import Platform
import TestSupport

/// Generated traces of a small shop: web → payments-api → fraud and a database, with quiet errors everywhere.
struct ShopTraces {
  /// What goes wrong, and for whom.
  struct Incident {
    var dependency = "fraud"
    var attribute = "tenant.id"
    var value = "acme"
    var slowdown = 20.0
    var errorRate = 0.7
  }

  var seed: UInt64
  /// Unix seconds.
  var start: Double = 1_795_416_000
  /// Baseline and window, seconds each.
  var length: Double = 1800
  var traces = 800
  var incident: Incident?

  static let tenants = ["acme", "globex", "initech", "umbrella", "hooli", "stark", "wayne", "wonka"]

  /// A trace as OTLP/JSON, with what a search would know of it.
  struct Trace: Sendable {
    var id: String
    /// Unix seconds.
    var start: Double
    /// Of payments-api, milliseconds.
    var duration: Double
    var isError: Bool
    var json: String
  }

  func generate() -> [Trace] {
    var random = SeededRandom(seed: seed)
    return (0..<traces).map { _ in
      trace(at: start + 2 * length * Double.random(in: 0..<1, using: &random), using: &random)
    }
  }

  /// OTLP/JSON, one request a trace.
  func lines() -> String { generate().map(\.json).joined(separator: "\n") }

  private struct Span {
    var service: String
    var name: String
    var kind: Int
    var parent: Int?
    var start: Double
    var duration: Double
    var isError: Bool
    var attributes: [String: String]
  }

  private func latency(_ typical: Double, _ random: inout SeededRandom) -> Double {
    // Right-skewed, as latencies are.
    typical * exp(0.4 * (0..<6).reduce(-3.0) { sum, _ in sum + Double.random(in: 0..<1, using: &random) })
  }

  private func trace(at time: Double, using random: inout SeededRandom) -> Trace {
    let tenant = ShopTraces.tenants.randomElement(using: &random) ?? ""
    let region = ["eu", "us", "ap"].randomElement(using: &random) ?? ""
    let isHit =
      incident.map { time >= start + length && $0.value == tenant } ?? false
    let route = ["POST /v1/charge", "POST /v1/refund"].randomElement(using: &random) ?? ""
    func failed(_ rate: Double = 0.005) -> Bool { Double.random(in: 0..<1, using: &random) < rate }
    let user = String(Int.random(in: 0..<100_000, using: &random))
    var fraudTime = latency(0.012, &random)
    var fraudFailed = failed()
    var databaseTime = latency(0.004, &random)
    var databaseFailed = failed()
    if isHit, let incident {
      if incident.dependency == "fraud" {
        fraudTime *= incident.slowdown
        fraudFailed = failed(incident.errorRate)
      } else {
        databaseTime *= incident.slowdown
        databaseFailed = failed(incident.errorRate)
      }
    }
    let own = latency(0.003, &random)
    let callsFraud = Double.random(in: 0..<1, using: &random) < 0.8 || isHit
    let total = own + (callsFraud ? fraudTime + 0.002 : 0) + databaseTime
    let paymentsFailed = (callsFraud && fraudFailed) || databaseFailed || failed()
    let web = latency(0.002, &random)
    var spans = [
      Span(
        service: "web", name: "POST /checkout", kind: 2, parent: nil, start: time, duration: total + web,
        isError: paymentsFailed, attributes: ["region": region, "user.id": user]),
      Span(
        service: "payments-api", name: route, kind: 2, parent: 0, start: time + web / 2, duration: total,
        isError: paymentsFailed,
        attributes: [
          "tenant.id": tenant, "region": region, "http.response.status_code": paymentsFailed ? "500" : "200",
        ]),
    ]
    var cursor = time + web / 2 + own / 2
    if callsFraud {
      spans.append(
        Span(
          service: "payments-api", name: "fraud.check", kind: 3, parent: 1, start: cursor, duration: fraudTime + 0.002,
          isError: fraudFailed, attributes: ["rpc.system": "grpc"]))
      spans.append(
        Span(
          service: "fraud", name: "Check", kind: 2, parent: 2, start: cursor + 0.001, duration: fraudTime,
          isError: fraudFailed, attributes: ["model": ["a", "b"].randomElement(using: &random) ?? ""]))
      cursor += fraudTime + 0.002
    }
    spans.append(
      Span(
        service: "payments-api", name: "INSERT charge", kind: 3, parent: 1, start: cursor, duration: databaseTime,
        isError: databaseFailed, attributes: ["db.system": "postgresql"]))
    let (id, text) = json(spans, &random)
    return Trace(id: id, start: time, duration: total * 1000, isError: paymentsFailed, json: text)
  }

  private func json(_ spans: [Span], _ random: inout SeededRandom) -> (id: String, text: String) {
    func hex(_ count: Int) -> String {
      (0..<count).map { _ in String(Int.random(in: 0..<16, using: &random), radix: 16) }.joined()
    }
    let traceID = hex(32)
    let ids = spans.map { _ in hex(16) }
    let pod = Int.random(in: 0..<3, using: &random)
    let resources = spans.indices.map { index in
      let span = spans[index]
      let attributes = span.attributes.sorted { $0.key < $1.key }
        .map { "{\"key\":\"\($0.key)\",\"value\":{\"stringValue\":\"\($0.value)\"}}" }.joined(separator: ",")
      let parent = span.parent.map { ",\"parentSpanId\":\"\(ids[$0])\"" } ?? ""
      let start = UInt64(span.start * 1e6) * 1000
      let end = start + UInt64(span.duration * 1e9)
      return """
        {"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"\(span.service)"}},\
        {"key":"k8s.pod.name","value":{"stringValue":"\(span.service)-\(pod)"}}]},"scopeSpans":[{"spans":[{\
        "traceId":"\(traceID)","spanId":"\(ids[index])"\(parent),"name":"\(span.name)","kind":\(span.kind),\
        "startTimeUnixNano":"\(start)","endTimeUnixNano":"\(end)","attributes":[\(attributes)],\
        "status":{"code":\(span.isError ? 2 : 0)}}]}]}
        """
    }
    return (traceID, "{\"resourceSpans\":[\(resources.joined(separator: ","))]}")
  }
}
