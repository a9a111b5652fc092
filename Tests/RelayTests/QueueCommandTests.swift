import Foundation
import TestSupport
import Testing

@testable import Relay

/// `ongrid relay queue`.
@Suite struct QueueCommandTests {
  private let directory: TemporaryDirectory
  private var queue: String { directory.path("queue") }

  init() throws { directory = try TemporaryDirectory() }

  private func run(_ arguments: String...) throws -> ProgramResult {
    try Program.run(["relay", "queue", queue] + arguments)
  }

  /// A relay with three spans refused and four that wait.
  private func start() throws -> DurableRelay {
    let bad = Spans.ids(3, seed: 1)
    let sink = try CollectingSink { _, request in
      let body = (try? Spans.decoded(request.body, request.headers["content-encoding"])) ?? []
      let ids = (try? Spans.ids(in: body)) ?? []
      return ids.contains { bad.contains($0) } ? .text(422, "label too long") : .text(503, "down")
    }
    let relay = try DurableRelay(to: sink.url, queue, ["--drain-timeout", "100ms"])
    let client = try relay.client(.http)
    #expect(try client.send(Spans.request(3, seed: 1)) == .delivered())
    try relay.process.program.waitForLine(containing: "are kept in")
    #expect(try client.send(Spans.request(4, seed: 2)) == .delivered())
    return relay
  }

  @Test("shows what waits and what was refused and why, while a relay runs and after", arguments: [true, false])
  func list(isRunning: Bool) throws {
    let relay = try start()
    // The row of what was refused is forgotten a moment after that was written.
    try waitUntil("one request waits", true: { try run().output.contains("1 requests, ") })
    if !isRunning { try relay.process.stop() }
    let text = try run()
    #expect(text.status == 0, "\(text.errors)")
    #expect(text.output.contains(isRunning ? "a relay uses it" : "no relay uses it"))
    #expect(text.output.contains("waiting       1 requests, 4 items"))
    #expect(text.output.contains("HTTP 422"))
    let json = try run("--format", "json")
    if Tools.hasPython {
      let verdict = try Tools.validate(json.stdout, schema: "relay-queue")
      #expect(verdict.status == 0, "\(verdict.output)")
    }
    let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    let waiting = try #require((object?["waiting"] as? [[String: Any]])?.first)
    #expect(waiting["items"] as? Int == 4 && waiting["since"] is String)
    let letters = object?["dead_letters"] as? [[String: Any]] ?? []
    #expect(letters.reduce(0) { $0 + ($1["items"] as? Int ?? 0) } == 3)
    if isRunning { try relay.process.stop() }
  }

  @Test("exports what waits and what was refused")
  func export() throws {
    try start().process.stop()
    #expect(try run("export").output.components(separatedBy: "\"traceId\"").count == 5)
    #expect(try run("export", "--dead-letters").output.components(separatedBy: "\"traceId\"").count == 4)
    #expect(try run("export", "--destination", "elsewhere").output.isEmpty)
  }

  @Test("dead letters go out again, by a relay that runs and by the next one", arguments: [true, false])
  func replay(isRunning: Bool) throws {
    let takes = Switch()
    let sink = try CollectingSink { _, _ in takes.isOn ? nil : .text(400, "no") }
    var relay = try DurableRelay(to: sink.url, queue)
    #expect(try relay.client(.http).send(Spans.request(3, seed: 1)) == .delivered())
    try relay.process.program.waitForLine(containing: "are kept in")
    takes.turnOn()
    if !isRunning { try relay.process.stop() }
    #expect(try run("replay").status == 0)
    if !isRunning { relay = try DurableRelay(to: sink.url, queue) }
    try sink.waitForSpans(3)
    #expect(try relay.process.stop().status == (isRunning ? 4 : 0))
    #expect(sink.counts.values.allSatisfy { $0 == 1 })
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(queue)/dead-letter").isEmpty)
  }

  @Test("drops what waits for a destination that is named, and dead letters")
  func drop() throws {
    try start().process.stop()
    #expect(try run("drop").status == 2)
    #expect(try run("drop", "--destination", "127.0.0.1").status == 0)
    #expect(try run().output.contains("waiting       nothing"))
    #expect(try run("drop", "--dead-letters").status == 0)
    #expect(try !run().output.contains("dead letters"))
    #expect(try run("compact").status == 0)
  }

  @Test("what a running relay has on disk only is dropped, and counted")
  func dropRunning() throws {
    let relay = try start()
    #expect(try run("drop", "--destination", "127.0.0.1").status == 0)
    try relay.process.program.waitForLine(containing: "dropped on request")
    #expect(try run().output.contains("waiting       nothing"))
    try relay.process.stop()
  }

  @Test("a directory without a queue, and an action that there is not, are named")
  func bad() throws {
    #expect(try run().errors.contains("holds no queue"))
    try FileManager.default.createDirectory(atPath: queue, withIntermediateDirectories: false)
    let result = try run("repaly")
    #expect(result.status == 2 && result.errors.contains("did you mean 'replay'"))
  }
}
