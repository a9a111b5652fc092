import Libc
import Platform

/// When an exchange is over: because nothing has moved for too long, because its last moment has come, or because somebody
/// has ended it.
struct Deadline {
  /// What is being waited for, which decides how a failure reads.
  private enum Phase { case connecting, exchanging }

  private let phase: Phase
  /// How long nothing may move.
  private let patience: Duration
  /// The last moment of all, of the monotonic clock in ns.
  private let end: Int64
  /// When nothing will have moved for too long.
  private var stallsAt: Int64
  /// Bytes that have moved so far.
  private var moved = 0
  private let cancellation: HTTPCancellation?

  /// For an exchange.
  ///
  /// - Parameters:
  ///   - patience: how long nothing may move.
  ///   - end: the last moment, whatever moves; `nil` for none.
  init(patience: Duration, end: Int64?, _ cancellation: HTTPCancellation?) {
    phase = .exchanging
    self.patience = patience
    self.end = end ?? .max
    stallsAt = monotonicDeadline(after: patience)
    self.cancellation = cancellation
  }

  /// For making the connection of an exchange, which may take this long.
  init(connecting limit: Duration, for exchange: Deadline) {
    phase = .connecting
    patience = limit
    end = exchange.end
    stallsAt = monotonicDeadline(after: limit)
    cancellation = exchange.cancellation
  }

  /// Takes note of how many bytes have moved in all. More than before are progress.
  mutating func note(moved total: Int) {
    guard total > moved else { return }
    moved = total
    restart()
  }

  /// Begins to count from now.
  mutating func restart() { stallsAt = monotonicDeadline(after: patience) }

  var hasPassed: Bool { min(end, stallsAt) <= monotonicNanoseconds() || cancellation?.isCancelled == true }

  /// How long one wait may be, in ms: short enough to notice a cancellation.
  var slice: Int32 { slice(atMost: 50) }

  func slice(atMost limit: Int64) -> Int32 {
    let left = min(end, stallsAt).subtractingSaturating(monotonicNanoseconds())
    return Int32(clamping: min(max(left / Nanoseconds.perMillisecond + 1, 0), limit))
  }

  func check(_ origin: String) throws(HTTPError) {
    if cancellation?.isCancelled == true { throw .cancelled(origin: origin) }
    let now = monotonicNanoseconds()
    if now >= end { throw .timeout(origin: origin) }
    guard now >= stallsAt else { return }
    throw phase == .connecting
      ? .noConnection(origin: origin, after: patience) : .stalled(origin: origin, after: patience)
  }
}

/// Bytes that the system has taken from us for a socket and the other side has not acknowledged yet: a slow way moves them
/// while nothing else is to be seen.
func unacknowledgedBytes(_ descriptor: Int32) -> Int {
  var count: Int32 = 0
  #if canImport(Glibc)
    return ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 ? Int(max(count, 0)) : 0
  #else
    var size = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, SO_NWRITE, &count, &size) == 0 ? Int(max(count, 0)) : 0
  #endif
}
