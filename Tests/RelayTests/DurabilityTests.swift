import Foundation
import TestSupport
import Testing

@testable import Relay

/// The queue directory: what was acknowledged arrives, whatever happens to the relay or its disk.
@Suite struct DurabilityTests {
  private func start(_ sink: String, _ directory: String, _ more: [String] = []) throws -> (Program, Int) {
    let program = try Program(
      ["relay", "--to", sink, "--queue-dir", directory, "--listen-grpc", "none", "--listen-http", "127.0.0.1:0"]
        + ["--listen-admin", "none", "--batch-timeout", "20ms", "--retry-initial", "10ms", "--retry-max", "50ms"]
        + ["--timeout", "2s"] + more)
    let line = try program.waitForLine(containing: "receiving on")
    let port = try #require(line.split(separator: ":").last.flatMap { Int($0) })
    return (program, port)
  }

  /// How often the relay is killed; `ONGRID_KILL_ROUNDS` asks for more.
  private static let rounds = ProcessInfo.processInfo.environment["ONGRID_KILL_ROUNDS"].flatMap { Int($0) } ?? 8

  @Test("after SIGKILL under load every acknowledged span arrives, with a destination that misbehaves in turn")
  func kill() throws {
    let directory = try TemporaryDirectory()
    let sink = try CollectingSink { index, _ in
      switch index % 9 {
      case 1: .text(503, "later")
      case 3: .reset
      case 5: .after(seconds: 0.2, .text(429, "busy"))
      case 7: .close
      default: nil
      }
    }
    var random = SystemRandomNumberGenerator()
    var acknowledged: Set<String> = []
    var seed: UInt64 = 0
    for _ in 0..<Self.rounds {
      let (program, port) = try start(sink.url, directory.path("queue"))
      let client = try RawClient(port: port)
      let end = Date().addingTimeInterval(Double.random(in: 0.05...0.4, using: &random))
      while Date() < end {
        seed += 1
        let body = Spans.request(5, seed: seed)
        client.write(
          Array(
            "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: \(body.count)\r\n\r\n"
              .utf8) + body)
        if try client.response().status == 200 { acknowledged.formUnion(Spans.ids(5, seed: seed)) }
      }
      // One more, killed while it may be on its way to the disk.
      seed += 1
      let body = Spans.request(5, seed: seed)
      client.write(
        Array(
          "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: \(body.count)\r\n\r\n"
            .utf8) + body)
      program.send(SIGKILL)
      try program.wait()
    }
    let (program, _) = try start(sink.url, directory.path("queue"))
    try waitUntil("all acknowledged spans") { acknowledged.isSubset(of: sink.counts.keys) }
    program.send(SIGTERM)
    #expect(try program.wait().status == 0)
    #expect(!acknowledged.isEmpty)
    #expect(acknowledged.isSubset(of: Set(sink.counts.keys)))
  }

  @Test("what is refused for good is kept, and can be sent again from there")
  func deadLetters() throws {
    let directory = try TemporaryDirectory()
    let refusing = try CollectingSink { _, _ in .text(400, "no") }
    let (program, port) = try start(refusing.url, directory.path("queue"))
    let client = try RawClient(port: port)
    let body = Spans.request(7, seed: 1)
    client.write(
      Array(
        "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: \(body.count)\r\n\r\n"
          .utf8) + body)
    #expect(try client.response().status == 200)
    try program.waitForLine(containing: "are kept in")
    program.send(SIGTERM)
    #expect(try program.wait().status == 4)
    let sink = try CollectingSink()
    let again = try Program.run(["relay", "--once", "--delete", "--to", sink.url, directory.path("queue/dead-letter")])
    #expect(again.status == 0, "\(again.errors)")
    #expect(Set(sink.counts.keys) == Spans.ids(7, seed: 1))
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path("queue/dead-letter")).isEmpty)
  }

  @Test("two relays cannot share a queue directory")
  func exclusive() throws {
    let directory = try TemporaryDirectory()
    let (program, _) = try start("file:/dev/null", directory.path("queue"))
    let second = try Program.run([
      "relay", "--to", "file:/dev/null", "--queue-dir", directory.path("queue"), "--listen-grpc", "none",
    ])
    #expect(second.status == 3)
    #expect(second.errors.contains("in use by another process"))
    program.send(SIGTERM)
    try program.wait()
  }

  @Test("at its bound the queue refuses with a time, and takes again when there is room")
  func bound() throws {
    let directory = try TemporaryDirectory()
    let state = Switch()
    let sink = try CollectingSink { _, _ in state.isOn ? nil : .text(503, "down") }
    let (program, port) = try start(sink.url, directory.path("queue"), ["--queue-max", "128KiB"])
    let client = try RawClient(port: port)
    func send(_ seed: UInt64) throws -> RawClient.Response {
      let body = Spans.request(10, seed: seed, padding: 2000)
      client.write(
        Array(
          "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: \(body.count)\r\n\r\n"
            .utf8) + body)
      return try client.response()
    }
    var taken: Set<String> = []
    var refused: RawClient.Response?
    for seed in 1...20 as ClosedRange<UInt64> where refused == nil {
      let response = try send(seed)
      if response.status == 200 { taken.formUnion(Spans.ids(10, seed: seed)) } else { refused = response }
    }
    #expect(refused?.status == 429)
    #expect(refused?.headers["retry-after"] != nil)
    state.turnOn()
    try waitUntil("room in the queue") { try send(100).status == 200 }
    program.send(SIGTERM)
    #expect(try program.wait().status == 0)
    #expect(taken.isSubset(of: Set(sink.counts.keys)))
  }

  @Test(
    "a disk that fills up loses nothing that was acknowledged",
    .enabled(if: getuid() == 0 && FileManager.default.fileExists(atPath: "/bin/mount")))
  func fullDisk() throws {
    let directory = try TemporaryDirectory()
    let mounted = try Program.run(
      ["-t", "tmpfs", "-o", "size=4m", "tmpfs", directory.url.path], executable: "/bin/mount")
    // Containers may forbid it.
    guard mounted.status == 0 else { return }
    defer { _ = try? Program.run(["-l", directory.url.path], executable: "/bin/umount") }
    let state = Switch()
    let sink = try CollectingSink { _, _ in state.isOn ? nil : .text(503, "down") }
    let (program, port) = try start(sink.url, directory.path("queue"))
    let client = try RawClient(port: port)
    var taken: Set<String> = []
    var refusals = 0
    for seed in 1...300 as ClosedRange<UInt64> {
      let body = Spans.request(10, seed: seed, padding: 2000)
      client.write(
        Array(
          "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: \(body.count)\r\n\r\n"
            .utf8) + body)
      if try client.response().status == 200 { taken.formUnion(Spans.ids(10, seed: seed)) } else { refusals += 1 }
    }
    #expect(refusals > 0)
    program.send(SIGKILL)
    try program.wait()
    state.turnOn()
    let (second, _) = try start(sink.url, directory.path("queue"))
    try waitUntil("all acknowledged spans") { taken.isSubset(of: sink.counts.keys) }
    second.send(SIGTERM)
    try second.wait()
  }
}
