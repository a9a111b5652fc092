import Platform

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Waits between attempts.
enum RetryWait {
  /// Sleeps; false when the deadline (on the clock of `monotonicNanoseconds`) or a cancellation leaves no time.
  static func sleep(for delay: Duration, deadline: Int64?, _ cancellation: HTTPCancellation?) -> Bool {
    let end = monotonicNanoseconds() + Int64(delay.milliseconds).multipliedSaturating(by: 1_000_000)
    if let deadline, end >= deadline { return false }
    while true {
      if cancellation?.isCancelled == true { return false }
      let left = end - monotonicNanoseconds()
      if left <= 0 { return true }
      usleep(UInt32(min(left / 1000 + 1, 20_000)))
    }
  }
}
