import Foundation
import TestSupport
import Testing

/// `ongrid doctor` against a real relay and stand-ins of what is behind it.
@Suite struct DoctorTests {
  private func findings(_ result: ProgramResult) throws -> [String: [String: String]] {
    let document = try #require(JSONSerialization.jsonObject(with: Data(result.stdout)) as? [String: Any])
    let list = try #require(document["findings"] as? [[String: String]])
    return Dictionary(list.map { ($0["check"] ?? "", $0) }, uniquingKeysWith: { $1 })
  }

  private func examine(_ faults: StandInPipeline.Faults) throws -> ProgramResult {
    let pipeline = try StandInPipeline(faults)
    let relay = try RelayProcess(["--to", "\(pipeline.server.url)/v1/traces"])
    defer { _ = try? relay.stop() }
    return try Program.run([
      "doctor", "-f", "json", "--relay", "http://\(relay.http)", "--relay-admin", "http://\(relay.admin)", "--tempo",
      pipeline.server.url, "--prometheus", pipeline.server.url, "--loki", pipeline.server.url, "--wait",
      faults.losesSpans || faults.isNotSearchable || faults.countsNothing ? "600ms" : "30s",
    ])
  }

  @Test func aWholePipelineIsWhole() throws {
    let result = try examine(StandInPipeline.Faults())
    #expect(result.status == 0, "\(result.output)")
    let findings = try findings(result)
    for check in [
      "program", "relay.ready", "relay.accepts", "relay.losses", "tempo.reachable", "tempo.generator",
      "tempo.retention",
      "tempo.limits", "tempo.trace", "tempo.search", "prometheus.writes", "prometheus.exemplars",
      "prometheus.retention",
      "metric.counts",
      "metric.labels", "metric.age", "metric.buckets", "metric.limits", "rules.loaded", "rules.labels",
      "rules.receivers",
      "loki.labels",
    ] {
      #expect(findings[check]?["level"] == "ok", "\(check): \(findings[check] ?? [:])")
    }
  }

  typealias Change = @Sendable (inout StandInPipeline.Faults) -> Void
  static let faults: [(name: String, change: Change, level: String, word: String)] = [
    ("tempo.trace", { $0.losesSpans = true }, "problem", "not come within"),
    ("metric.counts", { $0.losesSpans = true }, "problem", "has counted the span"),
    ("metric.counts", { $0.countsNothing = true }, "problem", "has counted the span"),
    ("tempo.search", { $0.isNotSearchable = true }, "warning", "no search"),
    ("tempo.generator", { $0.processors = "[]" }, "warning", "no metrics of spans"),
    ("tempo.version", { $0.tempoVersion = "1.5.0" }, "warning", "1.5.0"),
    ("tempo.limits", { $0.discarded = 7 }, "warning", "7 spans"),
    ("tempo.clock", { $0.date = "Sun, 06 Nov 1994 08:49:37 GMT" }, "problem", "behind"),
    ("prometheus.writes", { $0.flags["web.enable-remote-write-receiver"] = "false" }, "warning", "remote write"),
    ("prometheus.exemplars", { $0.flags["enable-feature"] = "" }, "warning", "exemplars"),
    ("metric.labels", { $0.labels = ["service", "span_name"] }, "warning", "service_name"),
    ("rules.labels", { $0.labels = ["service", "span_name"] }, "problem", "cannot fire"),
    ("metric.names", { $0.labels = [] }, "problem", "no span metrics"),
    ("metric.buckets", { $0.counts["1"] = 2 }, "warning", "different buckets"),
    ("metric.buckets", { $0.counts = [:] }, "problem", "no histogram"),
    ("metric.limits", { $0.overflow = true }, "warning", "limit of series"),
    ("rules.loaded", { $0.ruleHealth = "err" }, "problem", "many-to-many"),
    ("rules.loaded", { $0.rule = "up == 0" }, "warning", "no rule reads"),
    ("rules.receivers", { $0.alertmanagers = "[]" }, "warning", "nobody is told"),
  ]

  @Test(arguments: faults.indices)
  func eachFaultIsNamedWithItsRemedy(_ index: Int) throws {
    let (name, change, level, word) = DoctorTests.faults[index]
    var faults = StandInPipeline.Faults()
    change(&faults)
    let result = try examine(faults)
    let finding = try findings(result)[name] ?? [:]
    #expect(finding["level"] == level, "\(result.output)")
    #expect(finding["message"]?.contains(word) == true, "\(finding)")
    #expect(finding["remedy"]?.isEmpty == false, "\(finding)")
    // Warnings leave cron quiet.
    if level == "problem" { #expect(result.status == 1, "\(result.output)") }
  }

  @Test func aServerThatIsNotThereIsAnotherStatus() throws {
    let closed = try "http://127.0.0.1:\(StubServer.closedPort())"
    for options in [["--tempo", closed], ["--prometheus", closed], ["--loki", closed], ["--relay-admin", closed]] {
      let result = try Program.run(["doctor", "--no-send"] + options)
      #expect(result.status == 3, "\(options): \(result.output)")
      #expect(result.output.contains("-> "), "\(result.output)")
    }
    #expect(try Program.run(["doctor", "--relay", closed]).status == 3)
  }

  @Test func withoutServersItLooksAtThisMachine() throws {
    let closed = try "http://127.0.0.1:\(StubServer.closedPort())"
    let result = try Program.run(
      ["doctor", "--no-send", "--color", "never"], environment: ["ONGRID_RELAY_URL": closed])
    #expect(result.status == 0, "\(result.output)")
    #expect(result.output.hasPrefix("ok       program            ongrid "))
    #expect(result.output.contains("library.curl"))
    #expect(result.output.contains("skipped  tempo.reachable"))
  }

  @Test func aTokenIsAskedFor() throws {
    let directory = try TemporaryDirectory()
    try "secret\n".write(toFile: directory.path("token"), atomically: true, encoding: .utf8)
    let relay = try RelayProcess([
      "--to", "file:\(directory.path("out"))", "--listen-token-file", directory.path("token"),
    ])
    let call = ["doctor", "--relay", "http://\(relay.http)", "--relay-admin", "http://\(relay.admin)"]
    let refused = try Program.run(call)
    #expect(refused.status == 1 && refused.output.contains("HTTP 401"), "\(refused.output)")
    #expect(refused.output.contains("--relay-bearer-token-file"))
    let taken = try Program.run(call + ["--relay-bearer-token-file", directory.path("token")])
    #expect(taken.status == 0, "\(taken.output)")
    try relay.stop()
    let found = try Program.run([
      "traceql", "{ .ongrid.doctor != nil }", "--from", directory.path("out"), "--exit-status",
    ])
    #expect(found.status == 0)
  }
}
