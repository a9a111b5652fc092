import Foundation
import Platform
import TestSupport

/// How a destination is spoken to.
enum SenderTransport: String, CaseIterable, Sendable { case http, grpc }

/// A destination over either transport, which collects span ids and answers as a test says.
final class SenderSink: Sendable {
  /// What it says to a request.
  enum Verdict: Sendable {
    case accepted
    case partial(rejected: Int, message: String)
    /// Overloaded, with the time after which to come back.
    case later(LaterWhen?)
    /// Bad for good.
    case refused
    /// The connection breaks.
    case broken
    /// Success, with this many bytes of answer.
    case talkative(bytes: Int)
  }

  enum LaterWhen: Sendable { case seconds(Int), date(Date), milliseconds(Int) }

  /// A request as it came: when, and its message.
  struct Arrival: Sendable {
    let time: Int64
    let message: [UInt8]
  }

  let url: String
  private let state: State
  private let http: StubServer?
  private let grpc: StubGRPCServer?

  private final class State: Sendable {
    let arrivals = Monitor<[Arrival]>([])
    let ids = Monitor<[String: Int]>([:])

    func take(_ message: [UInt8]) -> Int {
      arrivals.withLock {
        $0.append(Arrival(time: monotonicNanoseconds(), message: message))
        return $0.count - 1
      }
    }

    func keep(_ message: [UInt8]) {
      let found = (try? Spans.ids(in: message)) ?? []
      ids.withLock { ids in
        for id in found { ids[id, default: 0] += 1 }
      }
    }
  }

  /// - Parameter verdict: on the request of that number, from 0.
  init(_ transport: SenderTransport, _ verdict: @escaping @Sendable (Int) -> Verdict = { _ in .accepted }) throws {
    let state = State()
    self.state = state
    switch transport {
    case .http:
      let server = try StubServer { request in
        let message = (try? Spans.decoded(request.body, request.headers["content-encoding"])) ?? []
        return SenderSink.answer(verdict(state.take(message)), message, state)
      }
      http = server
      grpc = nil
      url = server.url
    case .grpc:
      let server = try StubGRPCServer { body in
        // Compression would be beside the point here.
        let message = Array(body.dropFirst(5))
        return SenderSink.answer(verdict(state.take(message)), message, state)
      }
      http = nil
      grpc = server
      url = "grpc://127.0.0.1:\(server.port)"
    }
  }

  var arrivals: [Arrival] { state.arrivals.withLock { $0 } }
  /// How often each span was taken, by trace id.
  var counts: [String: Int] { state.ids.withLock { $0 } }
  var connectionCount: Int { http?.connectionCount ?? grpc?.connectionCount ?? 0 }

  func waitForSpans(_ count: Int) throws { try waitUntil("\(count) spans at the sink") { counts.count >= count } }
  func waitForRequests(_ count: Int) throws {
    try waitUntil("\(count) requests at the sink") { arrivals.count >= count }
  }

  private static let protobuf = ["Content-Type": "application/x-protobuf"]

  private static func answer(_ verdict: Verdict, _ message: [UInt8], _ state: State) -> StubServer.Answer {
    switch verdict {
    case .accepted, .partial, .talkative: state.keep(message)
    case .later, .refused, .broken: break
    }
    switch verdict {
    case .accepted: return .respond(status: 200, headers: protobuf)
    case .partial(let rejected, let text):
      return .respond(status: 200, headers: protobuf, body: partial(rejected, text))
    case .later(nil): return .text(503, "busy")
    case .later(.seconds(let seconds)): return .respond(status: 503, headers: ["Retry-After": "\(seconds)"])
    case .later(.milliseconds): return .text(503, "HTTP has no such form")
    case .later(.date(let date)):
      let format = DateFormatter()
      format.locale = Locale(identifier: "en_US_POSIX")
      format.timeZone = TimeZone(identifier: "GMT")
      format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
      return .respond(status: 429, headers: ["Retry-After": format.string(from: date)])
    case .refused: return .text(400, "bad")
    case .broken: return .close
    case .talkative(let bytes): return .endless(bytes: bytes)
    }
  }

  private static func answer(_ verdict: Verdict, _ message: [UInt8], _ state: State) -> StubGRPCServer.Answer {
    switch verdict {
    case .accepted, .partial, .talkative: state.keep(message)
    case .later, .refused, .broken: break
    }
    switch verdict {
    case .accepted: return .init(body: [0, 0, 0, 0, 0], trailers: [("grpc-status", "0")])
    case .partial(let rejected, let text):
      let reply = partial(rejected, text)
      return .init(body: [0, 0, 0, 0, UInt8(reply.count)] + reply, trailers: [("grpc-status", "0")])
    case .later(nil), .later(.date): return .init(trailers: [("grpc-status", "14")])
    case .later(.seconds(let seconds)): return retryInfo(milliseconds: seconds * 1000)
    case .later(.milliseconds(let milliseconds)): return retryInfo(milliseconds: milliseconds)
    case .refused: return .init(trailers: [("grpc-status", "3"), ("grpc-message", "bad")])
    case .broken:
      var answer = StubGRPCServer.Answer()
      answer.manners = .closes
      return answer
    case .talkative(let bytes):
      return .init(body: [UInt8](repeating: 0, count: bytes), trailers: [("grpc-status", "0")])
    }
  }

  /// ExportTraceServiceResponse { partial_success { rejected_spans, error_message } }.
  private static func partial(_ rejected: Int, _ text: String) -> [UInt8] {
    var reply = ByteBuffer()
    reply.appendField(1) { partial in
      partial.appendField(1, varint: UInt64(rejected))
      partial.appendField(2, string: text)
    }
    return [UInt8](reply.view)
  }

  /// RESOURCE_EXHAUSTED with google.rpc.RetryInfo, which makes it worth another attempt.
  private static func retryInfo(milliseconds: Int) -> StubGRPCServer.Answer {
    var status = ByteBuffer()
    status.appendField(1, varint: 8)
    status.appendField(3) { any in
      any.appendField(1, string: "type.googleapis.com/google.rpc.RetryInfo")
      any.appendField(2) { info in
        info.appendField(1) { delay in
          delay.appendField(1, varint: UInt64(milliseconds / 1000))
          delay.appendField(2, varint: UInt64(milliseconds % 1000) * 1_000_000)
        }
      }
    }
    let details = Data([UInt8](status.view)).base64EncodedString().replacingOccurrences(of: "=", with: "")
    return .init(trailers: [("grpc-status", "8"), ("grpc-status-details-bin", details)])
  }
}
