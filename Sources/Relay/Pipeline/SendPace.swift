import Platform
import Transport

/// How much may be on its way to one destination at once: how large a batch, and how many of them.
///
/// Less when the destination cannot cope, by half, and one at a time when it does not answer in time; more again with each
/// batch that arrives. While nothing arrives at all there is one attempt at a time, each after a longer wait.
struct SendPace {
  private let mostBytes: Int
  private let mostBatches: Int
  /// The most bytes of a batch before compression.
  private(set) var batchBytes: Int
  /// The most batches under way.
  private(set) var batches: Int
  /// The largest batch that has arrived since one of its size did not.
  private(set) var largestTaken = 0
  /// Deliveries that failed since something arrived, each counted once.
  private var failures = 0
  /// Changes whenever something arrives.
  private(set) var period = 0
  /// While nothing arrives: when the next attempt may begin, in monotonic ns.
  private var nextAttempt: Int64 = 0
  /// When the number of batches was last lowered. What began before says nothing new.
  private var lowered = Int64.min
  /// The most batches for now, and until when: so many did not arrive within their time.
  private var mostForNow: (batches: Int, until: Int64) = (.max, 0)
  /// Batches that have arrived since the number of batches was last changed.
  private var taken = 0
  /// The smallest size that was too large, and until when that is remembered.
  private var smallestRefused = Int.max
  private var refusedUntil: Int64 = 0

  /// Below this a batch is not made smaller; what is in it still may be sent in parts.
  private static let leastBytes = 4 << 10
  private static let leastTimedOut = 64 << 10
  /// How long a size or a number is remembered as too large, in ns.
  private static let memoryOfSize = Duration.seconds(600).nanoseconds

  init(batchBytes: Int, batches: Int) {
    mostBytes = batchBytes
    mostBatches = max(batches, 1)
    self.batchBytes = batchBytes
    self.batches = mostBatches
  }

  /// Whether the destination looks dead: so many different deliveries have failed in a row that it cannot be about one of
  /// them.
  var looksDead: Bool { failures >= max(mostBatches, 4) }

  /// When another batch may be begun while `active` are under way: at once, later, or (`nil`) only after one of them.
  func next(active: Int, now: Int64) -> Int64? {
    if looksDead { return active == 0 ? max(nextAttempt, now) : nil }
    return active < batches ? now : nil
  }

  /// What has so many bytes need not be tried.
  func tooLarge(now: Int64) -> Int { now < refusedUntil ? smallestRefused : .max }

  /// Takes in what became of a batch; `again`: of one that had failed before as it is.
  mutating func note(_ outcome: ExportOutcome, bytes: Int, again: Bool, began: Int64, now: Int64) {
    switch outcome {
    case .delivered: noteTaken(bytes: bytes, now: now)
    case .refused(_, .content): noteAlive()
    case .refused(_, .size):
      noteAlive()
      noteTooLarge(bytes: bytes, now: now)
    case .refused(_, .capacity):
      if bytes > largestTaken {
        noteTooLarge(bytes: bytes, now: now)
      } else {
        noteOverload(bytes: bytes, again: again, began: began, now: now)
      }
    case .failed(_, _, .timeout): noteTimeout(bytes: bytes, began: began, now: now)
    case .failed(_, _, .overload): noteOverload(bytes: bytes, again: again, began: began, now: now)
    case .failed(_, _, .connection), .refused, .cancelled: break
    }
  }

  /// The destination is there and looks at what it gets.
  private mutating func noteAlive() {
    failures = 0
    period += 1
  }

  /// A batch has arrived.
  private mutating func noteTaken(bytes: Int, now: Int64) {
    noteAlive()
    largestTaken = max(largestTaken, bytes)
    if now >= refusedUntil { smallestRefused = .max }
    if bytes >= batchBytes / 2 {
      let ceiling = smallestRefused == .max ? mostBytes : max(smallestRefused / 2, largestTaken)
      let larger = batchBytes < mostBytes / 4 ? batchBytes * 2 : batchBytes + mostBytes / 16
      batchBytes = max(min(larger, ceiling, mostBytes), min(batchBytes, mostBytes))
    }
    taken += 1
    guard taken >= batches else { return }
    taken = 0
    batches = max(min(batches + 1, now < mostForNow.until ? mostForNow.batches : mostBatches, mostBatches), 1)
  }

  /// A batch was too large, whatever else there is to do.
  private mutating func noteTooLarge(bytes: Int, now: Int64) { lower(bytes: bytes, until: now + SendPace.memoryOfSize) }

  /// A batch that began at `began` did not arrive within its time.
  private mutating func noteTimeout(bytes: Int, began: Int64, now: Int64) {
    // A destination that hangs answers to nothing, however small: that does not say much about sizes.
    let until = now + (now - began) * 10
    lower(bytes: max(bytes, SendPace.leastTimedOut), until: until)
    guard began >= lowered else { return }
    mostForNow = (max(batches / 2, 1), until)
    // Whatever is on its way to a place that is too slow arrives there later still.
    lowerBatches(to: 1, now: now)
  }

  /// The destination has answered that it has too much to do; `again`: to the same batch, not for the first time.
  private mutating func noteOverload(bytes: Int, again: Bool, began: Int64, now: Int64) {
    if again { batchBytes = min(batchBytes, max(bytes / 2, SendPace.leastBytes)) }
    if began >= lowered { lowerBatches(to: max(batches / 2, 1), now: now) }
  }

  /// An attempt has failed and will be made again after `wait` ns; `last`: the period in which the delivery failed before.
  mutating func noteFailure(wait: Int64, last: Int?, now: Int64) {
    if last != period { failures += 1 }
    nextAttempt = now.addingSaturating(wait)
  }

  private mutating func lower(bytes: Int, until: Int64) {
    smallestRefused = min(smallestRefused, bytes)
    refusedUntil = max(refusedUntil, until)
    largestTaken = min(largestTaken, max(bytes - 1, 0))
    batchBytes = min(batchBytes, max(bytes / 2, SendPace.leastBytes))
  }

  private mutating func lowerBatches(to count: Int, now: Int64) {
    lowered = now
    taken = 0
    batches = count
  }
}
