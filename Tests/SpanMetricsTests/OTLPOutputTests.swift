import Foundation
import TestSupport
import Testing

/// OTLP metrics, as OpenTelemetry's own protobuf classes read them.
@Suite(.enabled(if: Tools.hasPython)) struct OTLPOutputTests {
  /// Prints each data point as a JSON line: its metric, attributes, times and numbers.
  private static let reader = """
    import base64, json, sys, zlib
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    for line in sys.stdin:
        request = ExportMetricsServiceRequest.FromString(base64.b64decode(line))
        for resource in request.resource_metrics:
            about = {a.key: a.value.string_value for a in resource.resource.attributes}
            for metric in (m for s in resource.scope_metrics for m in s.metrics):
                kind = metric.WhichOneof("data")
                data = getattr(metric, kind)
                for p in data.data_points:
                    out = {"metric": metric.name, "unit": metric.unit, "kind": kind, "resource": about,
                           "temporality": getattr(data, "aggregation_temporality", 0), "flags": p.flags,
                           "attributes": {a.key: a.value.string_value for a in p.attributes},
                           "start": p.start_time_unix_nano, "time": p.time_unix_nano}
                    if kind in ("sum", "gauge"):
                        out["value"] = p.as_int if p.WhichOneof("value") == "as_int" else p.as_double
                    else:
                        out["value"] = p.count
                        out["sum"] = p.sum
                        buckets = p.positive.bucket_counts if kind == "exponential_histogram" else p.bucket_counts
                        out["counts"] = list(buckets)
                        if kind == "histogram":
                            out["bounds"] = list(p.explicit_bounds)
                        else:
                            out["scale"], out["offset"], out["zeros"] = p.scale, p.positive.offset, p.zero_count
                    out["exemplars"] = [e.trace_id.hex() for e in p.exemplars] if kind != "gauge" else []
                    print(json.dumps(out))
    """

  struct Point: Decodable {
    var metric: String
    var unit: String
    var kind: String
    var resource: [String: String]
    var temporality: Int
    var flags: Int
    var attributes: [String: String]
    var start: UInt64
    var time: UInt64
    var value: Double
    var sum: Double?
    var counts: [Double]?
    var bounds: [Double]?
    var scale: Int?
    var offset: Int?
    var zeros: Double?
    var exemplars: [String]

    var key: String { "\(metric)\(attributes.map { "\($0.key)=\($0.value)" }.sorted())" }
  }

  static func read(_ requests: [[UInt8]]) throws -> [Point] {
    let lines = requests.map { Data($0).base64EncodedString() + "\n" }.joined()
    let result = try Tools.runPython(reader, input: lines)
    #expect(result.status == 0, "\(result.errors)")
    return try result.output.split(separator: "\n").map { try JSONDecoder().decode(Point.self, from: Data($0.utf8)) }
  }

  private static let shop = Fixtures.path("otlp/shop.otlp")

  private static func points(_ arguments: [String]) throws -> [Point] {
    let result = try Program.run(["spanmetrics", "-f", "otlp-protobuf"] + arguments + [shop])
    #expect(result.status == 0, "\(result.errors)")
    return try read([result.stdout])
  }

  /// The same numbers as the text format has.
  @Test func everyNumberIsThere() throws {
    let points = try Self.points(["--service-graph", "--target-info", "--size", "histogram"])
    let text = try Program.run([
      "spanmetrics", "-f", "prometheus", "--service-graph", "--target-info", "--size", "histogram", Self.shop,
    ]).output
    var expected: [String: Double] = [:]
    for line in text.split(separator: "\n") where !line.hasPrefix("#") && !line.contains("_bucket{") {
      let name = String(line.prefix { $0 != "{" && $0 != " " })
      expected[name, default: 0] += Double(line.split(separator: " ").last ?? "") ?? 0
    }
    var own: [String: Double] = [:]
    for point in points {
      if point.kind == "histogram" {
        own[point.metric + "_count", default: 0] += point.value
        own[point.metric + "_sum", default: 0] += point.sum ?? 0
        #expect(point.counts?.reduce(0, +) == point.value)
        #expect(point.counts?.count == (point.bounds?.count ?? 0) + 1)
      } else if point.metric != "traces_service_graph_request_failed_total" || point.value > 0 {
        own[point.metric, default: 0] += point.value
      }
      if point.kind != "gauge" { #expect(point.temporality == 2 && point.start > 0 && point.start <= point.time) }
    }
    #expect(Set(own.keys) == Set(expected.keys))
    for (name, value) in expected { #expect(abs((own[name] ?? 0) - value) <= 1e-9 * value, "\(name)") }
    // The JSON says the same.
    let json = try Program.run(["spanmetrics", "-f", "otlp", Self.shop]).output
    let lines = json.split(separator: "\n")
    let document = try #require(
      try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: [[String: Any]]])
    #expect(lines.count == 1 && document["resourceMetrics"]?.count == 1)
  }

  @Test func histogramsAreExponentialWhereNativeOnesAreAskedFor() throws {
    let points = try Self.points(["--histograms", "native", "--exemplars"]).filter { $0.metric.hasSuffix("latency") }
    #expect(points.count == 58)
    for point in points {
      #expect(point.kind == "exponential_histogram" && point.scale == 3)
      #expect((point.counts ?? []).reduce(point.zeros ?? 0, +) == point.value)
      #expect(!point.exemplars.isEmpty)
      // A mean lies between the least and the greatest bound.
      let base = exp2(exp2(-Double(point.scale ?? 0)))
      let mean = (point.sum ?? 0) / point.value
      let offset = Double(point.offset ?? 0)
      #expect(mean >= pow(base, offset) && mean <= pow(base, offset + Double(point.counts?.count ?? 0)))
    }
  }

  @Test(arguments: [
    ("otel-connector", "ms", "traces.span.metrics."), ("otel-connector-s", "s", "traces.span.metrics."),
  ])
  func theConnectorHasItsOwnNames(_ generator: String, _ unit: String, _ prefix: String) throws {
    let points = try Self.points(["--generator", generator, "-d", "http.route"])
    #expect(Set(points.map(\.metric)) == [prefix + "calls", prefix + "duration"])
    #expect(points.allSatisfy { $0.unit == ($0.kind == "sum" ? "" : unit) })
    let names = Set(points.flatMap { $0.attributes.keys })
    #expect(names == ["service.name", "span.name", "span.kind", "status.code", "http.route"])
  }

  // MARK: - Receivers

  /// What arrives at a receiver, each request as its body was before compression.
  private final class Receiver: @unchecked Sendable {
    private let lock = NSLock()
    private var bodies: [[UInt8]] = []
    private var count = 0
    private(set) var server: StubServer?

    /// - Parameter fault: whether a request, from 1, is not taken.
    init(fault: @escaping @Sendable (Int) -> StubServer.Answer?) throws {
      server = try StubServer { [weak self] request in
        guard let self else { return .close }
        let number = self.lock.withLock {
          self.count += 1
          return self.count
        }
        if let answer = fault(number) { return answer }
        self.lock.withLock { self.bodies.append(request.body) }
        return .respond(status: 200, headers: ["Content-Type": "application/x-protobuf"])
      }
    }

    var url: String { server?.url ?? "" }
    var accepted: Int { lock.withLock { bodies.count } }

    /// Waits for a few more requests.
    func waitForMore(_ count: Int) throws {
      let before = accepted
      try waitUntil("requests") { accepted >= before + count ? true : nil }
    }

    func points() throws -> [Point] {
      let bodies = lock.withLock { self.bodies }
      return try OTLPOutputTests.read(
        bodies.map { body in
          let result = try Program.run(["-dc"], input: body, executable: "gzip")
          return result.stdout
        })
    }
  }

  private func follow(_ arguments: [String]) throws -> Program {
    try Program(["spanmetrics", "--follow", "--interval", "200ms", "--label", "instance=edge"] + arguments)
  }

  /// Each series begins with a 0 and rises; what is refused for a while arrives, and nothing is refused in the end.
  @Test func countersRiseFromZero() throws {
    let receiver = try Receiver(fault: { [3, 4, 7].contains($0) ? .text(503, "later") : nil })
    let path = try TemporaryDirectory().write("t.jsonl", "")
    let program = try follow(["--to-otlp", receiver.url, path])
    for round in 0..<3 {
      try RunningAllDayTests.append(RunningAllDayTests.line("a", count: 9, from: 9 * round), to: path)
      try receiver.waitForMore(3)
    }
    program.send(SIGTERM)
    #expect(try program.wait().status == 0)
    let points = try receiver.points()
    #expect(points.filter { $0.metric.hasSuffix("calls_total") && $0.value == 9 }.count >= 3)
    #expect(points.allSatisfy { $0.resource == ["service.name": "ongrid", "service.instance.id": "edge"] })
    for (_, series) in Dictionary(grouping: points.filter { $0.flags == 0 }, by: \.key) {
      let values = series.sorted { $0.time < $1.time }.map(\.value)
      #expect(values.first == 0 && values == values.sorted(), "\(values)")
      #expect(Set(series.map(\.start)).count == 1)
    }
    // All series end with the process.
    #expect(points.filter { $0.flags == 1 }.count == 6)
  }

  @Test func deltasAddUp() throws {
    let receiver = try Receiver(fault: { [2, 3].contains($0) ? .text(503, "later") : nil })
    let path = try TemporaryDirectory().write("t.jsonl", "")
    let program = try follow(["--to-otlp", receiver.url, "--temporality", "delta", "--service-graph", path])
    for round in 0..<4 {
      try RunningAllDayTests.append(RunningAllDayTests.line("a", count: 5, from: 5 * round), to: path)
      try receiver.waitForMore(1)
    }
    program.send(SIGTERM)
    #expect(try program.wait().status == 0)
    let points = try receiver.points()
    #expect(points.allSatisfy { $0.temporality == 1 })
    #expect(points.filter { $0.metric.hasSuffix("calls_total") }.reduce(0) { $0 + $1.value } == 20)
    #expect(points.filter { $0.metric.hasSuffix("latency") }.reduce(0) { $0 + $1.value } == 20)
    #expect(points.filter { $0.metric == "traces_service_graph_request_total" }.reduce(0) { $0 + $1.value } == 20)
    // Stretches of time follow each other.
    for (_, series) in Dictionary(grouping: points, by: \.key) {
      let series = series.sorted { $0.time < $1.time }
      #expect(zip(series, series.dropFirst()).allSatisfy { $0.time <= $1.start })
    }
  }

  @Test(arguments: [
    (["--temporality", "delta"], "is for --to-otlp"),
    (["--temporality", "delta", "--to-otlp", "http://x", "--follow", "--state", "s"], "--state exclude each other"),
    (["--temporality", "delta", "--to-otlp", "http://x", "--follow", "--listen", "127.0.0.1:0"], "--listen exclude"),
    (["--temporality", "delta", "--to-otlp", "http://x", "-f", "json"], "--format json exclude"),
    (["--temporality", "delta", "-f", "otlp", "--follow", "-o", "/dev/shm/x"], "each round replaces the file"),
    (["--to-otlp", "http://x", "--remote-write", "http://x"], "exclude each other"),
    (["--to-otlp", "ftp://x"], "ftp"),
  ])
  func whatCannotGoTogetherIsRefused(_ arguments: [String], _ words: String) throws {
    let result = try Program.run(["spanmetrics"] + arguments + [Self.shop])
    #expect(result.status == 2 || result.status == 3)
    #expect(result.errors.contains(words), "\(result.errors)")
  }

  @Test func aRefusalIsSaid() throws {
    let receiver = try Receiver(fault: { _ in .text(401, "who are you") })
    let result = try Program.run(["spanmetrics", "--to-otlp", receiver.url, Self.shop])
    #expect(result.status == 3)
    #expect(result.errorLines.count == 1 && result.errors.contains("who are you"), "\(result.errors)")
  }
}
