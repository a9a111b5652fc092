import Backends
import Foundation
import Platform
import TestSupport
import Transport

/// Stands before a remote-write receiver and passes requests on, but not all of them, not at once, and not every answer.
final class FaultyProxy: Sendable {
  private struct State {
    var requests = 0
    var faults: [String: Int] = [:]
  }

  private let state = Monitor(State())
  private let server = Monitor<StubServer?>(nil)

  /// - Parameter upstream: the receiver's own URL.
  init(upstream: String) throws {
    let state = state
    let url = try HTTPURL(upstream)
    let stub = try StubServer { request in
      let number = state.withLock { state in
        state.requests += 1
        return state.requests
      }
      func pass() -> StubServer.Answer {
        do {
          let response = try HTTPClient(options: HTTPOptions()).send(
            HTTPRequest(method: .post, url: url, headers: Self.headers, body: .bytes(request.body)))
          return .respond(status: response.status, body: response.body)
        } catch { return .text(502, "no upstream") }
      }
      let fault = Fault.of(number)
      if fault != .none { state.withLock { $0.faults["\(fault)", default: 0] += 1 } }
      switch fault {
      case .none: return pass()
      case .dropAnswer:
        _ = pass()
        return .close
      case .gatewayTimeout:
        _ = pass()
        return .text(504, "the upstream took too long")
      case .delay: return .after(seconds: 0.3, pass())
      case .refuseBatch: return .text(400, "refused by the proxy")
      case .overload: return .text(503, "later")
      case .reset: return .reset
      }
    }
    server.withLock { $0 = stub }
  }

  /// What happens to a request. No two in a row are refused, so that what is sent again in parts is taken.
  private enum Fault {
    case none, dropAnswer, gatewayTimeout, delay, refuseBatch, overload, reset

    static func of(_ number: Int) -> Fault {
      switch number % 23 {
      case 2: .dropAnswer
      case 5: .refuseBatch
      case 8: .gatewayTimeout
      case 11: .delay
      case 14: .overload
      case 17: .reset
      case 18: .dropAnswer
      default: .none
      }
    }
  }

  private static let headers: HTTPHeaders = [
    "Content-Type": "application/x-protobuf", "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
  ]

  var url: String { server.withLock { $0?.url ?? "" } }

  /// How many requests there were, and what was done to some of them.
  var report: String { state.withLock { "\($0.requests) requests, \($0.faults.sorted { $0.key < $1.key })" } }
}
