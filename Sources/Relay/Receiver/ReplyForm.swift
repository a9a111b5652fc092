import HTTPServer
import OTLP

/// How a client is answered: in the protocol and the encoding of its request.
struct ReplyForm: Sendable {
  enum Shape: Sendable {
    case grpc
    case grpcWeb(GRPCWeb)
    case http(PayloadFormat)
  }

  let shape: Shape
  var signal = OTLPSignal.traces
  /// The origin of the page that may read the response, in a browser.
  var origin: String?

  var transport: RequestSource.Transport {
    if case .http = shape { return .http }
    return .grpc
  }

  func response(_ reply: Reply) -> ServerResponse {
    var response =
      switch shape {
      case .grpc: call(reply)
      case .grpcWeb(let web): web.response(call(reply))
      case .http(let format): http(reply, format)
      }
    if let origin { response.allow(origin: origin) }
    return response
  }

  private func call(_ reply: Reply) -> ServerResponse {
    switch reply {
    case .accepted(let rejected, let warning):
      return .grpc(message: StatusMessage.success(signal, rejected: rejected, warning: warning, .protobuf))
    case .refused(let refusal):
      var response = ServerResponse.grpc(status: refusal.grpcStatus.rawValue, message: refusal.message)
      if refusal.kind == .unsupportedCoding {
        response.trailers.append(("grpc-accept-encoding", "\(RequestCoding.accepted)"))
      }
      if let seconds = refusal.retryAfter {
        response.trailers.append(("grpc-status-details-bin", StatusMessage.retryDetails(refusal, seconds: seconds)))
      }
      return response
    }
  }

  private func http(_ reply: Reply, _ format: PayloadFormat) -> ServerResponse {
    var response: ServerResponse
    switch reply {
    case .accepted(let rejected, let warning):
      response = ServerResponse(
        status: 200, body: StatusMessage.success(signal, rejected: rejected, warning: warning, format))
    case .refused(let refusal):
      response = ServerResponse(status: refusal.httpStatus, body: StatusMessage.body(refusal, format))
      if let seconds = refusal.retryAfter { response.fields.append(("retry-after", String(seconds))) }
      switch refusal.kind {
      case .methodNotAllowed: response.fields.append(("allow", "POST"))
      case .unauthenticated: response.fields.append(("www-authenticate", "Bearer"))
      case .unsupportedCoding: response.fields.append(("accept-encoding", "\(RequestCoding.accepted)"))
      default: break
      }
    }
    response.fields.append(("content-type", format.contentType))
    return response
  }
}

extension ServerResponse {
  /// The answer to a CORS preflight (Fetch standard, section 3.3).
  static func preflight(origin: String, headers: String?) -> ServerResponse {
    var response = ServerResponse(status: 204)
    response.fields = [("access-control-allow-methods", "POST"), ("access-control-max-age", "7200")]
    if let headers, headers.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) {
      response.fields.append(("access-control-allow-headers", headers))
    }
    response.allow(origin: origin)
    return response
  }

  /// Lets the page that `origin` names read the response, also when it sends with credentials, as `sendBeacon` always does.
  /// The relay has no use for cookies, so that this gives nothing away.
  fileprivate mutating func allow(origin: String) {
    fields += [
      ("access-control-allow-origin", origin), ("access-control-allow-credentials", "true"), ("vary", "Origin"),
    ]
  }
}
