import Compression
import Foundation
import Platform
import TestSupport
import Testing
import Transport

@testable import Relay

/// What leaves is one gzip member or one zstd frame: receivers on tonic and tower-http read no further.
@Suite struct OneMemberTests {
  /// A destination that reads as those do: the ids it found, and the bodies.
  private final class Receiver: Sendable {
    let server: StubServer
    private let found: Monitor<[String]>

    init() throws {
      let found = Monitor<[String]>([])
      self.found = found
      server = try StubServer { request in
        guard let content = try? Spans.firstMember(request.body, request.headers["content-encoding"]),
          let ids = try? Spans.ids(in: content)
        else { return .text(400, "unreadable") }
        found.withLock { $0 += ids }
        return .respond(status: 200, headers: ["Content-Type": "application/x-protobuf"])
      }
    }

    var ids: [String] { found.withLock { $0 } }
  }

  @Test("all spans of twenty clients arrive", arguments: [ContentEncoding.gzip, .zstd], ContentEncoding.allCases)
  func clients(_ sent: ContentEncoding, _ received: ContentEncoding) throws {
    let sink = try Receiver()
    let relay = try RelayUnderTest(to: [sink.server.url]) {
      $0.destinations[0].compression = sent
      $0.pipeline.batchTimeout = .milliseconds(300)
    }
    var headers: HTTPHeaders = ["Content-Type": "application/x-protobuf"]
    if received != .identity { headers["Content-Encoding"] = received.rawValue }
    var expected: Set<String> = []
    for seed in 1...20 as ClosedRange<UInt64> {
      let body = try Spans.encoded(Spans.request(10, seed: seed, padding: Int(seed)), received)
      #expect(try relay.send(body, headers: headers).status == 200)
      expected.formUnion(Spans.ids(10, seed: seed))
    }
    #expect(relay.stop().lines[0].sent == 200)
    #expect(sink.ids.count == 200)
    #expect(Set(sink.ids) == expected)
    #expect(sink.server.requests.count < 20)
  }

  @Test("one member that goes alone passes untouched, and several become one")
  func alone() throws {
    let sink = try Receiver()
    let relay = try RelayUnderTest(to: [sink.server.url]) { $0.destinations[0].compression = .gzip }
    let gzip: HTTPHeaders = ["Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"]
    let member = try Spans.encoded(Spans.request(4, seed: 1), .gzip)
    #expect(try relay.send(member, headers: gzip).status == 200)
    try waitUntil("the first request") { sink.server.requests.count == 1 }
    let nothing = try Spans.encoded([], .gzip)
    let several =
      try nothing + Spans.encoded(Spans.request(4, seed: 2), .gzip) + Spans.encoded(Spans.request(4, seed: 3), .gzip)
    #expect(try relay.send(several, headers: gzip).status == 200)
    #expect(relay.stop().lines[0].sent == 12)
    #expect(sink.server.requests[0].body == member)
    #expect(Set(sink.ids) == Spans.ids(4, seed: 1).union(Spans.ids(4, seed: 2)).union(Spans.ids(4, seed: 3)))
  }
}
