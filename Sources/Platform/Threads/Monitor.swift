import Libc

/// State behind a lock, with waiting for it to change: the one lock of the project.
///
/// Synchronization's `Mutex` would do where nobody waits, but on Linux the thread sanitizer does not see it and takes
/// everything behind it for a race. Uncontended, this costs 20 ns, and none is on a path that is taken for each span.
///
/// `@unchecked Sendable`: `content` is touched only while `mutex` is held.
public final class Monitor<State: ~Copyable>: @unchecked Sendable {
  @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed = WaitPoint()
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
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
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
  ///
  /// - Parameter point: what the signals come to. Where several kinds of threads wait, each kind needs a point of its own:
  ///   else one takes a wake-up that was meant for another. `nil` is the monitor's own.
  public func wait<Result>(at point: WaitPoint? = nil, _ body: (inout State) -> Step<Result>) -> Result {
    let point = point ?? changed
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      switch body(&content.state) {
      case .done(let result): return result
      case .wait(let until): point.wait(mutex, until: until)
      }
    }
  }

  /// Wakes one of those who wait at the monitor's own point.
  public func signal() { changed.signal() }

  /// Wakes all who wait at the monitor's own point.
  public func broadcast() { changed.broadcast() }
}

/// Where threads wait for the state of a monitor to change in one way.
///
/// `@unchecked Sendable`: the condition is made once, and pthread's functions on it may be called from any thread.
public final class WaitPoint: @unchecked Sendable {
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  public init() {
    condition = .allocate(capacity: 1)
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
    condition.deallocate()
  }

  /// Wakes one of those who wait here.
  public func signal() { pthread_cond_signal(condition) }

  /// Wakes all who wait here.
  public func broadcast() { pthread_cond_broadcast(condition) }

  /// Waits with `mutex` held, until a signal or until `until` on the monotonic clock in ns.
  fileprivate func wait(_ mutex: UnsafeMutablePointer<pthread_mutex_t>, until: Int64?) {
    guard let until else {
      pthread_cond_wait(condition, mutex)
      return
    }
    #if canImport(Glibc)
      var time = timespec(tv_sec: Int(until / 1_000_000_000), tv_nsec: Int(until % 1_000_000_000))
      pthread_cond_timedwait(condition, mutex, &time)
    #else
      let left = max(until - monotonicNanoseconds(), 0)
      var time = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
      pthread_cond_timedwait_relative_np(condition, mutex, &time)
    #endif
  }
}
