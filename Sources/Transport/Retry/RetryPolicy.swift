/// When to send again what failed, and how often.
///
/// Exponential backoff with full jitter: a wait is random between nothing and a bound that doubles, so that many
/// clients of one failing server do not come back together. What the server asks for (Retry-After, RetryInfo) wins.
public struct RetryPolicy: Sendable {
  /// Bound of the first wait.
  public var initial: Duration
  /// Bound of any wait.
  public var maximum: Duration
  /// How long after the first attempt the last may start; nil for ever.
  public var giveUpAfter: Duration?
  /// How many attempts in all; nil for no limit.
  public var maximumAttempts: Int?

  public init(
    initial: Duration = .seconds(1), maximum: Duration = .seconds(30), giveUpAfter: Duration? = .seconds(300),
    maximumAttempts: Int? = nil
  ) {
    self.initial = initial
    self.maximum = maximum
    self.giveUpAfter = giveUpAfter
    self.maximumAttempts = maximumAttempts
  }

  /// For queries a person waits for: three attempts within seconds.
  public static let reads = RetryPolicy(
    initial: .milliseconds(200), maximum: .seconds(2), giveUpAfter: .seconds(10), maximumAttempts: 3)

  /// How long to wait after attempt number `attempt` (from 1) failed `elapsed` after the first began; nil to give up.
  public func delay(afterAttempt attempt: Int, elapsed: Duration, requested: Duration? = nil) -> Duration? {
    if let maximumAttempts, attempt >= maximumAttempts { return nil }
    var bound = initial
    for _ in 1..<min(max(attempt, 1), 64) where bound < maximum { bound *= 2 }
    let limit = min(bound, maximum)
    let jittered = limit * Double.random(in: 0...1)
    let wait = max(requested ?? .zero, requested == nil ? jittered : .zero)
    if let giveUpAfter, elapsed + wait > giveUpAfter { return nil }
    return wait
  }
}

/// Which answers may be asked again (OTLP specification, "Failures").
public enum Retryable {
  /// HTTP statuses that say "later", not "never".
  public static func isRetryable(httpStatus: Int) -> Bool {
    [429, 502, 503, 504].contains(httpStatus)
  }

  /// gRPC codes. `hasRetryInfo`: the server said when to come back, which RESOURCE_EXHAUSTED needs.
  public static func isRetryable(grpcStatus: GRPCStatus, hasRetryInfo: Bool) -> Bool {
    switch grpcStatus {
    case .cancelled, .deadlineExceeded, .aborted, .outOfRange, .unavailable, .dataLoss: true
    case .resourceExhausted: hasRetryInfo
    default: false
    }
  }
}
