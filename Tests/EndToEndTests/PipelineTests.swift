import Foundation
import TestSupport
import Testing

/// The whole path on real parts: the OpenTelemetry SDK for Python, the relay, span metrics, Prometheus, compiled rules.
@Suite struct PipelineTests {
  /// A span as the SDK sent it.
  struct SentSpan: Decodable, Hashable {
    var trace: String
    var span: String
    var name: String
    var start: String
    var end: String
    var attributes: Attributes

    struct Attributes: Decodable, Hashable {
      var text: String
      var number: Int
      var share: Double
      var flag: Bool
    }
  }

  static let spec = """
    [{"service": "payments-api", "name": "POST /v1/charge", "ms": 1500, "error": false, "count": 60},
     {"service": "payments-api", "name": "POST /v1/charge", "ms": 120, "error": true, "count": 3},
     {"service": "shop-frontend", "name": "GET /", "ms": 40, "error": false, "count": 600}]
    """

  @Test(.enabled(if: Tools.hasPython && PrometheusServer.isInstalled))
  func spansBecomeVerdicts() throws {
    let directory = try TemporaryDirectory()
    let file = directory.path("traces.otlp")
    let relay = try RelayProcess(["--to", "file:\(file)"])
    var sent: [SentSpan] = []
    for (transport, address) in [("grpc", relay.grpc), ("http", relay.http)] {
      for compression in ["none", "gzip", "deflate"] {
        sent += try Self.send(transport, address, compression)
      }
    }
    let stopped = try relay.stop()
    #expect(stopped.status == 0, "\(stopped.errors)")

    let received = try Self.spans(inFile: file)
    #expect(received.count == sent.count)
    #expect(Set(received) == Set(sent))

    let server = try PrometheusServer()
    let metrics = try Program.run(["spanmetrics", "--remote-write", server.remoteWriteURL, file])
    #expect(metrics.status == 0, "\(metrics.errors)")
    let calls = try server.query("sum by (service_name) (last_over_time(traces_spanmetrics_calls_total[10m]))")
    #expect(
      Dictionary(calls.map { ($0.labels["service_name"] ?? "", $0.value) }) { $1 }
        == ["payments-api": 378, "shop-frontend": 3600])

