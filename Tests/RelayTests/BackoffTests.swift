import Foundation
import Platform
import TestSupport
import Testing
import Transport

@testable import Relay

/// A destination that refuses some requests for a while holds up no others.
@Suite struct BackoffTests {
  @Test("one request that is to come back later stops no others", arguments: [false, true])
  func oneRefusedForLong(isDurable: Bool) throws {
    let directory = try TemporaryDirectory()
    let sink = try CollectingSink { index, _ in
      index == 0 ? .respond(status: 503, headers: ["Retry-After": "25"]) : nil
    }
    let relay = try RelayUnderTest(to: [sink.url]) {
      $0.queueDirectory = isDurable ? directory.path("queue") : nil
      $0.pipeline.retry = RetryPolicy(initial: .milliseconds(5), maximum: .seconds(60), giveUpAfter: nil)
      $0.drainTimeout = .milliseconds(100)
    }
    #expect(try relay.send(Spans.request(1, seed: 1)).status == 200)
    try waitUntil("the first request at the sink") { sink.server.requests.count == 1 }
    for seed in 2...12 as ClosedRange<UInt64> {
      #expect(try relay.send(Spans.request(1, seed: seed)).status == 200)
      try sink.waitForSpans(Int(seed) - 1)
    }
    let line = relay.stop().lines[0]
    #expect(line.sent == 11)
    #expect((isDurable ? line.waiting : line.lost) == 1)
  }
}
