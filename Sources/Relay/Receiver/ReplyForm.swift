import Compression
import HTTPServer

/// How a client is answered: in the protocol and the encoding of its request.
struct ReplyForm: Sendable {
  let transport: RequestSource.Transport
  let format: PayloadFormat
  /// The origin of the page that may read the response, in a browser.
  let origin: String?

  func response(_ reply: Reply) -> ServerResponse {
    switch transport {
    case .grpc: ReplyForm.call(reply)
    case .http: http(reply)
    }
  }

  private static func call(_ reply: Reply) -> ServerResponse {
    switch reply {
    case .accepted(let warning): return .grpc(message: StatusMessage.success(warning: warning, .protobuf))
    case .refused(let refusal):
      var response = ServerResponse.grpc(status: refusal.grpcStatus.rawValue, message: refusal.message)
      if refusal.kind == .unsupportedCoding {
        response.trailers.append(("grpc-accept-encoding", "\(ContentEncoding.accepted)"))
      }
      if let seconds = refusal.retryAfter {
        response.trailers.append(("grpc-status-details-bin", StatusMessage.retryDetails(refusal, seconds: seconds)))
      }
      return response
    }
  }

  private func http(_ reply: Reply) -> ServerResponse {
    var response: ServerResponse
    switch reply {
    case .accepted(let warning):
      response = ServerResponse(status: 200, body: StatusMessage.success(warning: warning, format))
    case .refused(let refusal):
      response = ServerResponse(status: refusal.httpStatus, body: StatusMessage.body(refusal, format))
      if let seconds = refusal.retryAfter { response.fields.append(("retry-after", String(seconds))) }
      switch refusal.kind {
      case .methodNotAllowed: response.fields.append(("allow", "POST"))
      case .unauthenticated: response.fields.append(("www-authenticate", "Bearer"))
      case .unsupportedCoding: response.fields.append(("accept-encoding", "\(ContentEncoding.accepted)"))
      default: break
      }
    }
    response.fields.append(("content-type", "\(format.contentType)"))
    if let origin {
      response.fields.append(("access-control-allow-origin", origin))
      response.fields.append(("vary", "Origin"))
    }
    return response
  }
}

extension ServerResponse {
  /// The answer to a CORS preflight (Fetch standard, section 3.3).
  static func preflight(origin: String, headers: String?) -> ServerResponse {
    var response = ServerResponse(status: 204)
    response.fields = [
      ("access-control-allow-origin", origin), ("access-control-allow-methods", "POST"),
      ("access-control-max-age", "7200"), ("vary", "Origin"),
    ]
    if let headers, headers.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) {
      response.fields.append(("access-control-allow-headers", headers))
    }
    return response
  }
}
