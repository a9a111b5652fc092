/// What became of sending a batch once, whatever it was sent to.
public enum ExportOutcome: Sendable, Equatable {
  /// Taken, except for `rejected` of its items; a message with 0 of them is a warning. Never to be sent again.
  case delivered(rejected: Int = 0, message: String? = nil)
  /// Worth sending again, after the time the destination asked for if it did.
  case failed(reason: String, retryAfter: Duration? = nil, cause: FailureCause)
  /// Final: sending it again as it is cannot help, though sending parts of it may.
  case refused(reason: String, scope: RefusalScope)
  /// Given up because the caller stops.
  case cancelled
}

/// Why a batch did not arrive this time.
public enum FailureCause: Sendable, Equatable {
  /// There was no connection, or it broke.
  case connection
  /// The connection stood, and the time was over. A smaller batch may arrive.
  case timeout
  /// The destination has answered that it cannot take it now.
  case overload
}
