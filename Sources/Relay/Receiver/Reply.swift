import HTTPServer
import Transport

/// The answer to a request, before it becomes HTTP or gRPC.
enum Reply: Sendable {
  /// Taken, but for a number of elements that no destination would take; with a warning that the sender is told of without
  /// having to send anything again.
  case accepted(rejected: Int = 0, warning: String? = nil)
  case refused(Refusal)
}

/// Why a request was not taken.
struct Refusal: Sendable {
  enum Kind: Int, Sendable, CaseIterable {
    case malformed, tooLarge, unauthenticated, notFound, methodNotAllowed, unsupportedMediaType, unsupportedCoding
    case overloaded, stopping, deadlineExceeded, headerTooLarge, timeout, unsupportedVersion, internalError
  }

  let kind: Kind
  /// One line for the client's log.
  let message: String
  /// Whole seconds after which to try again, where trying again makes sense.
  var retryAfter: Int?

  init(_ kind: Kind, _ message: String, retryAfter: Int? = nil) {
    self.kind = kind
    self.message = message
    self.retryAfter = retryAfter
  }

  /// What the server did not go on with.
  init(_ fault: RequestFault) {
    kind =
      switch fault {
      case .malformed: .malformed
      case .headerTooLarge: .headerTooLarge
      case .bodyTooLarge: .tooLarge
      case .timeout: .timeout
      case .deadlineExceeded: .deadlineExceeded
      case .overloaded: .overloaded
      case .stopping: .stopping
      case .unsupportedVersion: .unsupportedVersion
      }
    message = fault.message
    retryAfter = fault.retryAfter
  }

  var httpStatus: Int {
    switch kind {
    case .malformed: 400
    case .unauthenticated: 401
    case .notFound: 404
    case .methodNotAllowed: 405
    case .timeout: 408
    case .tooLarge: 413
    case .unsupportedMediaType, .unsupportedCoding: 415
    case .headerTooLarge: 431
    case .internalError: 500
    // Not 429: some clients give up on that.
    case .overloaded, .stopping: 503
    case .deadlineExceeded: 504
    case .unsupportedVersion: 505
    }
  }

  /// OTLP: what must not be sent again gets a code that is not retryable, overload gets UNAVAILABLE.
  var grpcStatus: GRPCStatus {
    switch kind {
    case .malformed, .unsupportedMediaType, .headerTooLarge, .unsupportedVersion: .invalidArgument
    case .unauthenticated: .unauthenticated
    case .notFound, .methodNotAllowed, .unsupportedCoding: .unimplemented
    case .tooLarge: .resourceExhausted
    case .overloaded, .stopping: .unavailable
    case .deadlineExceeded, .timeout: .deadlineExceeded
    case .internalError: .internalError
    }
  }
}
