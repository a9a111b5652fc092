import Foundation

/// How long this thread has computed: for tests of how a cost grows, since other programs do not lengthen it.
public enum ProcessorTime {
  /// Nanoseconds that `body` takes of this thread; the least of `rounds` runs.
  public static func least(of rounds: Int, _ body: () throws -> Void) rethrows -> UInt64 {
    try (0..<rounds).map { _ in
      let start = now
      try body()
      return now - start
    }.min() ?? 0
  }

  private static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
