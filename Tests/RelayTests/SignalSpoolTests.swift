import Foundation
import OTLP
import TestSupport
import Testing

@testable import Relay

/// Metrics and logs on disk: the queue, dead letters, spool files, and `relay --once` that delivers them.
@Suite(.serialized) struct SignalSpoolTests {
  private func once(_ arguments: [String], input: [UInt8] = []) throws -> ProgramResult {
    try Program.run(["relay", "--once", "--retry-for", "500ms", "--retry-initial", "10ms"] + arguments, input: input)
  }

  private func post(_ relay: RelayProcess, _ signal: OTLPSignal, seed: UInt64) throws {
    let body = Telemetry.request(signal, 7, seed: seed)
    let client = try RawClient(port: Int(relay.http.split(separator: ":")[1]) ?? 0)
    client.write(
      Array(
        ("POST \(signal.httpPath) HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
          + "Content-Length: \(body.count)\r\n\r\n").utf8) + body)
    #expect(try client.response().status == 200)
  }

  private func start(_ url: String, _ queue: String) throws -> RelayProcess {
    try RelayProcess([
      "--to", url, "--to-metrics", url + "/v1/metrics", "--to-logs", url + "/v1/logs", "--queue-dir", queue,
      "--batch-timeout", "5ms", "--retry-initial", "10ms", "--retry-max", "50ms",
    ])
  }

