import Foundation
import Platform

/// A real Prometheus on a free loopback port with an empty database, which takes remote writes, exemplars and samples up
/// to sixty days old. Nothing is scraped.
public final class PrometheusServer: Sendable {
  public static var isInstalled: Bool { Tools.has("prometheus") }

  public let port: UInt16
  private let directory: TemporaryDirectory
  private let arguments: [String]
  private let program: Monitor<Program>

  /// Starts a server and waits until it is ready.
  ///
  /// - Parameters:
  ///   - rules: The content of a rules file that it evaluates every second.
  ///   - history: OpenMetrics text with times, ending in `# EOF`, that is in the database from the beginning.
  ///   - takesOldSamples: Whether it takes samples older than those it has, which it does not by default.
  ///   - options: Further command line options.
  public init(
    rules: String? = nil, history: String? = nil, takesOldSamples: Bool = true, options: [String] = []
  ) throws {
    directory = try TemporaryDirectory()
    if let history {
      let file = try directory.write("history.om", history)
      let blocks = try Program.run(
        ["tsdb", "create-blocks-from", "openmetrics", file, directory.path("data")], executable: "promtool")
      guard blocks.status == 0 else { throw TestTimeout("promtool made no blocks: \(blocks.errors)") }
    }
    port = try Sockets.freePort()
    if let rules { try directory.write("rules.yml", rules) }
    let config = try directory.write(
      "prometheus.yml",
      """
      global: {evaluation_interval: 1s}
      rule_files: [\(rules == nil ? "" : "rules.yml")]
      storage: {tsdb: {out_of_order_time_window: \(takesOldSamples ? "60d" : "0s")}}
      """)
    arguments =
      [
        "--config.file=\(config)", "--storage.tsdb.path=\(directory.path("data"))",
        "--storage.tsdb.retention.time=\(history == nil ? "90d" : "100y")",
        "--web.listen-address=127.0.0.1:\(port)", "--web.enable-remote-write-receiver",
        "--enable-feature=exemplar-storage", "--log.level=warn",
      ] + options
    program = Monitor(try Program(arguments, executable: "prometheus"))
    try waitUntilReady()
  }

  private func waitUntilReady() throws {
    let program = program.withLock { $0 }
    try waitUntil("Prometheus to be ready", timeout: 60) {
      guard program.isRunning else { throw TestTimeout("Prometheus ended: \(program.errorsSoFar)") }
      return (try? get("/-/ready")) != nil
    }
  }

  public var url: String { "http://127.0.0.1:\(port)" }
  public var remoteWriteURL: String { url + "/api/v1/write" }

  /// Stops the server.
  public func stop() throws { try end(SIGTERM) }

  /// Kills the server; `restart` starts it again, with what it had on its disk.
  public func kill() throws { try end(SIGKILL) }

  private func end(_ signal: Int32) throws {
    let program = program.withLock { $0 }
    program.send(signal)
    try program.wait(timeout: 30)
  }

  public func restart() throws {
    let next = try Program(arguments, executable: "prometheus")
    program.withLock { $0 = next }
    try waitUntilReady()
  }

  /// One series of an instant vector.
  public struct Sample: Sendable {
    public var labels: [String: String]
    public var value: Double
  }

  /// Evaluates an expression that gives a vector, at a moment in Unix seconds or now.
  public func query(_ expression: String, at time: Double? = nil) throws -> [Sample] {
    var parameters = ["query": expression]
    if let time { parameters["time"] = "\(time)" }
    let answer = try JSONDecoder().decode(Answer.self, from: get("/api/v1/query", parameters))
    return answer.data.result.map { series in
      Sample(labels: series.metric, value: series.value.flatMap { Double($0.text) } ?? .nan)
    }
  }

  /// A series as it was stored.
  public struct History: Sendable {
    public var labels: [String: String]
    /// Unix seconds and values.
    public var samples: [(time: Double, value: Double)]

    /// How much it rose, over all resets; without the extrapolation of `increase()`.
    public var increase: Double {
      let values = samples.map(\.value).filter { !$0.isNaN }
      return zip(values, values.dropFirst()).reduce(0) { $0 + ($1.1 >= $1.0 ? $1.1 - $1.0 : $1.1) }
    }
  }

  /// What a range selector selects.
  public func samples(_ selector: String) throws -> [History] {
    let answer = try JSONDecoder().decode(Answer.self, from: get("/api/v1/query", ["query": selector]))
    return answer.data.result.map { series in
      History(
        labels: series.metric, samples: (series.values ?? []).map { ($0.seconds, Double($0.text) ?? .nan) })
    }
  }

  /// The body of a GET that succeeds.
  public func get(_ path: String, _ parameters: [String: String] = [:]) throws -> Data {
    var arguments = ["--silent", "--show-error", "--fail-with-body", "--noproxy", "*", "--get", "--max-time", "30"]
    for (name, value) in parameters { arguments += ["--data-urlencode", "\(name)=\(value)"] }
    let result = try Program.run(arguments + [url + path], executable: "curl")
    guard result.status == 0 else { throw TestTimeout("GET \(path): \(result.output)\(result.errors)") }
    return Data(result.stdout)
  }

  private struct Answer: Decodable {
    struct Data: Decodable { var result: [Series] }
    struct Series: Decodable {
      var metric: [String: String]
      var value: Value?
      var values: [Value]?
    }
    /// `[seconds, "value"]`.
    struct Value: Decodable {
      var seconds: Double
      var text: String
      init(from decoder: Decoder) throws {
        var array = try decoder.unkeyedContainer()
        seconds = try array.decode(Double.self)
        text = try array.decode(String.self)
      }
    }
    var data: Data
  }
}
