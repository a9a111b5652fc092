import Foundation
import TestSupport
import Testing

@testable import Relay

/// `ongrid relay --config`.
@Suite struct ConfigFileTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func file(_ text: String, _ name: String = "relay.yaml") throws -> String {
    try text.write(toFile: directory.path(name), atomically: true, encoding: .utf8)
    return directory.path(name)
  }

  private func check(_ text: String, _ more: String...) throws -> ProgramResult {
    try Program.run(["relay", "--check-config", "--config", file(text)] + more)
  }

  @Test("options and destinations of a file, each destination with its own settings", arguments: ["yaml", "json"])
  func serves(_ form: String) throws {
    let one = try CollectingSink()
    let two = try CollectingSink()
    let text =
      form == "yaml"
      ? """
      # Two places for traces.
      to:
        - name: first
          url: \(one.url)
          compression: none
          batch-timeout: 10ms
        - url: \(two.url)
          header: {X-Team: shop}
          batch-timeout: 10ms
      resource:
        deployment.environment: test
      queue-max: 1MiB
      """
      : """
      {"to": [{"name": "first", "url": "\(one.url)", "compression": "none", "batch-timeout": "10ms"},
              {"url": "\(two.url)", "header": ["X-Team: shop"], "batch-timeout": "10ms"}],
       "resource": {"deployment.environment": "test"}, "queue-max": "1MiB"}
      """
    let relay = try RelayProcess(["--config", file(text)])
    let client = try RawClient(port: Int(relay.http.split(separator: ":")[1]) ?? 0)
    let body = Spans.request(2, seed: 1)
    client.write(
      "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: \(body.count)\r\n\r\n"
    )
    client.write(body)
    #expect(try client.response().status == 200)
    try one.waitForSpans(2)
    try two.waitForSpans(2)
    #expect(try relay.stop().status == 0)
    let first = try #require(one.server.requests.first)
    #expect(first.headers["content-encoding"] == nil && first.headers["x-team"] == nil)
    #expect(first.body.contains(Array("deployment.environment".utf8)))
    let second = try #require(two.server.requests.first)
    #expect(second.headers["content-encoding"] == "gzip" && second.headers["x-team"] == "shop")
  }

  @Test("a destination with a name keeps its queue when its URL changes")
  func name() throws {
    let down = try CollectingSink { _, _ in .text(503, "down") }
    let queue = directory.path("queue")
    let settings = ["--listen-grpc", "none", "--drain-timeout", "100ms", "--retry-initial", "10ms"]
    let other = try CollectingSink()
    let first = try DurableRelay(to: "tempo=\(down.url)", queue, ["--to", other.url] + settings.suffix(4))
    #expect(try first.client(.http).send(Spans.request(2, seed: 1)) == .delivered())
    try other.waitForSpans(2)
    try first.process.stop()
    let sink = try CollectingSink()
    // The order is another too: only the name tells.
    let path = try file("to:\n  - \(other.url)\n  - {name: tempo, url: \"\(sink.url)\"}\n")
    let second = try RelayProcess(["--config", path, "--queue-dir", queue])
    try sink.waitForSpans(2)
    #expect(try second.stop().status == 0)
    #expect(other.counts.values.allSatisfy { $0 == 1 } && other.counts.count == 2)
  }

  @Test("SIGHUP takes over a changed file, with what waits, at the same address; a file with mistakes changes nothing")
  func reread() throws {
    let old = try CollectingSink { _, _ in .text(503, "down") }
    let new = try CollectingSink()
    let second = try CollectingSink()
    let settings = "queue-dir: \(directory.path("queue"))\nretry-initial: 10ms\nbatch-timeout: 10ms\n"
    let path = try file(settings + "to: [{name: tempo, url: \"\(old.url)\"}]\n")
    let relay = try RelayProcess(["--config", path])
    let port = Int(relay.http.split(separator: ":")[1]) ?? 0
    func send(_ seed: UInt64) throws {
      let client = try RawClient(port: port)
      let body = Spans.request(2, seed: seed)
      client.write(
        "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n"
          + "Content-Length: \(body.count)\r\n\r\n")
      client.write(body)
      #expect(try client.response().status == 200)
    }
    try send(1)
    _ = try file("to: [\n")
    relay.program.send(SIGHUP)
    _ = try relay.program.waitForLine(containing: "the relay goes on as before: \(path):")
    _ = try file(settings + "to: [{name: tempo, url: \"\(new.url)\"}, \"\(second.url)\"]\n")
    relay.program.send(SIGHUP)
    _ = try relay.program.waitForLine(containing: "took over the changed file")
    try new.waitForSpans(2)
    try send(2)
    try new.waitForSpans(4)
    try second.waitForSpans(2)
    #expect(try relay.stop().status == 0)
    #expect(new.counts.count == 4 && second.counts.count == 2)
  }

  @Test("without a queue on disk a changed file waits for a restart, which is said")
  func rereadInMemory() throws {
    let path = try file("to: [\"file:\(directory.path("a.jsonl"))\"]\n")
    let relay = try RelayProcess(["--config", path])
    _ = try file("to: [\"file:\(directory.path("b.jsonl"))\"]\n")
    relay.program.send(SIGHUP)
    _ = try relay.program.waitForLine(containing: "a changed file is taken over by a restart, or with --queue-dir")
    #expect(try relay.stop().status == 0)
  }

  @Test("options win over the file")
  func options() throws {
    let sink = try CollectingSink()
    let path = try file("to: [\"http://127.0.0.1:1\"]\nbatch-timeout: 10ms\nlisten-http: none\n")
    let relay = try RelayProcess(["--config", path, "--to", sink.url])
    let client = try RawClient(port: Int(relay.http.split(separator: ":")[1]) ?? 0)
    let body = Spans.request(2, seed: 1)
    client.write(
      "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: \(body.count)\r\n\r\n"
    )
    client.write(body)
    #expect(try client.response().status == 200)
    try sink.waitForSpans(2)
    #expect(try relay.stop().status == 0)
  }

  @Test("a file that is right is said to be so by silence, and nothing is made")
  func right() throws {
    let queue = directory.path("queue")
    let result = try check(
      "to: [https://tempo.example/v1/traces, {url: 'grpc://localhost:4317', tenant: a}]\nqueue-dir: \(queue)\n")
    #expect(result.status == 0 && result.output.isEmpty && result.errors.isEmpty, "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: queue))
  }

  @Test(
    "what is wrong is told with the place",
    arguments: [
      ("to: [a]\nqueue-mx: 1MiB\n", ":2:1: unknown option 'queue-mx'; did you mean 'queue-max'?"),
      ("to: [http://a]\nqueue-max: lots\n", "--queue-max 'lots': must be a size"),
      ("to: [http://a]\nqueue-max: 1MiB\nqueue-max: 2MiB\n", ":3:1: 'queue-max' comes twice"),
      (
        "to: [{url: http://a, batch-spns: 3}]\n", "'batch-spns' is not for one destination; did you mean 'batch-spans'?"
      ),
      ("to: [{name: x}]\n", "the destination has no url"),
      ("to: [http://a]\nonce: maybe\n", ":2:7: once must be true or false"),
      ("to: [http://a]\nqueue-dir: [a, b]\n", "queue-dir takes one value"),
      ("to: [http://a]\nqueue-dir:\n", "queue-dir has no value"),
      ("to: [*x]\n", "aliases are not taken"),
      ("to: [http://a\n", "expected ',' or ']'"),
      ("- a\n", ":1:1: must hold options"),
      ("resource: {a: 1}\n", "--to URL is needed"),
    ])
  func wrong(_ text: String, _ message: String) throws {
    let result = try check(text)
    #expect(result.status == 2)
    #expect(result.errors.contains(message), "\(result.errors)")
  }
}