  @Test("what is refused for good is kept by signal, and sent again to where its signal goes")
  func deadLetters() throws {
    let directory = try TemporaryDirectory()
    let refusing = try CollectingSink { _, _ in .text(400, "no") }
    let relay = try start(refusing.url, directory.path("queue"))
    for signal in OTLPSignal.allCases { try post(relay, signal, seed: 1) }
    for words in ["7 spans", "7 data points", "7 log records"] {
      try relay.program.waitForLine(containing: "\(words) could not be delivered")
    }
    #expect(try relay.stop().status == 4)

    let letters = directory.path("queue/dead-letter")
    func left() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: letters).filter { !$0.hasSuffix(".reason") }.map {
        $0.split(separator: ".").dropFirst().joined(separator: ".")
      }.sorted()
    }
    #expect(try left() == ["logs.otlp.gz", "metrics.otlp.gz", "otlp.gz"])
    let sink = try CollectingSink()
    let traces = try once(["--delete", "--to", sink.url, letters])
    #expect(traces.status == 4)
    #expect(traces.errors.contains(".metrics.otlp.gz holds 7 data points, and no --to-metrics says where they go"))
    #expect(traces.errors.contains(".logs.otlp.gz holds 7 log records, and no --to-logs says where they go"))
    #expect(traces.errors.contains("read 7 spans, 7 data points, 7 log records; \(sink.url): 7 spans sent"))
    #expect(try left() == ["logs.otlp.gz", "metrics.otlp.gz"])
    #expect(Set(sink.counts.keys) == Telemetry.ids(.traces, 7, seed: 1))

    let rest = try once(["--delete", "--to-metrics", sink.url, "--to-logs", sink.url, letters])
    #expect(rest.status == 0, "\(rest.errors)")
    #expect(try left() == [])
    for signal in OTLPSignal.allCases { #expect(Telemetry.ids(signal, 7, seed: 1).isSubset(of: sink.counts.keys)) }
    #expect(Set(sink.server.requests.map(\.path)) == Set(OTLPSignal.allCases.map(\.httpPath)))
    #expect(sink.counts.count == 21)
  }

  @Test("files of nothing but signals without a destination are left, reported, and exit 4")
  func unclaimed() throws {
    let directory = try TemporaryDirectory()
    for signal in [OTLPSignal.metrics, .logs] {
      let file = try directory.write("spool.\(signal).otlp", Telemetry.request(signal, 2, seed: 1))
      let result = try once(["--delete", "--to", "file:/dev/null", file])
      #expect(result.status == 4)
      #expect(result.errors.contains("no --to-\(signal) says where they go"))
      #expect(FileManager.default.fileExists(atPath: file))
    }
  }

  @Test("after SIGKILL what was acknowledged is delivered from the queue")
  func kill() throws {
    let directory = try TemporaryDirectory()
    let state = Switch()
    let sink = try CollectingSink { _, _ in state.isOn ? nil : .text(503, "later") }
    let first = try start(sink.url, directory.path("queue"))
    for signal in OTLPSignal.allCases { try post(first, signal, seed: 5) }
    first.program.send(SIGKILL)
    try first.program.wait()
    state.turnOn()
    let second = try start(sink.url, directory.path("queue"))
    try second.program.waitForLine(containing: "the queue holds 21 spans, data points or log records from before")
    #expect(try second.stop().status == 0)
    for signal in OTLPSignal.allCases { #expect(Telemetry.ids(signal, 7, seed: 5).isSubset(of: sink.counts.keys)) }
  }

  @Test("JSON tells its signal, whatever the file is called; one file may hold all three")
  func jsonFiles() throws {
    let directory = try TemporaryDirectory()
    var lines: [UInt8] = []
    for (seed, signal) in [OTLPSignal.logs, .traces, .metrics, .logs].enumerated() {
      lines += try Telemetry.json(signal, Telemetry.request(signal, 3, seed: UInt64(seed))) + [UInt8(ascii: "\n")]
    }
    let file = try directory.write("mixed.logs.jsonl", lines)
    let sink = try CollectingSink()
    let all = try once(["--to", sink.url, "--to-metrics", sink.url, "--to-logs", sink.url, file])
    #expect(all.status == 0, "\(all.errors)")
    #expect(all.errors.contains("read 3 spans, 3 data points, 6 log records"))
    #expect(sink.counts.count == 12)

    // A pipe, and a document of a signal that has no destination among others.
    let some = try CollectingSink()
    let partly = try once(["--to-logs", some.url], input: lines)
    #expect(partly.status == 4)
    #expect(partly.errors.contains("stdin holds 3 spans, and no --to says where they go"))
    #expect(partly.errors.contains("stdin holds 3 data points, and no --to-metrics says where they go"))
    #expect(some.counts.count == 6)
    #expect(some.server.requests.allSatisfy { $0.path == "/v1/logs" })
  }

  @Test("a bad record of metrics is named, and passed over when that is wanted")
  func badRecords() throws {
    let good = try Telemetry.json(.metrics, Telemetry.request(.metrics, 3, seed: 1))
    let bad = Array(
      #"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"sum":{"dataPoints":[{"asInt":"x"}]}}]}]}]}"#.utf8)
    let lines = good + [10] + bad + [10] + Array(#"{"resourceProfiles":[]}"#.utf8) + [10] + good + [10]
    let sink = try CollectingSink()
    let strict = try once(["--to-metrics", sink.url], input: lines)
    #expect(strict.status == 4)
    #expect(strict.errors.contains("stdin:2: expected a 64-bit integer"), "\(strict.errors)")
    #expect(sink.counts.count == 3)
    let lenient = try once(["--to-metrics", sink.url, "--skip-bad"], input: lines)
    #expect(lenient.status == 4)
    #expect(lenient.errors.contains("passed over 2 bad records, first stdin:2"), "\(lenient.errors)")
    #expect(lenient.errors.contains("read 6 data points"))
  }

  @Test("standard output and files get OTLP/JSON of every signal, which can be delivered again")
  func written() throws {
    let directory = try TemporaryDirectory()
    let all = directory.path("all.jsonl")
    let tee = directory.path("tee.json.gz")
    let relay = try RelayProcess([
      "--to", "file:\(all)", "--to-metrics", "file:\(all)", "--to-logs", "-", "--tee", tee, "--batch-timeout", "5ms",
      "--to-logs", "file:\(directory.path("second.logs.otlp"))",
    ])
    for seed in 1...5 as ClosedRange<UInt64> {
      for signal in OTLPSignal.allCases { try post(relay, signal, seed: seed) }
    }
    let stopped = try relay.stop()
    #expect(stopped.status == 0, "\(stopped.errors)")
    #expect(stopped.output.hasPrefix(#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name""#))
    let again = try once(["--to-logs", "-"], input: stopped.stdout)
    #expect(again.output.hasPrefix(#"{"resourceLogs":["#) && again.output.contains("log-\(UInt64(5) << 32 | 7) "))

    let sink = try CollectingSink()
    let destinations = ["--to", sink.url, "--to-metrics", sink.url, "--to-logs", sink.url]
    for (arguments, input, count) in [
      ([all], [], 70), ([directory.path("second.logs.otlp")], [], 35), ([tee], [], 105),
    ]
      as [([String], [UInt8], Int)]
    {
      let before = sink.counts.values.reduce(0, +)
      let result = try once(destinations + arguments, input: input)
      #expect(result.status == 0, "\(result.errors)")
      #expect(sink.counts.values.reduce(0, +) - before == count)
    }
    #expect(sink.counts.count == 105)
    #expect(sink.counts.values.allSatisfy { $0 == 2 })
  }

  @Test("a copy in protobuf, which does not tell signals apart, is one of the traces")
  func protobufTee() throws {
    let directory = try TemporaryDirectory()
    let tee = directory.path("tee.otlp")
    let relay = try RelayProcess(["--to", "file:/dev/null", "--to-logs", "file:/dev/null", "--tee", tee])
    for signal in [OTLPSignal.traces, .logs] { try post(relay, signal, seed: 1) }
    #expect(try relay.stop().status == 0)
    let sink = try CollectingSink()
    #expect(try once(["--to", sink.url, tee]).status == 0)
    #expect(Set(sink.counts.keys) == Telemetry.ids(.traces, 7, seed: 1))
  }

  /// Metrics and logs as an application exports them with the SDK, with values that can be told apart.
  private static let script = Fixtures.repository.appending(path: "Tests/Python/send_signals.py").path(
    percentEncoded: false)

  @Test(
    "the Python SDK's metrics and logs arrive whole", .enabled(if: Tools.hasPython), arguments: ["grpc", "http"],
    ["none", "gzip"])
  func pythonSDK(_ transport: String, _ compression: String) throws {
    let directory = try TemporaryDirectory()
    let output = directory.path("sent.jsonl")
    let relay = try RelayProcess(["--to-metrics", "file:\(output)", "--to-logs", "file:\(output)"])
    let sent = try Program.run(
      [Self.script, "send", transport, transport == "grpc" ? relay.grpc : relay.http, compression],
      executable: Tools.python)
    #expect(sent.status == 0, "\(sent.errors)")
    let stopped = try relay.stop()
    #expect(stopped.errors.contains("accepted 404 data points; accepted 1000 log records"), "\(stopped.errors)")
    // What it counts on the other side, with protobuf's own reader.
    let received = try Program.run([Self.script, "count", output], executable: Tools.python)
    #expect(received.status == 0, "\(received.errors)")
    #expect(received.output == sent.output)
  }
}
