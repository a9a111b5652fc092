import HTTPServer
import OTLP
import Platform

/// Decides from a request's header what becomes of it, before its body is read.
struct Router: Sendable {
  /// The signals that have a destination.
  let signals: Set<OTLPSignal>
  /// The origins that browsers may send from; `*` is any.
  let corsOrigins: [String]
  /// What a client must show, when anything.
  let tokens: TokenFile?
  /// Told of a request of a signal that has no destination, which is refused.
  var onUnclaimed: @Sendable (OTLPSignal) -> Void = { _ in }

  enum Route {
    /// Read the body and hand it on.
    case export(OTLPSignal, PayloadFormat, RequestCoding)
    /// Read the body, a question of `grpc.health.v1.Health`.
    case health
    case refused(Refusal)
    /// A CORS preflight that may pass, from this origin.
    case preflight(String)
  }

  func route(_ head: RequestHead) -> Route {
    if head.isGRPC { return route(grpc: head) }
    if head.method == "OPTIONS", head.requestedMethod != nil, signal(head) != nil, let origin = allowedOrigin(head) {
      return .preflight(origin)
    }
    return GRPCWeb(mediaType: head.mediaType) == nil ? route(http: head) : route(grpc: head)
  }

  /// The signal that a request's path names.
  func signal(_ head: RequestHead) -> OTLPSignal? { OTLPSignal(httpPath: head.path) ?? OTLPSignal(grpcPath: head.path) }

  /// How to answer a request, whatever the answer.
  func replyForm(_ head: RequestHead) -> ReplyForm {
    if head.isGRPC { return ReplyForm(shape: .grpc) }
    let mediaType = head.mediaType
    let origin = allowedOrigin(head)
    if let web = GRPCWeb(mediaType: mediaType) { return ReplyForm(shape: .grpcWeb(web), origin: origin) }
    return ReplyForm(shape: .http(mediaType == "application/json" ? .json : .protobuf), origin: origin)
  }

  private func route(http head: RequestHead) -> Route {
    guard let signal = OTLPSignal(httpPath: head.path) else {
      return .refused(
        Refusal(.notFound, "nothing is served at this path; send to /v1/traces, /v1/metrics or /v1/logs"))
    }
    guard head.method == "POST" else {
      return .refused(Refusal(.methodNotAllowed, "only POST is served at \(head.path)"))
    }
    if let refusal = refusal(signal, head) { return .refused(refusal) }
    let format: PayloadFormat
    switch head.mediaType {
    case "application/x-protobuf", "application/protobuf": format = .protobuf
    case "application/json": format = .json
    default:
      return .refused(
        Refusal(.unsupportedMediaType, "send application/x-protobuf or application/json, not '\(head.mediaType)'"))
    }
    guard let coding = RequestCoding(header: head.contentEncoding) else {
      return .refused(Refusal(.unsupportedCoding, "content encoding is not one of \(RequestCoding.accepted)"))
    }
    return .export(signal, format, coding)
  }

  private func route(grpc head: RequestHead) -> Route {
    guard head.method == "POST" else {
      return .refused(Refusal(.methodNotAllowed, "gRPC calls are POST requests"))
    }
    if head.isGRPC, head.path == HealthCheck.path { return .health }
    guard let signal = OTLPSignal(grpcPath: head.path) else {
      return .refused(Refusal(.notFound, "unknown method \(head.path.prefix(200))"))
    }
    if let refusal = refusal(signal, head) { return .refused(refusal) }
    switch head.mediaType {
    case "application/grpc", "application/grpc+proto": break
    case let type where GRPCWeb(mediaType: type) != nil: break
    default: return .refused(Refusal(.unsupportedCoding, "only application/grpc+proto is served"))
    }
    guard let coding = RequestCoding(header: head.grpcEncoding) else {
      return .refused(Refusal(.unsupportedCoding, "grpc-encoding is not one of \(RequestCoding.accepted)"))
    }
    return .export(signal, .protobuf, coding)
  }

  private func refusal(_ signal: OTLPSignal, _ head: RequestHead) -> Refusal? {
    if let tokens, !tokens.accepts(authorization: head.authorization) {
      return Refusal(.unauthenticated, "a bearer token that this relay knows is required")
    }
    guard signals.contains(signal) else {
      onUnclaimed(signal)
      return Refusal(
        .notFound,
        "this relay has no destination for \(signal); start it with \(signal.option)"
      )
    }
    return nil
  }

  /// The origin to name in the response, when the request has one that may read it.
  private func allowedOrigin(_ head: RequestHead) -> String? {
    guard let origin = head.origin, !corsOrigins.isEmpty else { return nil }
    return corsOrigins.contains("*") || corsOrigins.contains(origin) ? origin : nil
  }
}
