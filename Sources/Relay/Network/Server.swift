import Platform

/// The receivers: listeners and the event loops that serve their connections.
///
/// `@unchecked Sendable`: `threads` belongs to the thread that starts and stops the server; the rest is constant.
final class Server: @unchecked Sendable {
  private let loops: [EventLoop]
  private let listeners: [Listener]
  private var threads: [ThreadHandle] = []

  /// - Parameter loops: how many threads serve; one a processor is right.
  init(_ context: ServerContext, listeners: [Listener], loops count: Int = processorCount) throws(RelayError) {
    var loops: [EventLoop] = []
    for _ in 0..<max(count, 1) { loops.append(try EventLoop(context)) }
    self.loops = loops
    self.listeners = listeners
    for listener in listeners { loops[0].listen(listener, sharingWith: loops) }
  }

  /// Where it listens for telemetry, or for those who look at it, with the ports that the kernel chose.
  func addresses(ofAdmin isAdmin: Bool) -> [ListenAddress] {
    listeners.filter { $0.isAdmin == isAdmin }.map { $0.socket.address }
  }

  func start() throws(RelayError) {
    for loop in loops {
      do throws(SystemError) { threads.append(try ThreadHandle { loop.run() }) } catch { throw .system(error) }
    }
  }

  /// Whether every loop that runs has come round within the last `nanoseconds`; from any thread.
  func isAlive(within nanoseconds: Int64) -> Bool {
    let now = monotonicNanoseconds()
    return loops.allSatisfy { now - $0.lastRound < nanoseconds }
  }

  /// Takes no new connections, finishes the requests under way for at most `seconds`, and waits for that.
  func stop(drainingFor seconds: Double) {
    for loop in loops { loop.post(.drain(seconds: seconds)) }
    for thread in threads { thread.join() }
    threads = []
  }
}
