import Libc
import Platform
import Relay

/// SIGTERM and SIGINT as something to wait for. Made before any other thread, so that all of them leave these signals
/// alone.
struct StopSignals {
  private var set = sigset_t()

  /// - Parameter andReload: whether SIGHUP is taken as well.
  init(andReload: Bool = false) {
    sigemptyset(&set)
    sigaddset(&set, SIGTERM)
    sigaddset(&set, SIGINT)
    if andReload { sigaddset(&set, SIGHUP) }
    pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// Waits for one of them, and says which it was.
  @discardableResult
  func wait() -> Int32 {
    var set = set
    var received: Int32 = 0
    while sigwait(&set, &received) != 0 {}
    return received
  }

  /// What has come, without waiting.
  func pending() -> CollectorSupervisor.Request {
    var waiting = sigset_t()
    sigpending(&waiting)
    for signal in [SIGTERM, SIGINT, SIGHUP]
    where sigismember(&waiting, signal) == 1 && withUnsafePointer(to: set, { sigismember($0, signal) }) == 1 {
      var one = sigset_t()
      sigemptyset(&one)
      sigaddset(&one, signal)
      var received: Int32 = 0
      sigwait(&one, &received)
      return signal == SIGHUP ? .reload : .stop
    }
    return .none
  }

  /// Calls `body` on a thread of its own when the next one to stop comes.
  func onNext(_ body: @escaping @Sendable () -> Void) {
    let signals = self
    // Without the thread a second signal has no effect, and the stop takes its time.
    _ = try? ThreadHandle {
      while signals.wait() == SIGHUP {}
      body()
    }
  }
}
