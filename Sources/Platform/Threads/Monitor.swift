#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// State behind a lock, with waiting for it to change.
///
/// `@unchecked Sendable`: `state` is touched only while `mutex` is held.
public final class Monitor<State>: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var state: State

  public init(_ state: State) {
    self.state = state
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    #if canImport(Glibc)
      pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    #endif
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Calls `body` with the state while no other thread has it.
  public func withLock<Result>(_ body: (inout State) -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body(&state)
  }

  /// What a waiter makes of the state.
  public enum Step<Result> {
    case done(Result)
    /// Look again when another thread signals, or at this time of the monotonic clock in ns.
    case wait(until: Int64?)
  }

  /// Calls `body` now and after every signal or deadline, until it is done.
  public func wait<Result>(_ body: (inout State) -> Step<Result>) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      switch body(&state) {
      case .done(let result): return result
      case .wait(nil): pthread_cond_wait(condition, mutex)
      case .wait(let until?): waitLocked(until: until)
      }
    }
  }

  private func waitLocked(until: Int64) {
    #if canImport(Glibc)
      var time = timespec(tv_sec: Int(until / 1_000_000_000), tv_nsec: Int(until % 1_000_000_000))
      pthread_cond_timedwait(condition, mutex, &time)
    #else
      let left = max(until - monotonicNanoseconds(), 0)
      var time = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
      pthread_cond_timedwait_relative_np(condition, mutex, &time)
    #endif
  }

  /// Wakes one waiter.
  public func signal() { pthread_cond_signal(condition) }

  /// Wakes all waiters.
  public func broadcast() { pthread_cond_broadcast(condition) }
}
