import Foundation
import OTLP
import Platform
import TestSupport

@testable import Relay

/// A destination that answers at random: with every status, too late, in part, or not at all; some spans it never takes.
final class FaultySink: Sendable {
  private struct State {
    var random: SeededRandom
    var isHealthy = false
    var taken: [String: Int] = [:]
    /// Said to be rejected by a partial success.
    var rejected = 0
    /// Spans of requests that were taken while the relay was told otherwise.
    var unsaid = 0
  }

  let server: StubServer
  private let state: Monitor<State>

  /// - Parameter refuses: the spans that are bad for good, by trace id.
  init(seed: UInt64, refuses: @escaping @Sendable (String) -> Bool) throws {
    let state = Monitor(State(random: SeededRandom(seed: seed)))
    self.state = state
    server = try StubServer { request in
      guard let body = try? Spans.firstMember(request.body, request.headers["content-encoding"]),
        let ids = try? Spans.ids(in: body)
      else { return .text(400, "unreadable") }
      return state.withLock { FaultySink.answer(ids, refuses, &$0) }
    }
  }

  private static func answer(
    _ ids: [String], _ refuses: (String) -> Bool, _ state: inout State
  ) -> StubServer.Answer {
    let isBad = ids.contains(where: refuses)
    if state.isHealthy || Int.random(in: 0..<10, using: &state.random) < 6 {
      if isBad { return .text([400, 422, 500].randomElement(using: &state.random) ?? 400, "bad") }
      take(ids, &state)
      return .respond(status: 200, headers: ["Content-Type": "application/x-protobuf"])
    }
    switch Int.random(in: 0..<12, using: &state.random) {
    case 0...4:
      let statuses = [429, 502, 503, 504, 408, 413, 429, 503, 501, 500, 401, 403]
      let status = statuses.randomElement(using: &state.random) ?? 503
      return .respond(status: status, headers: Bool.random(using: &state.random) ? ["Retry-After": "0"] : [:])
    case 5: return .reset
    case 6: return .close
    case 7: return .silence
    case 8 where !isBad:
      // Taken, and the answer does not arrive.
      take(ids, &state)
      state.unsaid += ids.count
      return .reset
    case 9 where !isBad:
      take(ids, &state)
      state.rejected += 1
      var message = ByteBuffer()
      message.appendField(1) { $0.appendField(1, varint: 1) }
      return .respond(
        status: 200, headers: ["Content-Type": "application/x-protobuf"], body: [UInt8](message.view))
    case 10: return .after(seconds: 0.05, .text(503, "later"))
    default: return .raw(Array("HTTP/1.1 999 What\r\n\r\n".utf8))
    }
  }

  private static func take(_ ids: [String], _ state: inout State) {
    for id in ids { state.taken[id, default: 0] += 1 }
  }

  func heal() { state.withLock { $0.isHealthy = true } }
  var taken: Set<String> { state.withLock { Set($0.taken.keys) } }
}
