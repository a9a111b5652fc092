import Libc

/// Nanoseconds of a clock that only goes forward, for intervals.
public func monotonicNanoseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// The reading of that clock when `duration` has passed, held at the end of the range.
public func monotonicDeadline(after duration: Duration) -> Int64 {
  monotonicNanoseconds().addingSaturating(duration.nanoseconds)
}
