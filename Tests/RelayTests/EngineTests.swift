import Foundation
import TestSupport
import Testing

@testable import Relay

/// `--engine otelcol`, with a script in the collector's place.
@Suite struct EngineTests {
  private func script(_ directory: TemporaryDirectory, _ body: String) throws -> String {
    let path = directory.path("otelcol")
    try "#!/bin/sh\n\(body)\n".write(toFile: path, atomically: true, encoding: .utf8)
    chmod(path, 0o755)
    return path
  }

  private func arguments(_ path: String, _ more: [String] = []) -> [String] {
    ["relay", "--engine", "otelcol", "--otelcol-path", path, "--to", "https://tempo.example/v1/traces"]
      + ["--listen-admin", "none"] + more
  }

  @Test("the configuration says what the flags say, and holds no secret")
  func printConfig() throws {
    let result = try Program.run(
      [
        "relay", "--engine", "otelcol", "--print-config", "--to", "https://tempo.example/v1/traces", "--to",
        "grpcs://other:4317",
      ]
        + ["--header", "X-Key: s3cret", "--tenant", "team-a", "--resource", "region=eu", "--queue-dir", "/var/q"]
        + ["--listen-grpc", "127.0.0.1:5317", "--to-logs", "http://loki:3100/otlp/v1/logs"])
    #expect(result.status == 0)
    #expect(!result.output.contains("s3cret"))
    for part in [
      "traces_endpoint: \"https://tempo.example/v1/traces\"", "endpoint: \"other:4317\"",
      "endpoint: \"127.0.0.1:5317\"",
      "memory_limiter:", "X-Scope-OrgID: \"team-a\"", "key: \"region\"", "storage: file_storage", "health_check:",
      "logs_endpoint: \"http://loki:3100/otlp/v1/logs\"", "${env:ONGRID_COLLECTOR_SECRET_0}",
    ] {
      #expect(result.output.contains(part), "\(part)")
    }
  }

  @Test("log lines come through, secrets come by environment, SIGTERM is passed on and nothing is left behind")
  func supervision() throws {
    let directory = try TemporaryDirectory()
    let path = try script(
      directory,
      """
      echo "config ${1#--config=file:}"; echo "secret $ONGRID_COLLECTOR_SECRET_0"
      trap 'echo stopping; exit 0' TERM
      trap 'echo reloading' HUP
      echo "pid $$"
      while :; do sleep 0.05; done
      """)
    let program = try Program(arguments(path, ["--header", "X-Key: s3cret"]))
    let config = try program.waitForLine(containing: "otelcol: config ").components(separatedBy: "config ").last ?? ""
    try program.waitForLine(containing: "otelcol: secret s3cret")
    let line = try program.waitForLine(containing: "otelcol: pid ")
    let child = try #require(line.split(separator: " ").last.flatMap { pid_t($0) })
    #expect(FileManager.default.fileExists(atPath: config))
    program.send(SIGHUP)
    try program.waitForLine(containing: "otelcol: reloading")
    program.send(SIGTERM)
    try program.waitForLine(containing: "otelcol: stopping")
    #expect(try program.wait().status == 0)
    #expect(kill(child, 0) == -1)
    #expect(!FileManager.default.fileExists(atPath: config))
  }

  @Test("a killed supervisor leaves no collector behind")
  func noOrphan() throws {
    let directory = try TemporaryDirectory()
    let path = try script(directory, "echo \"pid $$\"\nwhile :; do sleep 0.05; done")
    let program = try Program(arguments(path))
    let line = try program.waitForLine(containing: "otelcol: pid ")
    let child = try #require(line.split(separator: " ").last.flatMap { pid_t($0) })
    program.send(SIGKILL)
    try program.wait()
    try waitUntil("the collector's end") { kill(child, 0) == -1 }
  }

  @Test("a collector that ends is started again, until it has ended too often")
  func crashLoop() throws {
    let directory = try TemporaryDirectory()
    let path = try script(directory, "echo run >> \(directory.path("runs")); exit 7")
    var settings = CollectorSupervisor.Settings(program: path, arguments: [])
    settings.restartInitial = 0.01
    settings.crashLimit = 4
    let outcome = try CollectorSupervisor(settings, log: .discarding).run { .none }
    #expect(outcome == .crashLoop(lastStatus: 7))
    let runs = try String(contentsOfFile: directory.path("runs"), encoding: .utf8).split(separator: "\n")
    #expect(runs.count == 4)
  }

  @Test("a collector whose health endpoint stops answering is started again")
  func health() throws {
    let directory = try TemporaryDirectory()
    let path = try script(
      directory, "echo run >> \(directory.path("runs"))\ntrap 'exit 0' TERM\nwhile :; do sleep 0.05; done")
    let sick = Switch()
    let server = try StubServer { _ in sick.isOn ? .text(503, "sick") : .text(200, "fine") }
    var settings = CollectorSupervisor.Settings(program: path, arguments: [])
    settings.healthURL = server.url + "/"
    settings.healthInterval = 0.05
    settings.restartInitial = 0.01
    settings.crashLimit = 2
    let outcome = try CollectorSupervisor(settings, log: .discarding).run {
      if server.requests.count >= 2 { sick.turnOn() }
      // The second one never gets well, so that its end is not the probe's doing.
      let runs = (try? String(contentsOfFile: directory.path("runs"), encoding: .utf8)) ?? ""
      return runs.split(separator: "\n").count >= 2 ? .stop : .none
    }
    #expect(outcome == .stopped)
  }
}
