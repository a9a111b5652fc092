/// What a final refusal says about the parts of the request.
public enum RefusalScope: Sendable, Equatable {
  /// Nothing is taken there, or not from us: parts of the request would be refused as well.
  case destination
  /// Something in the request is bad; the rest of it may be taken.
  case content
  /// The request is too large, and will be at any time; parts of it may be taken.
  case size
  /// The request is too large for what the server takes at once or at present. Parts of it may be taken, and a part that
  /// cannot be cut may be taken later.
  case capacity

  /// What an HTTP status says that is final.
  ///
  /// Most of them are about this request. Servers answer 500 to a single bad point as well as to everything, so what is
  /// not surely about the destination counts as content.
  public init(httpStatus: Int) {
    switch httpStatus {
    case 408: self = .capacity
    case 413: self = .size
    case ..<400, 401...407, 410, 411, 415, 417, 421, 426, 431, 451, 505, 511: self = .destination
    default: self = .content
    }
  }

  /// What a gRPC status says that is final.
  ///
  /// - Parameter message: tells a message over the limit, which will never be taken, from a limit of rate or burst.
  public init(grpcStatus: GRPCStatus, message: String = "") {
    switch grpcStatus {
    case .unauthenticated, .permissionDenied, .unimplemented: self = .destination
    case .resourceExhausted: self = ErrorMessage.namesSize(message) ? .size : .capacity
    default: self = .content
    }
  }
}
