import Transport

/// How accepted requests are batched, queued and sent.
public struct PipelineSettings: Sendable {
  /// The most spans, data points or log records of a batch.
  public var batchItems = 8192
  /// The most bytes of a batch before compression.
  public var batchBytes = 4 << 20
  /// How long the oldest request waits for its batch to fill.
  public var batchTimeout: Duration = .milliseconds(200)
  /// The most bytes that wait for one destination, in memory or on disk.
  public var queueMax = 256 << 20
  public var retry = RetryPolicy()
  /// Requests in flight to one destination.
  public var senders = 4

  public init() {}
}