    let verdicts: [(rule: String, firing: Bool)] = [
      (
        #"{"kind":"trace_latency","scope_type":"global","conditions_json":{"service":"payments-api","operation":"POST /v1/charge","quantile":"p95","window":"5m","threshold_ms":800}}"#,
        true
      ),
      (
        #"{"kind":"trace_latency","scope_type":"global","conditions_json":{"service":"shop-frontend","quantile":"p95","threshold_ms":800}}"#,
        false
      ),
      (
        #"{"kind":"trace_error_rate","scope_type":"global","conditions_json":{"service":"payments-api","window":"5m","operator":">","threshold_pct":1.0}}"#,
        true
      ),
      (
        #"{"kind":"trace_error_rate","scope_type":"global","conditions_json":{"service":"payments-api","operator":">","threshold_pct":50}}"#,
        false
      ),
    ]
    for (rule, firing) in verdicts {
      let compiled = try Program.run(["compile-rule"], input: rule)
      #expect(compiled.status == 0, "\(compiled.errors)")
      let answer = try server.query(compiled.output.trimmingCharacters(in: .newlines))
      #expect(!answer.isEmpty == firing, "\(compiled.output) gave \(answer)")
      let evaluated = try Program.run(["compile-rule", "--prometheus", server.url, "--eval"], input: rule)
      #expect(evaluated.status == (firing ? 1 : 0), "\(evaluated.output)\(evaluated.errors)")
    }
  }

  @Test func shopSurvivesTheRelay() throws {
    let directory = try TemporaryDirectory()
    let relayed = directory.path("relayed.otlp")
    let relay = try RelayProcess(["--to", "file:\(relayed)"])
    let delivery = try Program.run(
      ["relay", "--once", "--to", "http://\(relay.http)/v1/traces", Self.copyOfShop(in: directory)])
    #expect(delivery.status == 0, "\(delivery.errors)")
    try #expect(relay.stop().status == 0)
    // The spans, with every field they have, as OTLP/JSON; their grouping into requests may change.
    let before = try Self.spanTexts(inFile: Self.copyOfShop(in: directory))
    let after = try Self.spanTexts(inFile: relayed)
    #expect(before.count == 1948)
    #expect(after == before)
    let metrics = try [Self.copyOfShop(in: directory), relayed].map {
      try Program.run(["spanmetrics", "--format", "prometheus", $0]).output
    }
    #expect(metrics[0] == metrics[1])
  }

  private static func copyOfShop(in directory: TemporaryDirectory) throws -> String {
    try directory.write("shop-\(UUID().uuidString).otlp", Fixtures.bytes("otlp/shop.otlp"))
  }

  private static func send(_ transport: String, _ address: String, _ compression: String) throws -> [SentSpan] {
    let script = Fixtures.repository.appending(path: "Tests/Python/send_spans.py").path(percentEncoded: false)
    let result = try Program.run([script, transport, address, compression], input: spec, executable: Tools.python)
    #expect(result.status == 0, "\(result.errors)")
    return try result.output.split(separator: "\n").map { try JSONDecoder().decode(SentSpan.self, from: Data($0.utf8)) }
  }

  /// Every span of a file as JSON objects, through `relay --once --to -`, which prints OTLP/JSON.
  private static func spanObjects(inFile file: String) throws -> [[String: Any]] {
    let printed = try Program.run(["relay", "--once", "--to", "-", file])
    #expect(printed.status == 0, "\(printed.errors)")
    return try printed.output.split(separator: "\n").flatMap { line in
      let root = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
      let resources = root["resourceSpans"] as? [[String: Any]] ?? []
      return resources.flatMap { $0["scopeSpans"] as? [[String: Any]] ?? [] }.flatMap {
        $0["spans"] as? [[String: Any]] ?? []
      }
    }
  }

  private static func spanTexts(inFile file: String) throws -> [String] {
    try spanObjects(inFile: file).map {
      try String(decoding: JSONSerialization.data(withJSONObject: $0, options: .sortedKeys), as: UTF8.self)
    }.sorted()
  }

  private static func spans(inFile file: String) throws -> [SentSpan] {
    let printed = try Program.run(["relay", "--once", "--to", "-", file])
    #expect(printed.status == 0, "\(printed.errors)")
    return try printed.output.split(separator: "\n").flatMap { line in
      try JSONDecoder().decode(PrintedRequest.self, from: Data(line.utf8)).spans
    }.compactMap(SentSpan.init)
  }
}

/// An OTLP/JSON request as far as the spans of `send_spans.py` go. `JSONDecoder` reads doubles exactly,
/// `JSONSerialization` does not.
private struct PrintedRequest: Decodable {
  struct Resource: Decodable { var scopeSpans: [Scope] }
  struct Scope: Decodable { var spans: [Span] }
  struct Span: Decodable {
    var traceId, spanId, name, startTimeUnixNano, endTimeUnixNano: String
    var attributes: [Attribute]
  }
  struct Attribute: Decodable {
    struct Value: Decodable {
      var stringValue, intValue: String?
      var doubleValue: Double?
      var boolValue: Bool?
    }
    var key: String
    var value: Value
  }

  var resourceSpans: [Resource]
  var spans: [Span] { resourceSpans.flatMap(\.scopeSpans).flatMap(\.spans) }
}

extension PipelineTests.SentSpan {
  fileprivate init?(_ span: PrintedRequest.Span) {
    let values = Dictionary(span.attributes.map { ($0.key, $0.value) }) { $1 }
    guard let text = values["text"]?.stringValue, let number = values["number"]?.intValue.flatMap({ Int($0) }),
      let share = values["share"]?.doubleValue, let flag = values["flag"]?.boolValue
    else { return nil }
    self.init(
      trace: span.traceId, span: span.spanId, name: span.name, start: span.startTimeUnixNano,
      end: span.endTimeUnixNano, attributes: Attributes(text: text, number: number, share: share, flag: flag))
  }
}
