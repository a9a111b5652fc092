import Libc
import Platform

/// Waits between attempts.
public enum RetryWait {
  /// Sleeps; false when the deadline (on the clock of `monotonicNanoseconds`) or a cancellation leaves no time.
  public static func sleep(for delay: Duration, deadline: Int64?, _ cancellation: HTTPCancellation?) -> Bool {
    let end = monotonicDeadline(after: delay)
    if let deadline, end >= deadline { return false }
    while true {
      if cancellation?.isCancelled == true { return false }
      let left = end - monotonicNanoseconds()
      if left <= 0 { return true }
      usleep(UInt32(min(left / 1000 + 1, 20_000)))
    }
  }
}
