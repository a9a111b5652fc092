import Foundation
import Platform
import TestSupport
import Testing

@testable import Relay

/// What a client may take from the answer to its request.
@Suite struct AcknowledgementTests {
  private func relay(
    to sinks: [CollectingSink], _ acknowledgement: Acknowledgement, queue: String? = nil
  ) throws -> RelayUnderTest {
    try RelayUnderTest(to: sinks.map(\.url)) {
      $0.acknowledgement = acknowledgement
      $0.queueDirectory = queue
      $0.drainTimeout = .milliseconds(200)
      $0.pipeline.retry.giveUpAfter = .milliseconds(100)
    }
  }

  @Test("delivered: a success is that of the destination", arguments: [false, true])
  func delivered(isDurable: Bool) throws {
    let directory = try TemporaryDirectory()
    let sink = try CollectingSink()
    let relay = try relay(to: [sink], .delivered, queue: isDurable ? directory.path("queue") : nil)
    for seed in 1...5 as ClosedRange<UInt64> {
      #expect(try relay.send(Spans.request(2, seed: seed)).status == 200)
      #expect(Spans.ids(2, seed: seed).isSubset(of: sink.counts.keys))
    }
    #expect(relay.stop().isComplete)
  }

  @Test("delivered: a refusal is the client's, and nothing is kept")
  func refused() throws {
    let directory = try TemporaryDirectory()
    let sink = try CollectingSink { _, _ in .text(400, "a label is too long") }
    let relay = try relay(to: [sink], .delivered, queue: directory.path("queue"))
    let answer = try relay.send(Spans.request(2, seed: 1))
    #expect(answer.status == 400)
    #expect(String(decoding: answer.body, as: UTF8.self).contains("the destination refused"))
    let call = try relay.call(Spans.request(2, seed: 1))
    #expect(call.status == 3)
    #expect(relay.stop().lines[0].deadLettered == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path("queue/dead-letter")).isEmpty)
  }

  @Test("delivered: one bad client of a batch hears of it, the others of their success")
  func isolated() throws {
    let bad = Spans.ids(1, seed: 3)
    let sink = try CollectingSink { _, request in
      let ids = (try? Spans.ids(in: request.body)) ?? []
      return ids.contains { bad.contains($0) } ? .text(400, "no") : nil
    }
    let relay = try relay(to: [sink], .delivered)
    let statuses = Monitor<[UInt64: Int]>([:])
    let port = relay.port
    var threads: [ThreadHandle] = []
    for seed in 1...6 as ClosedRange<UInt64> {
      threads.append(
        try ThreadHandle {
          let client = try? RawClient(port: port)
          let body = Spans.request(1, seed: seed)
          client?.write(
            "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\nContent-Length: \(body.count)\r\n\r\n"
          )
          client?.write(body)
          let status = (try? client?.response().status) ?? 0
          statuses.withLock { $0[seed] = status }
        })
    }
    for thread in threads { thread.join() }
    #expect(statuses.withLock { $0 } == [1: 200, 2: 200, 3: 400, 4: 200, 5: 200, 6: 200])
    relay.stop()
  }

  @Test("delivered: a destination that is down is the client's to wait for")
  func down() throws {
    let sink = try CollectingSink { _, _ in .text(503, "down") }
    let relay = try relay(to: [sink], .delivered)
    let answer = try relay.send(Spans.request(2, seed: 1))
    #expect([429, 503].contains(answer.status))
    #expect(answer.headers["retry-after"] != nil)
    relay.stop()
  }

  @Test("accepted: the answer does not wait for the disk, and what is accepted is stored all the same")
  func accepted() throws {
    let directory = try TemporaryDirectory()
    let isUp = Switch()
    let sink = try CollectingSink { _, _ in isUp.isOn ? nil : .text(503, "down") }
    let first = try RelayUnderTest(to: [sink.url]) {
      $0.acknowledgement = .accepted
      $0.queueDirectory = directory.path("queue")
      $0.drainTimeout = .milliseconds(100)
      $0.pipeline.retry.giveUpAfter = nil
    }
    #expect(try first.send(Spans.request(2, seed: 1)).status == 200)
    #expect(first.stop().lines[0].waiting == 2)
    isUp.turnOn()
    let second = try relay(to: [sink], .stored, queue: directory.path("queue"))
    try sink.waitForSpans(2)
    second.stop()
  }

  @Test("stored needs a directory")
  func storedWhere() throws {
    let result = try Program.run(["relay", "--to", "file:/dev/null", "--ack", "stored"])
    #expect(result.status == 2)
    #expect(result.errors.contains("--ack stored needs --queue-dir"))
  }
}
