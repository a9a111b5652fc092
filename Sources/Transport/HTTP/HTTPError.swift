/// Why an exchange gave no response. A response with an error status is not an `HTTPError`.
///
/// Descriptions are one line and never hold credentials: URLs appear as their origin, headers by name.
public enum HTTPError: Error, Sendable, Equatable {
  case invalidURL(String)
  case invalidHeader(String)
  /// libcurl is missing or unusable.
  case unavailable(String)
  /// No connection: unknown host, refused, unreachable.
  case unreachable(origin: String, reason: String)
  /// The connection was there and broke before the response was complete.
  case interrupted(origin: String, reason: String)
  /// There was no connection within the time for making one.
  case noConnection(origin: String, after: Duration)
  /// Nothing moved for so long.
  case stalled(origin: String, after: Duration)
  /// The last moment for the whole exchange has come.
  case timeout(origin: String)
  case tls(origin: String, reason: String)
  /// The response body is larger than the limit (in bytes).
  case tooLarge(origin: String, limit: Int)
  case tooManyRedirects(origin: String)
  /// A credential or certificate file could not be used.
  case credentials(String)
  case cancelled(origin: String)

  /// Whether the request may not have been processed and sending it again can help.
  public var isRetryable: Bool {
    switch self {
    case .unreachable, .interrupted, .noConnection, .stalled, .timeout: true
    case .invalidURL, .invalidHeader, .unavailable, .tls, .tooLarge, .tooManyRedirects, .credentials, .cancelled: false
    }
  }
}

extension HTTPError {
  /// Whether time has run out, and so has the patience of whoever waits.
  public var isTimeout: Bool {
    switch self {
    case .noConnection, .stalled, .timeout: true
    default: false
    }
  }
}

extension HTTPError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalidURL(let reason): "bad URL: \(reason)"
    case .invalidHeader(let reason): "bad header: \(reason)"
    case .unavailable(let reason): reason
    case .unreachable(let origin, let reason): "cannot reach \(origin): \(reason)"
    case .interrupted(let origin, let reason): "connection to \(origin) broke: \(reason)"
    case .noConnection(let origin, let after): "cannot reach \(origin): no connection within \(HTTPError.text(after))"
    case .stalled(let origin, let after): "no answer from \(origin): nothing moved for \(HTTPError.text(after))"
    case .timeout(let origin): "no complete answer from \(origin) in time"
    case .tls(let origin, let reason): "no TLS connection to \(origin): \(reason)"
    case .tooLarge(let origin, let limit): "answer from \(origin) is larger than \(limit) bytes"
    case .tooManyRedirects(let origin): "\(origin) redirects too often"
    case .credentials(let reason): reason
    case .cancelled(let origin): "request to \(origin) was cancelled"
    }
  }

  private static func text(_ duration: Duration) -> String {
    let milliseconds = duration.milliseconds
    return milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
  }
}
