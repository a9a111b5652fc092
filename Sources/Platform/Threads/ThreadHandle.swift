/// A running thread that can be kept in a collection; joined at most once, by one thread.
public final class ThreadHandle {
  private var thread: Thread?

  /// Starts a thread that runs `body`.
  public init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    thread = try Thread(body)
  }

  /// Waits until the thread's body has returned.
  public func join() {
    thread.take()?.join()
  }
}
