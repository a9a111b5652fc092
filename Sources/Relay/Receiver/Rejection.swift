/// Elements of an accepted request that are left out, since no destination would take them.
struct Rejection: Sendable {
  /// Spans, data points or log records.
  var items = 0
  /// Why, in one line.
  var reason: String?

  /// The reply to the whole request when `reply` is that to what is left of it.
  func completing(_ reply: Reply) -> Reply {
    guard items > 0, case .accepted(let rejected, let warning) = reply else { return reply }
    let warnings = [reason, warning].compactMap(\.self)
    return .accepted(rejected: items + rejected, warning: warnings.joined(separator: "; "))
  }
}
