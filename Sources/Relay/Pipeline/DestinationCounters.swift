/// What has become of the items of one destination.
final class DestinationCounters: Sendable {
  let sentItems = Counter()
  let sentRequests = Counter()
  let sentBytes = Counter()
  /// Attempts that failed and were made again.
  let retries = Counter()
  /// Items that the destination took note of and did not keep (partial success).
  let rejectedItems = Counter()
  /// Items that were finally refused, or retried for too long, and are in a dead-letter file.
  let deadLetterItems = Counter()
  /// The same, without a queue directory to keep them in, and items of rows that can no longer be read.
  let lostItems = Counter()
  /// Items that were refused, and whose clients were told so.
  let returnedItems = Counter()
  /// Items taken out of the durable queue by somebody else.
  let droppedItems = Counter()
  /// Items that the durable queue held at the start.
  let recoveredItems = Counter()
  /// Items not taken for this destination since its queue was full, while others took them.
  let overflowItems = Counter()
  /// Items of a batch.
  let batchItems = Histogram(bounds: [1, 8, 64, 256, 1024, 2048, 4096, 8192, 16384])
  /// Seconds of an attempt.
  let attempt = Histogram.seconds()
  /// Seconds from acceptance to delivery of the oldest request in a batch.
  let delivery = Histogram.seconds()
}
