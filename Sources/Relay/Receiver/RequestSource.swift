import OTLP

/// Where a request came from, for the counters.
struct RequestSource: Sendable {
  enum Transport: Int, CaseIterable, Sendable {
    case grpc, http

    var name: String {
      switch self {
      case .grpc: "grpc"
      case .http: "http"
      }
    }
  }

  let signal: OTLPSignal
  let transport: Transport
  /// When its first byte came, in monotonic ns.
  let began: Int64
}
