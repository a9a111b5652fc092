/// Why the server itself does not go on with a request.
public enum RequestFault: Sendable, Equatable {
  /// What is wrong with it, in one line.
  case malformed(String)
  case headerTooLarge
  /// With the most bytes that a body may have.
  case bodyTooLarge(limit: Int)
  /// What took too long to arrive, in one line.
  case timeout(String)
  /// The time that the client allowed has passed.
  case deadlineExceeded
  /// More is being received than may be at once.
  case overloaded
  case stopping
  case unsupportedVersion

  /// The HTTP status that says so.
  public var status: Int {
    switch self {
    case .malformed: 400
    case .timeout: 408
    case .bodyTooLarge: 413
    case .headerTooLarge: 431
    case .overloaded, .stopping: 503
    case .deadlineExceeded: 504
    case .unsupportedVersion: 505
    }
  }

  /// One line for the client's log.
  public var message: String {
    switch self {
    case .malformed(let what), .timeout(let what): what
    case .headerTooLarge: "the header of the request is too large"
    case .bodyTooLarge(let limit): "the request is larger than \(limit) bytes"
    case .deadlineExceeded: "the deadline passed before the request was complete"
    case .overloaded: "too many requests are being received at once"
    case .stopping: "the server is stopping"
    case .unsupportedVersion: "only HTTP/1.1 and HTTP/2 are spoken here"
    }
  }

  /// Whole seconds after which to try again, where trying again makes sense.
  public var retryAfter: Int? {
    switch self {
    case .overloaded, .stopping: 1
    default: nil
    }
  }
}
