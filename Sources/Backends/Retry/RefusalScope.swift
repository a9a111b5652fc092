/// What a final refusal says about the parts of the request.
public enum RefusalScope: Sendable, Equatable {
  /// Nothing is taken there, or not from us: parts of the request would be refused as well.
  case everything
  /// Something in the request is bad; the rest of it may be taken.
  case content
  /// The request is too large; parts of it may be taken.
  case size

  /// What an HTTP status says.
  public init(httpStatus: Int) {
    switch httpStatus {
    case 400, 422: self = .content
    case 413: self = .size
    default: self = .everything
    }
  }

  /// What a gRPC status says. Servers answer INTERNAL to messages that they cannot decode.
  public init(grpcStatus: GRPCStatus) {
    switch grpcStatus {
    case .invalidArgument, .internalError: self = .content
    case .resourceExhausted: self = .size
    default: self = .everything
    }
  }
}
