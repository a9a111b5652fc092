import Foundation
import TestSupport
import Testing

/// What the command writes is what others can read.
@Suite struct OutputTests {
  private static let everything = [
    "spanmetrics", "--service-graph", "--service-graph-messaging", "--target-info", "--exemplars", "--size",
    "histogram",
    "--status-message", "--label", "cluster=a\"b\\c\nd", "--buckets", "0.005,0.1,1,10",
  ]

  /// A request with names that need care.
  static let hostile = #"""
    {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a\"b\\c\nd\u0000é\u2028"}},
    {"key":"x","value":{"doubleValue":1e300}}]},
    "scopeSpans":[{"spans":[
    {"traceId":"00000000000000000000000000000001","spanId":"0000000000000001","name":"{}#\\\"\n \t","kind":2,
    "startTimeUnixNano":"18446744073709551615","endTimeUnixNano":"1","status":{"code":2,"message":"x\ny"}},
    {"traceId":"","spanId":"","name":"","kind":99,"startTimeUnixNano":"0","endTimeUnixNano":"18446744073709551615",
    "status":{"code":7}}]}]}]}
    """#

  static var inputs: [String] {
    get throws { [try Fixtures.text("otlp/shop.jsonl"), hostile, "{}"] }
  }

  @Test(.enabled(if: Tools.has("promtool"))) func promtoolAcceptsTheTextFormat() throws {
    for input in try Self.inputs {
      let text = try Program.run(Self.everything + ["-f", "prometheus"], input: input)
      #expect(text.status == 0, "\(text.errors)")
      let check = try Program.run(
        ["check", "metrics"], input: text.stdout, executable: Tools.path(of: "promtool") ?? "promtool")
      #expect(check.status == 0, "\(check.output)\(check.errors)")
    }
  }

  @Test(.enabled(if: Tools.has("promtool") && Tools.hasPython)) func realParsersAcceptOpenMetrics() throws {
    let script = try String(
      contentsOf: Fixtures.repository.appending(path: "Tests/Python/parse_openmetrics.py"), encoding: .utf8)
    for (index, input) in try Self.inputs.enumerated() {
      let text = try Program.run(Self.everything + ["-f", "openmetrics"], input: input)
      #expect(text.output.hasSuffix("# EOF\n"))
      let parsed = try Tools.runPython(script, input: text.output)
      #expect(parsed.status == 0, "\(parsed.errors)")
      guard index == 0 else { continue }
      let families = try #require(
        try JSONSerialization.jsonObject(with: Data(parsed.stdout)) as? [String: [String: Any]])
      #expect(families["traces_spanmetrics_calls"]?["type"] as? String == "counter")
      #expect(families["traces_spanmetrics_calls"]?["samples"] as? Int ?? 0 > 50)
      #expect(families["traces_spanmetrics_calls"]?["exemplars"] as? Int ?? 0 > 10)
      #expect(families["traces_spanmetrics_latency"]?["exemplars"] as? Int ?? 0 > 100)
      #expect(families["traces_target_info"]?["type"] as? String == "gauge")
    }
  }

  /// Names, labels, unit and buckets of the collector's connector.
  @Test func theConnectorsNamesAndUnit() throws {
    let path = Fixtures.path("otlp/shop.otlp")
    let own = try Program.run(["spanmetrics", "-f", "prometheus", path]).output
    let result = try Program.run(["spanmetrics", "--generator", "otel-connector", "-f", "prometheus", path])
    #expect(result.status == 0, "\(result.errors)")
    func sum(_ text: String, _ prefix: String) -> Double {
      text.split(separator: "\n").filter { $0.hasPrefix(prefix) }
        .reduce(0) { $0 + (Double($1.split(separator: " ").last ?? "") ?? .nan) }
    }
    #expect(sum(result.output, "traces_span_metrics_calls_total{") == 1948)
    let milliseconds = sum(result.output, "traces_span_metrics_duration_milliseconds_sum{")
    #expect(abs(milliseconds / sum(own, "traces_spanmetrics_latency_sum{") - 1000) < 1e-6)
    #expect(result.output.contains("le=\"1400\""))
    #expect(!result.output.contains("traces_spanmetrics"))
    let processor = try Program.run(["spanmetrics", "--generator", "otel-processor", "-f", "prometheus", path]).output
    #expect(processor.contains("latency_bucket{operation="))
    #expect(try Program.run(["spanmetrics", "--generator", "otel-conector", path]).errors.contains("otel-connector"))
  }

  @Test func jsonIsOneDocumentASeriesALine() throws {
    for input in try Self.inputs {
      let result = try Program.run(Self.everything, input: input)
      let document = try #require(
        try JSONSerialization.jsonObject(with: Data(result.stdout)) as? [String: Any])
      let series = try #require(document["span_metrics"] as? [[String: Any]])
      let spans = try #require(document["spans"] as? Int)
      #expect(series.reduce(0) { $0 + ($1["calls"] as? Int ?? 0) } == spans)
      for line in result.output.split(separator: "\n") where line.hasPrefix("{\"labels\"") {
        let text = line.hasSuffix(",") ? line.dropLast() : line
        #expect((try? JSONSerialization.jsonObject(with: Data(text.utf8))) != nil)
      }
    }
  }

  @Test func estimatesLieWithinTheirBuckets() throws {
    let result = try Program.run(["spanmetrics", Fixtures.path("otlp/shop.otlp")])
    let document = try #require(try JSONSerialization.jsonObject(with: Data(result.stdout)) as? [String: Any])
    for series in try #require(document["span_metrics"] as? [[String: Any]]) {
      let latency = try #require(series["latency"] as? [String: Any])
      let (p50, p95, p99) = (latency["p50"] as? Double, latency["p95"] as? Double, latency["p99"] as? Double)
      let (low, middle, high) = (try #require(p50), try #require(p95), try #require(p99))
      #expect(0 < low && low <= middle && middle <= high && high <= 16.384)
    }
  }

  @Test func anEmptyInputIsAnEmptyResult() throws {
    let json = try Program.run(["spanmetrics"], input: "")
    #expect(json.status == 0)
    #expect(json.output == "{\"spans\":0,\"span_metrics\":[]}\n")
    let text = try Program.run(["spanmetrics", "-f", "prometheus"], input: "")
    #expect(text.status == 0 && text.output.isEmpty)
  }

  @Test func aFileIsReplacedAtOnceAndOnlyBySuccess() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("metrics.prom", "old\n")
    let bad = try Program.run(["spanmetrics", "-f", "prometheus", "-o", path], input: "{\"resourceSpans\":[{]}")
    #expect(bad.status == 2)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "old\n")
    let good = try Program.run(["spanmetrics", "-f", "prometheus", "-o", path, Fixtures.path("otlp/shop.otlp")])
    #expect(good.status == 0 && good.output.isEmpty)
    #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix("# HELP traces_spanmetrics_calls_total"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path()) == ["metrics.prom"])
    let nowhere = try Program.run(["spanmetrics", "-o", directory.path("no/such/file")], input: "{}")
    #expect(nowhere.status == 2)
    #expect(nowhere.errorLines.count == 1)
    let device = try Program.run(["spanmetrics", "-o", "/dev/null"], input: "{}")
    #expect(device.status == 0)
  }

  @Test(arguments: [
    (["--buckets", "1,x"], "--buckets"), (["--buckets", "2,1"], "latency buckets must ascend"),
    (["--service-label", "a b"], "'a b'"), (["--max-series", "0"], "--max-series"), (["--size", "big"], "--size"),
    (["--dimension-map", "x"], "--dimension-map"), (["--dimension-map", "x=a++b"], "mapped dimension"),
    (["--label", "0x=1"], "not a Prometheus label name"), (["--label", "__name__=x"], "not a Prometheus label name"),
    (["--filter", "{ kind = }"], "--filter"), (["--filter", "{ } >> { }"], "single spans"),
    (["--service-graph-dimension", "x"], "needs --service-graph"),
    (["--service-graph", "--service-graph-wait", "soon"], "--service-graph-wait"),
    (["--size-buckets", "1,2"], "--size-buckets needs --size histogram"),
    (["--dimension-separator", "/"], "needs --dimension-map"),
    (["--no-instance-label"], "--instance-label needs --target-info"),
    (["--target-info-exclude", "x"], "needs --target-info"),
    (["--stale-after", "1m"], "needs --follow"), (["--service-graph", "--service-graph-wait", "1s"], "needs --follow"),
    (["--label", "a=1", "--label", "a=2"], "--label a: given twice"),
    (["--label", "service_name=x"], "'service_name' cannot be added"), (["--label", "le=x"], "'le' cannot be added"),
    (["--service-graph", "--label", "client=x"], "'client' cannot be added"), (["--output", ""], "cannot write ''"),
    (["--follow", "--output", "/no/such/file"], "cannot write /no/such/file"),
    (["--listen", "127.0.0.1:0"], "--follow"), (["--follow", "--listen", "nowhere"], "--listen"),
    (["--remote-write", "ftp://x"], "--remote-write"), (["--follow", "--interval", "0"], "--interval"),
    (["--dimenson", "x"], "--dimension"), (["/no/such/file"], "/no/such/file"),
  ])
  func misuseIsOneLineAndStatus2(_ arguments: [String], _ part: String) throws {
    let result = try Program.run(["spanmetrics"] + arguments, input: "{}")
    #expect(result.status == 2)
    #expect(result.output.isEmpty)
    #expect(result.errorLines.first?.contains(part) == true, "\(result.errors)")
    #expect(result.errorLines.first?.hasPrefix("ongrid spanmetrics: ") == true)
  }

  @Test func badRecordsAreSkippedOnRequest() throws {
    let lines = try Fixtures.text("otlp/shop.jsonl").split(separator: "\n")
    let input = "\(lines[0])\n{\"resourceSpans\":7}\n\(lines[1])\nnonsense\n\(lines[2])\n"
    let strict = try Program.run(["spanmetrics"], input: input)
    #expect(strict.status == 2 && strict.output.isEmpty)
    #expect(strict.errors.contains("stdin:2"))
    let lenient = try Program.run(["spanmetrics", "--skip-bad"], input: input)
    #expect(lenient.status == 4)
    #expect(lenient.errors.contains("skipped 2 bad records"))
    let good = try Program.run(["spanmetrics"], input: lines[0...2].joined(separator: "\n"))
    #expect(lenient.output == good.output)
  }

  @Test func collisionsAndOverflowAreReported() throws {
    let result = try Program.run([
      "spanmetrics", "--dimension", "span_name", "--max-series", "5", Fixtures.path("otlp/shop.otlp"),
    ])
    #expect(result.status == 0)
    #expect(result.errors.contains("'__span_name'"))
    #expect(result.errors.contains("warning: more than 5 series"))
    #expect(result.errors.contains("the label with most values is"))
    #expect(result.output.contains("\"metric_overflow\":\"true\""))
  }
}
