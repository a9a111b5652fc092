import Foundation
import TestSupport
import Testing

/// Spans, `spanmetrics`, a real Prometheus, `compile-rule`: what a rule's expression gives there is what the spans say.
@Suite(.enabled(if: PrometheusServer.isInstalled)) struct ProfileTests {
  struct Span {
    let service: String
    let operation: String
    /// OTLP: 2 is server, 3 client.
    let kind: Int
    let isFailed: Bool
    /// Seconds after the start.
    let end: Double
    /// Milliseconds.
    let duration: Double
  }

  /// 2026-01-01T00:00:00Z.
  static let start = 1_767_225_600
  static let seconds = 300
  static let window = 600.0

  /// Five minutes of spans; every combination of labels is there from the first moment on.
  static func spans(_ random: inout SeededRandom) -> [Span] {
    var spans: [Span] = []
    func add(_ combination: Int, _ end: Double) {
      let duration = exp(Double.random(in: 0...8.5, using: &random))
      spans.append(
        Span(
          service: combination & 1 == 0 ? "cart" : "pay", operation: combination & 2 == 0 ? "GET /a" : "POST /b \"x\"",
          kind: combination & 4 == 0 ? 2 : 3, isFailed: combination & 8 != 0, end: end,
          duration: (duration * 1000).rounded() / 1000))
    }
    for combination in 0..<16 { add(combination, 1 + Double(combination) / 8) }
    for _ in 0..<2_000 {
      let isFailed = Double.random(in: 0..<1, using: &random) < 0.07
      let combination = Int.random(in: 0..<8, using: &random) + (isFailed ? 8 : 0)
      add(combination, (Double.random(in: 4..<Double(seconds), using: &random) * 1000).rounded() / 1000)
    }
    return spans.sorted { $0.end < $1.end }
  }

  static func otlp(_ spans: [Span]) -> String {
    spans.enumerated().map { index, span in
      let end = start * 1_000_000_000 + Int((span.end * 1e6).rounded()) * 1000
      let begin = end - Int((span.duration * 1000).rounded()) * 1000
      let name = span.operation.replacing("\"", with: "\\\"")
      return
        #"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"\#(span.service)"}}]},"#
        + #""scopeSpans":[{"spans":[{"traceId":"\#(hex(index + 1, 32))","spanId":"\#(hex(index + 1, 16))","name":"\#(name)","#
        + #""kind":\#(span.kind),"startTimeUnixNano":"\#(begin)","endTimeUnixNano":"\#(end)","#
        + #""status":{\#(span.isFailed ? #""code":2"# : "")}}]}]}]}"#
    }.joined(separator: "\n")
  }

  private static func hex(_ number: Int, _ digits: Int) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: digits - text.count) + text
  }

  /// A rule and the value that the spans give it, with the bounds within which an estimate may lie.
  struct Expectation {
    let rule: String
    let value: ClosedRange<Double>
  }

  static func expectation(
    _ number: Int, _ spans: [Span], bounds: [Double]?, _ random: inout SeededRandom
  ) -> Expectation {
    let service = Bool.random(using: &random) ? "cart" : "pay"
    let operation = [nil, "GET /a", "POST /b \"x\""].randomElement(using: &random) ?? nil
    let kind = [nil, 2, 3].randomElement(using: &random) ?? nil
    let kinds = number % 4
    var chosen = spans.filter { $0.service == service && (kind == nil || $0.kind == kind) }
    if kinds != 1, let operation { chosen = chosen.filter { $0.operation == operation } }
    var conditions: [String: Any] = ["service": service, "window": "10m"]
    if kinds != 1 { conditions["operation"] = operation }
    if let kind { conditions["span_kind"] = kind == 2 ? "server" : "client" }
    var name = "trace_latency"
    let value: ClosedRange<Double>
    switch kinds {
    case 0:
      let (quantile, share) =
        [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)].randomElement(using: &random) ?? ("p95", 0.95)
      conditions["quantile"] = quantile
      conditions["threshold_ms"] = 100
      let sorted = chosen.map(\.duration).sorted()
      let exact = sorted[max(0, Int((share * Double(sorted.count) - 1e-9).rounded(.up)) - 1)]
      if let bounds {
        let upper = bounds.firstIndex { $0 * 1000 >= exact } ?? bounds.count - 1
        value = (upper > 0 ? bounds[upper - 1] * 1000 : 0)...(bounds[upper] * 1000)
      } else {
        // Schema 3: eight buckets for every doubling.
        value = (exact / 1.0906)...(exact * 1.0906)
      }
    case 1:
      name = "trace_error_rate"
      conditions["threshold_pct"] = 1
      value = exactly(100 * Double(chosen.count(where: \.isFailed)) / Double(chosen.count))
    case 2:
      name = "trace_call_rate"
      conditions["threshold_per_second"] = 1
      conditions["operator"] = ">"
      value = exactly(Double(chosen.count) / window)
    default:
      let bound = (bounds ?? [0.128, 0.512]).filter { $0 >= 0.1 && $0 <= 3 }.randomElement(using: &random) ?? 0.2
      conditions["exact"] = true
      conditions["threshold_ms"] = (bound * 1e6).rounded() / 1000
      let slow = chosen.count { $0.duration > bound * 1000 }
      let share = 100 * Double(slow) / Double(chosen.count)
      // A native histogram's own buckets do not end at a decimal bound.
      let near = chosen.count { $0.duration > bound * 1000 / 1.0906 } - chosen.count { $0.duration > bound * 1090.6 }
      let width = 1e-6 + (bounds == nil ? 100 * Double(near) / Double(chosen.count) : 0)
      value = (share - width)...(share + width)
    }
    let rule: [String: Any] = ["kind": name, "rule_key": "rule\(number)", "conditions_json": conditions]
    let text = (try? JSONSerialization.data(withJSONObject: rule, options: .sortedKeys)) ?? Data()
    return Expectation(rule: String(decoding: text, as: UTF8.self), value: value)
  }

  private static func exactly(_ value: Double) -> ClosedRange<Double> { (value * (1 - 1e-9))...(value * (1 + 1e-9)) }

  static let own = #"""
    {"calls": "my_calls", "latency": "my_latency_ms", "latency_unit": "ms", "service_label": "svc",
     "operation_label": "op", "kind_label": "kind", "kind_prefix": "", "status_label": "outcome", "error_status": "ERR",
     "buckets": [0.005, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]}
    """#

  static let tempoBounds = (0...13).map { Double(2 << $0) / 1000 }

  @Test(
    arguments: [
      ("tempo", tempoBounds), ("tempo-native", nil),
      ("otel-connector", [0.002, 0.004, 0.006, 0.008, 0.01, 0.05, 0.1, 0.2, 0.4, 0.8, 1, 1.4, 2, 5, 10, 15]),
      ("own", [0.005, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]),
    ] as [(String, [Double]?)])
  func rulesGiveWhatTheSpansSay(_ profile: String, _ bounds: [Double]?) throws {
    var random = SeededRandom()
    let directory = try TemporaryDirectory()
    let generator = profile == "own" ? try directory.write("own.json", Self.own) : profile
    let spans = Self.spans(&random)
    let file = try directory.write("spans.jsonl", Self.otlp(spans))
    let server = try PrometheusServer(
      options: ["--enable-feature=native-histograms"])
    defer { try? server.stop() }
    let pushed = try Program.run([
      "spanmetrics", "--generator", generator, "--at-span-time", "--remote-write", server.url, file,
    ])
    #expect(pushed.status == 0, "\(pushed.errors)")
    let count = Int(ProcessInfo.processInfo.environment["ONGRID_PROFILE_RULES"] ?? "") ?? 50
    let expected = (0..<count).map { Self.expectation($0, spans, bounds: bounds, &random) }
    let compiled = try Program.run(
      ["compile-rule", "--generator", generator, "--format", "json", "--quiet"],
      input: expected.map(\.rule).joined(separator: "\n"))
    let rules = try #require(JSONSerialization.jsonObject(with: Data(compiled.stdout)) as? [[String: Any]])
    #expect(rules.count == count, "\(compiled.errors)")
    for (rule, expected) in zip(rules, expected) {
      let expression = try #require(rule["value_expression"] as? String)
      let value = try #require(
        server.query(expression, at: Double(Self.start + Self.seconds)).first?.value, "\(expression) \(random.note)")
      #expect(
        expected.value.contains(value),
        "\(expected.rule) \(expression): \(value), not in \(expected.value) \(random.note)")
    }
  }
}
