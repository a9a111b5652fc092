import Libc

/// An operating system thread. One that is not joined goes on alone and takes its resources with it when it ends.
public struct Thread: ~Copyable {
  private let handle: pthread_t

  /// A box that carries the closure through C.
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts a thread that runs `body`.
  public init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    let box = Unmanaged.passRetained(Body(body))
    #if canImport(Glibc)
      var thread = pthread_t()
      let code = pthread_create(
        &thread, nil,
        { argument in
          if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
          return nil
        }, box.toOpaque())
      let started: pthread_t? = thread
    #else
      var started: pthread_t?
      let code = pthread_create(
        &started, nil,
        { argument in
          Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
          return nil
        }, box.toOpaque())
    #endif
    guard code == 0, let started else {
      box.release()
      throw SystemError("start a thread", code: code)
    }
    handle = started
  }

  /// Waits until the thread's body has returned.
  public consuming func join() {
    pthread_join(handle, nil)
    discard self
  }

  deinit { pthread_detach(handle) }
}

/// How many processors this process may run on; at least 1.
public var processorCount: Int {
  Swift.max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}

/// Runs `body(0)` … `body(count - 1)`, each on a thread of its own, the first on this one, and waits for all. A thread
/// that cannot be started runs its share here instead.
public func inParallel(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  guard count > 1 else { return body(0) }
  startInParallel(from: 1, count, body)
}

/// One frame a thread: threads cannot be collected in an array, since they must be joined exactly once.
private func startInParallel(from index: Int, _ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  guard index < count else { return body(0) }
  do throws(SystemError) {
    let thread = try Thread { body(index) }
    startInParallel(from: index + 1, count, body)
    thread.join()
  } catch {
    startInParallel(from: index + 1, count, body)
    body(index)
  }
}
