import Foundation
import TestSupport
import Testing

/// A backtest fires when the alert state machine of Prometheus would over range queries of the very expressions, whatever the
/// kind of rule, over gaps and resets.
@Suite(.enabled(if: PrometheusServer.isInstalled && Tools.has("promtool"))) struct StateMachineTests {
  /// 2026-01-01T00:00:00Z.
  static let start = 1_767_225_600
  static let hours = 8

  /// Eight hours of one service that fails and slows down at random, is silent for a while, and starts from nothing twice.
  static func history(_ random: inout SeededRandom) -> String {
    var lines: [String: [String]] = [:]
    var counts: [String: Int] = [:]
    var failing = 0.0
    var slow = 0.0
    for at in stride(from: 0, through: hours * 3600, by: 15) {
      if at % 600 == 0 {
        failing = Bool.random(using: &random) ? 0 : Double.random(in: 0...0.3, using: &random)
        slow = Bool.random(using: &random) ? 0.01 : Double.random(in: 0...0.5, using: &random)
      }
      if at == 2 * 3600 + 45 || at == 5 * 3600 { counts = [:] }
      let calls = Int.random(in: 0...40, using: &random)
      let failures = (0..<calls).count { _ in Double.random(in: 0..<1, using: &random) < failing }
      let slows = (0..<calls).count { _ in Double.random(in: 0..<1, using: &random) < slow }
      let labels = #"service_name="pay",span_name="charge",span_kind="SPAN_KIND_SERVER""#
      for (series, growth) in [
        ("traces_spanmetrics_calls_total{\(labels),status_code=\"STATUS_CODE_UNSET\"}", calls - failures),
        ("traces_spanmetrics_calls_total{\(labels),status_code=\"STATUS_CODE_ERROR\"}", failures),
        ("traces_spanmetrics_latency_bucket{\(labels),le=\"0.512\"}", calls - slows),
        ("traces_spanmetrics_latency_bucket{\(labels),le=\"2.048\"}", calls),
        ("traces_spanmetrics_latency_bucket{\(labels),le=\"+Inf\"}", calls),
      ] {
        counts[series, default: 0] += growth
        if (3 * 3600..<3 * 3600 + 1500).contains(at) { continue }
        lines[series, default: []].append("\(series) \(counts[series] ?? 0) \(start + at)")
      }
    }
    return lines.keys.sorted().flatMap { lines[$0] ?? [] }.joined(separator: "\n") + "\n# EOF\n"
  }

  static func rules(_ random: inout SeededRandom) -> [String] {
    (0..<60).map { index in
      let hold = ["0s", "1m", "95s", "10m"].randomElement(using: &random) ?? "0s"
      let window = ["1m", "5m", "7m"].randomElement(using: &random) ?? "5m"
      let comparison = [">", ">=", "<", "!="].randomElement(using: &random) ?? ">"
      let number = Int.random(in: 1...30, using: &random)
      let (kind, conditions) =
        [
          ("trace_latency", #""threshold_ms":\#(number * 60),"quantile":"p95","window":"\#(window)""#),
          ("trace_latency", #""threshold_ms":512,"exact":true,"quantile":"p99","window":"\#(window)","min_calls":20"#),
          ("trace_error_rate", #""threshold_pct":\#(number),"operator":"\#(comparison)","window":"\#(window)""#),
          (
            "trace_call_rate",
            #""threshold_per_second":\#(Double(number) / 10),"operator":"\#(comparison)","window":"\#(window)""#
          ),
          ("trace_slo", #""objective_pct":\#(number > 15 ? 99 : 97)"#),
        ][index % 5]
      return
        #"{"kind":"\#(kind)","rule_key":"r\#(index)","for":"\#(hold)","conditions_json":{"service":"pay",\#(conditions)}}"#
    }
  }

  struct Compiled: Decodable {
    let expression: String
    let `for`: String?
  }

  struct Result: Decodable {
    struct Firing: Decodable {
      let start: String
      let seconds: Double
    }
    let firings: [Firing]
  }

  private struct Matrix: Decodable {
    struct Data: Decodable { let result: [Series] }
    struct Series: Decodable { let values: [Value] }
    struct Value: Decodable {
      let time: Double
      init(from decoder: Decoder) throws {
        var array = try decoder.unkeyedContainer()
        time = try array.decode(Double.self)
      }
    }
    let data: Data
  }

  /// Start and seconds of each firing between two times, from the times at which an expression has a result.
  static func firings(_ times: Set<Int>, hold: Int, from start: Int, to end: Int, step: Int) -> [String] {
    var firings: [String] = []
    var since: Int?
    var fired: Int?
    let format = ISO8601DateFormatter()
    func close(_ at: Int) {
      guard let begun = fired else { return }
      let shown = max(begun, start)
      firings.append("\(format.string(from: Date(timeIntervalSince1970: Double(shown)))) \(at - shown)")
    }
    for time in stride(from: start - (hold + step - 1) / step * step, through: end, by: step) {
      guard times.contains(time) else {
        if time > start { close(time) }
        since = nil
        fired = nil
        continue
      }
      since = since ?? time
      if fired == nil, time - (since ?? time) >= hold { fired = time }
    }
    close(end)
    return firings
  }

  @Test func backtestsAreTheStateMachine() throws {
    var random = SeededRandom()
    let server = try PrometheusServer(history: Self.history(&random))
    defer { try? server.stop() }
    let rules = Self.rules(&random).joined(separator: "\n")
    let json = try Program.run(["compile-rule", "--quiet", "--format", "json"], input: rules)
    let compiled = try JSONDecoder().decode([Compiled].self, from: Data(json.stdout))
    #expect(compiled.count == 72)
    let holds = ["0s": 0, "1m": 60, "95s": 95, "10m": 600]
    var total = 0
    for (range, step, end) in [(8, 15, 8), (6, 60, 7), (2, 30, 4), (5, 300, 8)] {
      let last = (Self.start + end * 3600) / step * step
      let first = last - range * 3600 / step * step
      let result = try Program.run(
        [
          "compile-rule", "--quiet", "--format", "json", "--prometheus", server.url, "--backtest", "\(range)h",
          "--step",
          "\(step)s", "--end", "\(last)",
        ], input: rules)
      #expect(result.status == 0, "\(result.errors)")
      let results = try JSONDecoder().decode([Result].self, from: Data(result.stdout))
      #expect(results.count == compiled.count)
      for (rule, result) in zip(compiled, results) {
        let hold = holds[rule.for ?? "0s"] ?? 0
        let answer = try server.get(
          "/api/v1/query_range",
          [
            "query": rule.expression, "start": "\(first - (hold + step - 1) / step * step)", "end": "\(last)",
            "step": "\(step)",
          ])
        let series = try JSONDecoder().decode(Matrix.self, from: answer).data.result
        let times = Set(series.flatMap { $0.values.map { Int($0.time) } })
        let expected = Self.firings(times, hold: hold, from: first, to: last, step: step)
        let found = result.firings.map { "\($0.start) \(Int($0.seconds))" }
        #expect(found == expected, "\(rule.expression) for \(hold), step \(step): \(random.note)")
        total += expected.count
      }
    }
    #expect(total > 100)
  }
}
