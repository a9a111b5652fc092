import Libc

/// State behind a lock, with waiting for it to change: the one lock of the project.
///
/// Synchronization's `Mutex` would do where nobody waits, but on Linux the thread sanitizer does not see it and takes
/// everything behind it for a race. Uncontended, this costs 20 ns, and none is on a path that is taken for each span.
///
/// `@unchecked Sendable`: `content` is touched only while `mutex` is held.
public final class Monitor<State: ~Copyable>: @unchecked Sendable {
  @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  @usableFromInline var content: Content

  /// Never of size 0: the thread sanitizer takes an access to nothing for one to the object's first word.
  @usableFromInline
  struct Content: ~Copyable {
    @usableFromInline var state: State
    private let filling: UInt8 = 0

    init(_ state: consuming State) { self.state = state }
  }

  public init(_ state: consuming sending State) {
    content = Content(state)
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
  @inlinable
  public func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout sending State) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&content.state)
  }

  /// The same where no other thread has the state just now; else `nil`, at once.
  @inlinable
  public func withLockIfAvailable<Result, Failure: Error>(
    _ body: (inout sending State) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result? {
    guard pthread_mutex_trylock(mutex) == 0 else { return nil }
    defer { pthread_mutex_unlock(mutex) }
    return try body(&content.state)
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
      switch body(&content.state) {
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
