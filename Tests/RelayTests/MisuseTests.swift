import Foundation
import TestSupport
import Testing

/// What happens to somebody who does not know the relay yet.
@Suite struct MisuseTests {
  private static let nowhere = ["--listen-grpc", "none", "--listen-http", "127.0.0.1:0", "--listen-admin", "none"]

  @Test(
    "what cannot work is one line and status 2 before anything is received",
    arguments: [
      ([], "--to URL is needed"), (["--to", "foo"], "cannot send to 'foo': write https://HOST"),
      (["--to", "htps://h"], "scheme htps is not one of"), (["--to", "grpc://h/path"], "a gRPC endpoint has no path"),
      (["--to", "http://u:secret@h:99999"], "has a bad port"),
      (["--to", "http://h", "--tls-key", "k"], "--tls-key needs --tls-cert"),
      (["--to", "http://h", "--bearer-token-file", "/nowhere/token"], "cannot read /nowhere/token"),
      (["--to", "grpc://h", "--basic-auth-file", "/nowhere/pair"], "cannot read /nowhere/pair"),
      (["--to", "https://h", "--tls-ca", "/nowhere/ca"], "cannot read /nowhere/ca"),
      (["--to", "grpcs://h", "--tls-cert", "/nowhere/cert"], "cannot read /nowhere/cert"),
      (
        ["--to", "http://a", "--to-metrics", "http://b/x", "--header", "K: secret"],
        "--header would go to several servers (http://a, http://b): give a header to each destination in the file of "
          + "--config, or --share-credentials"
      ),
      (["--to", "http://h", "traces.otlp"], "files can only be given with --once"),
      (["--to", "http://h", "--listen-tls-cert", "/nowhere/cert"], "cannot use certificate /nowhere/cert"),
    ])
  func badOptions(_ options: [String], _ text: String) throws {
    let result = try Program.run(["relay"] + Self.nowhere + options)
    #expect(result.status == 2)
    #expect(result.errorLines.count == 1)
    #expect(result.errors.contains(text), "\(result.errors)")
    #expect(!result.errors.contains("secret"))
  }

  @Test("shared credentials go to several servers only where that is wanted, and to one server without a word")
  func sharedCredentials() throws {
    let directory = try TemporaryDirectory()
    let token = try directory.write("token", "secret")
    let config = try directory.write(
      "relay.yaml",
      """
      to:
        - {url: "http://a/v1/traces", bearer-token-file: \(token)}
        - url: http://b/v1/traces
      """)
    let shared = ["--bearer-token-file", token]
    for (options, status) in [
      (["--to", "http://a", "--to-metrics", "http://a/x"] + shared, 0),
      (["--to", "http://a", "--to", "file:/dev/null"] + shared, 0),
      (["--to", "http://a", "--to", "http://b"] + shared, 2),
      (["--to", "http://a", "--to", "http://a:81"] + shared, 2),
      (["--to", "http://a", "--to", "http://b", "--tenant", "t"], 0),
      (["--to", "http://a", "--to", "http://b", "--share-credentials"] + shared, 0),
      (["--config", config] + shared, 0), (["--config", config, "--header", "A: 1"], 2),
    ] as [([String], Int32)] {
      let result = try Program.run(["relay", "--check-config"] + options)
      #expect(result.status == status, "\(options): \(result.errors)")
    }
  }

  @Test func aPortInUseIsNamed() throws {
    let (listener, port) = try Sockets.listen()
    defer { close(listener) }
    let result = try Program.run(
      ["relay", "--to", "file:/dev/null", "--listen-http", "none", "--listen-admin", "none"]
        + ["--listen-grpc", "127.0.0.1:\(port)"])
    #expect(result.status == 3)
    #expect(result.errorLines == ["ongrid relay: cannot listen on 127.0.0.1:\(port): Address already in use"])
  }

  @Test func aQueueBelongsToOneRelay() throws {
    let directory = try TemporaryDirectory()
    let queue = directory.path("queue")
    let relay = try RelayProcess(["--to", "http://127.0.0.1:1", "--queue-dir", queue])
    let second = try Program.run(["relay", "--to", "http://127.0.0.1:1", "--queue-dir", queue] + Self.nowhere)
    #expect(second.status == 3)
    #expect(
      second.errorLines == ["ongrid relay: the queue directory cannot be used: \(queue) is in use by another process"])
    try relay.stop()
    let file = try directory.write("file", "")
    let third = try Program.run(["relay", "--to", "http://127.0.0.1:1", "--queue-dir", file] + Self.nowhere)
    #expect(third.status == 3)
    #expect(third.errors.contains("cannot use \(file): Not a directory"))
  }

  @Test("what is under way at the stop is said to be in the queue, and a second signal ends the wait")
  func stopWithADeadDestination() throws {
    let directory = try TemporaryDirectory()
    let port = try StubServer.closedPort()
    let relay = try RelayProcess(["--to", "http://127.0.0.1:\(port)", "--queue-dir", directory.path("queue")])
    for seed in 1...6 as ClosedRange<UInt64> {
      let sent = try Program.run(
        ["relay", "--once", "--to", "http://\(relay.http)"], input: Spans.request(2, seed: seed))
      #expect(sent.status == 0)
    }
    try relay.program.waitForLine(containing: "trying again")
    relay.program.send(SIGINT)
    try relay.program.waitForLine(containing: "a second signal ends this at once")
    relay.program.send(SIGINT)
    let result = try relay.program.wait(timeout: 20)
    #expect(result.status == 4)
    #expect(result.errors.contains("accepted 12 spans"))
    #expect(result.errors.contains("12 waiting in the queue"), "\(result.errors)")
    // One line for each kind of trouble, however often it came.
    #expect(result.errorLines.filter { $0.contains("trying again") }.count == 1)
  }

  @Test("TLS to a port without it is told at once", arguments: ["https", "grpcs"])
  func tlsToAPlainPort(_ scheme: String) throws {
    let relay = try RelayProcess(["--to", "file:/dev/null"])
    let result = try Program.run(
      ["relay", "--once", "--to", "\(scheme)://\(relay.http)", "--retry-for", "1ms"], input: Spans.request(1, seed: 1))
    #expect(result.status == 3)
    #expect(!result.errors.contains("no complete answer"), "\(result.errors)")
    #expect(result.errors.contains("no TLS connection to \(scheme)://"), "\(result.errors)")
    try relay.stop()
  }
}
