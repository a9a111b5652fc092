import Foundation
import Platform
import TestSupport
import Testing
import Transport

@testable import Relay

/// `--engine otelcol` with a stub in the collector's place, which behaves as a real one was seen to.
@Suite(.enabled(if: Tools.has("python3"))) struct EngineTests {
  /// A signal that comes once: when it is called for, or after half a minute.
  private struct Stop {
    private var isDone = false
    private let deadline = Date(timeIntervalSinceNow: 30)

    mutating func once() -> CollectorSupervisor.Request {
      defer { isDone = true }
      return isDone ? .none : .stop
    }

    mutating func ifLate() -> CollectorSupervisor.Request { Date() > deadline ? once() : .none }
  }

  @Test("secrets come by environment, log lines come through with their level, SIGTERM ends both")
  func supervision() throws {
    let collector = try StubCollector()
    let program = try Program(
      collector.arguments(["--header", "X-Key: s3$$cret${env:HOME}", "--listen-admin", "none"]))
    try program.waitForLine(containing: "the collector is ready")
    let run = try #require(try collector.runs.first)
    // Where the collector refers to it, `$$` becomes `$`.
    #expect(run.secrets == ["ONGRID_COLLECTOR_SECRET_0": "s3$$$$cret$${env:HOME}"])
    #expect(run.arguments.count == 1)
    let configuration = try String(contentsOfFile: run.configurationFile, encoding: .utf8)
    #expect(!configuration.contains("cret"))
    program.send(SIGHUP)
    try program.waitForLine(containing: "warning: otelcol: Config updated")
    program.send(SIGTERM)
    let result = try program.wait()
    #expect(result.status == 0)
    #expect(kill(run.pid, 0) == -1)
    #expect(!FileManager.default.fileExists(atPath: run.configurationFile))
    #expect(result.errorLines.contains("ongrid relay: otelcol: Starting otelcol... (Version=0.153.0, NumCPU=2)"))
    #expect(!result.errors.contains("alias is deprecated") && !result.errors.contains("s3$"))
  }

  @Test("--log-format json makes every line of the collector's one object")
  func jsonLog() throws {
    let collector = try StubCollector()
    let program = try Program(
      collector.arguments(["--listen-admin", "none", "--log-format", "json", "--log-level", "debug"]))
    try program.waitForLine(containing: "the collector is ready")
    program.send(SIGTERM)
    let lines = try program.wait().errorLines
    let objects = try lines.map { try JSONDecoder().decode([String: String].self, from: Data($0.utf8)) }
    let start = try #require(objects.first { $0["message"] == "otelcol: Starting otelcol..." })
    #expect(start["level"] == "info" && start["Version"] == "0.153.0")
    #expect(objects.contains { $0["level"] == "debug" && $0["message"]?.contains("alias is deprecated") == true })
  }

  @Test("the admin listener shows the collector's state and metrics, whether it runs or not")
  func admin() throws {
    let collector = try StubCollector()
    let port = try Sockets.freePort()
    let program = try Program(collector.arguments(["--listen-admin", "127.0.0.1:\(port)"]))
    try program.waitForLine(containing: "the collector is ready")
    #expect(try page(port, "/healthz").status == 200)
    #expect(try page(port, "/readyz").status == 200)
    let metrics = try page(port, "/metrics").text
    #expect(metrics.contains("ongrid_relay_collector_ready 1\n"))
    #expect(metrics.contains("otelcol_receiver_accepted_spans 7\n"))
    kill(try #require(try collector.runs.first).pid, SIGKILL)
    try program.waitForLine(containing: "the collector ended with status 137; starting it again in 1s")
    #expect(try page(port, "/healthz").status == 200)
    #expect(try page(port, "/readyz").status == 503)
    #expect(try page(port, "/metrics").text.contains("ongrid_relay_collector_ready 0\n"))
    program.send(SIGTERM)
    #expect(try program.wait().status == 0)
  }

  private func page(_ port: UInt16, _ path: String) throws -> (status: Int, text: String) {
    let response = try HTTPClient().send(HTTPRequest(url: try HTTPURL("http://127.0.0.1:\(port)\(path)")))
    return (response.status, String(decoding: response.body, as: UTF8.self))
  }

  @Test("a killed supervisor leaves no collector behind")
  func noOrphan() throws {
    let collector = try StubCollector()
    let program = try Program(collector.arguments(["--listen-admin", "none"]))
    try program.waitForLine(containing: "the collector is ready")
    let run = try #require(try collector.runs.first)
    program.send(SIGKILL)
    try program.wait()
    try waitUntil("the collector's end") { kill(run.pid, 0) == -1 }
    unlink(run.configurationFile)
  }

  @Test("a collector that ends is started again, until it has ended too often; the end says why")
  func crashLoop() throws {
    let collector = try StubCollector(["crash": "listen tcp 127.0.0.1:4318: bind: address already in use"])
    var settings = collector.settings
    settings.crashLimit = 3
    let outcome = try CollectorSupervisor(settings, log: .discarding).run { .none }
    #expect(
      outcome
        == .crashLoop(
          lastStatus: 1,
          lastError: "cannot start pipelines: listen tcp 127.0.0.1:4318: bind: address already in use"))
    #expect(try collector.runs.count == 3)
  }

  @Test("a collector whose health endpoint stops answering is killed and started again")
  func health() throws {
    let directory = try TemporaryDirectory()
    let sick = directory.path("sick")
    let collector = try StubCollector(["sick": sick, "deaf": "1"])
    var settings = collector.settings
    settings.healthFailures = 1
    settings.relay.drainTimeout = .zero
    let state = CollectorState()
    var stop = Stop()
    let outcome = try CollectorSupervisor(settings, state: state, log: .discarding).run {
      let isReady = state.page("/readyz").status == 200
      let runs = (try? collector.runs.count) ?? 0
      if runs == 1, isReady { _ = try? directory.write("sick", "") }
      if runs == 2 { unlink(sick) }
      return runs == 2 && isReady ? stop.once() : stop.ifLate()
    }
    // Deaf as it is, the second had to be killed as well.
    #expect(outcome == .stopped(status: 128 + SIGKILL, lostItems: 0))
  }

  @Test("a collector that is never well is started again")
  func neverReady() throws {
    let directory = try TemporaryDirectory()
    let collector = try StubCollector(["sick": try directory.write("sick", "")])
    var settings = collector.settings
    settings.startTimeout = .milliseconds(200)
    settings.crashLimit = 2
    let state = CollectorState()
    let outcome = try CollectorSupervisor(settings, state: state, log: .discarding).run { .none }
    guard case .crashLoop = outcome else { throw TestTimeout("\(outcome)") }
    #expect(String(decoding: state.page("/metrics").body, as: UTF8.self).contains("starts_total 2\n"))
  }

  @Test("a secret that changes means a new start, by itself and on SIGHUP; a file that goes missing changes nothing")
  func secrets() throws {
    let collector = try StubCollector()
    let file = try collector.directory.write("basic", "me:one")
    let complaints = Monitor<[String]>([])
    var settings = collector.settings
    settings.relay.destinations[0].options.basicAuthFile = CredentialFile(path: file)
    let log = Log(level: .warn) { record in complaints.withLock { $0.append(record.message) } }
    var step = 0
    var stop = Stop()
    let state = CollectorState()
    let outcome = try CollectorSupervisor(settings, state: state, log: log).run {
      let runs = (try? collector.runs.count) ?? 0
      if step == 0, runs == 1 {
        step = 1
        unlink(file)
      } else if step == 1, complaints.withLock({ $0.contains { $0.contains("cannot read") } }) {
        step = 2
        _ = try? collector.directory.write("basic", "me:two")
      } else if step == 2, runs == 2, state.page("/readyz").status == 200 {
        return stop.once()
      }
      return stop.ifLate()
    }
    #expect(outcome == .stopped(status: 0, lostItems: 0))
    #expect(try collector.runs.map(\.secrets.count) == [1, 1])
    #expect(Set(try collector.runs.map { $0.secrets.values.first }).count == 2)

    settings.healthInterval = .seconds(3600)
    var isReloaded = false
    stop = Stop()
    let next = CollectorState()
    let again = try CollectorSupervisor(settings, state: next, log: .discarding).run {
      let runs = (try? collector.runs.count) ?? 0
      guard next.page("/readyz").status == 200 else { return stop.ifLate() }
      if runs == 3, !isReloaded {
        isReloaded = true
        _ = try? collector.directory.write("basic", "me:three")
        return .reload
      }
      return runs == 4 ? stop.once() : stop.ifLate()
    }
    #expect(again == .stopped(status: 0, lostItems: 0))
  }

  @Test("a program that cannot be run, is no collector or does not accept the configuration is one clear error")
  func badProgram() throws {
    let directory = try TemporaryDirectory()
    let text = try directory.write("text", "no program")
    let junk = try directory.writeProgram("junk", "junk")
    func run(_ path: String, _ more: [String] = []) throws -> ProgramResult {
      try Program.run(["relay", "--engine", "otelcol", "--otelcol-path", path, "--to", "https://a"] + more)
    }
    let missing = directory.path("missing")
    for (path, status, message) in [
      (missing, 2, "--otelcol-path '\(missing)': No such file or directory"),
      (text, 2, "--otelcol-path '\(text)': not a program that can be run"),
      (directory.path(""), 2, "--otelcol-path '\(directory.path(""))': not a program that can be run"),
      (junk, 3, "cannot run \(junk): Exec format error"),
      ("/bin/false", 3, "/bin/false does not accept its configuration: status 1"),
    ] {
      let result = try run(path, ["--listen-admin", "none"])
      #expect(result.status == Int32(status))
      #expect(result.errors == "ongrid relay: \(message)\n")
    }
    for (complaint, hint) in [
      ("unknown type: \"file_storage\"", "otelcol-contrib has every component that is needed"),
      ("has invalid keys: sizer", "it must be OpenTelemetry Collector 0.130 or later"),
    ] {
      let collector = try StubCollector(["refuse": complaint])
      let result = try run(collector.path, ["--listen-admin", "none"])
      #expect(result.status == 3)
      #expect(
        result.errors == "ongrid relay: \(collector.path) does not accept its configuration: \(complaint) (\(hint))\n")
      #expect(try collector.runs.isEmpty)
    }
    let none = try Program.run(
      ["relay", "--engine", "otelcol", "--to", "https://a"], environment: ["PATH": directory.path("")])
    #expect(none.status == 3)
    #expect(none.errors == "ongrid relay: neither otelcol-contrib nor otelcol is in PATH; see --otelcol-path\n")
  }

  @Test(
    "a stop is complete or says what was given up; a collector that does not stop is killed in time or by a second signal"
  )
  func stops() throws {
    let queue = try TemporaryDirectory().path("queue")
    for (variables, options, signals, status, words) in [
      (["drops": "42"], [], 1, 4, "warning: the collector has given up at least 42 spans"),
      (["drops": "42"], ["--queue-dir", queue], 1, 0, "Shutdown complete"),
      (["deaf": "1"], ["--drain-timeout", "100ms"], 1, 4, "warning: the collector ended with status 137"),
      (["deaf": "1"], ["--drain-timeout", "1h"], 2, 4, "warning: a second signal: killing the collector"),
    ] as [([String: String], [String], Int, Int32, String)] {
      let collector = try StubCollector(variables)
      let program = try Program(collector.arguments(["--listen-admin", "none"] + options))
      try program.waitForLine(containing: "the collector is ready")
      for _ in 0..<signals {
        program.send(SIGTERM)
        try program.waitForLine(containing: "Received signal from OS")
      }
      let result = try program.wait()
      #expect(result.status == status)
      #expect(result.errors.contains(words), "\(result.errors)")
    }
  }
}
