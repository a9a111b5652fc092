import Transport

/// Why a backend gave no usable answer. Descriptions are one line without credentials.
public enum BackendError: Error, Sendable, Equatable {
  /// No response.
  case http(HTTPError)
  /// The server refused the query itself (HTTP 400 or 422): its words, for instance a parse error.
  case query(String)
  /// Another error status; `message` is what the server said, cut to a line.
  case status(origin: String, status: Int, message: String)
  /// A success that cannot be read.
  case badAnswer(origin: String, reason: String)
  /// The backend has no way to answer this.
  case notSupported(String)
  /// What was sent was not taken: in the words of the receiver or of who sent it.
  case notTaken(String)

  /// Whether the backend was not reached or failed, as opposed to having refused this query.
  public var isOutage: Bool {
    switch self {
    case .http, .badAnswer: true
    case .status(_, let status, _): status >= 500 || status == 429
    case .query, .notSupported, .notTaken: false
    }
  }
}

extension BackendError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .http(let error): error.description
    case .query(let message): message
    case .status(let origin, let status, let message):
      "\(origin) answered HTTP \(status)" + (message.isEmpty ? "" : ": \(message)")
    case .badAnswer(let origin, let reason): "\(origin) answered something else than expected: \(reason)"
    case .notSupported(let reason), .notTaken(let reason): reason
    }
  }
}
