import Platform

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// SIGTERM and SIGINT as something to wait for. Made before any other thread, so that all of them leave these signals
/// alone.
struct StopSignals {
  private var set = sigset_t()

  init() {
    sigemptyset(&set)
    sigaddset(&set, SIGTERM)
    sigaddset(&set, SIGINT)
    pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// Waits for one of them.
  func wait() {
    var set = set
    var received: Int32 = 0
    while sigwait(&set, &received) != 0 {}
  }

  /// Calls `body` on a thread of its own when the next one comes.
  func onNext(_ body: @escaping @Sendable () -> Void) {
    let signals = self
    // Without the thread a second signal has no effect, and the stop takes its time.
    _ = try? ThreadHandle {
      signals.wait()
      body()
    }
  }
}
