import Platform

/// Lets a stage judge by the clock, where there is no durable queue that does.
///
/// Made and stopped by one thread.
final class StageThread {
  /// Between two looks.
  static let interval = 100 * Nanoseconds.perMillisecond

  private let isOver = Monitor(false)
  private let thread: ThreadHandle

  /// Calls `judge` with the monotonic time.
  init(_ judge: @escaping @Sendable (Int64) -> Void) throws(RelayError) {
    let isOver = isOver
    do throws(SystemError) {
      thread = try ThreadHandle {
        var next = monotonicNanoseconds() + StageThread.interval
        while true {
          let ends = isOver.wait { isOver -> Monitor<Bool>.Step<Bool> in
            if isOver { return .done(true) }
            return monotonicNanoseconds() >= next ? .done(false) : .wait(until: next)
          }
          if ends { return }
          let now = monotonicNanoseconds()
          judge(now)
          next = now + StageThread.interval
        }
      }
    } catch {
      throw .system(error)
    }
  }

  func stop() {
    isOver.withLock { $0 = true }
    isOver.broadcast()
    thread.join()
  }
}
