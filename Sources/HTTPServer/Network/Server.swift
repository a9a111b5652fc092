import Platform

/// Services, and the event loops that serve their connections.
///
/// `@unchecked Sendable`: `threads` belongs to the thread that starts and stops the server; the rest is constant.
public final class Server: @unchecked Sendable {
  private let loops: [EventLoop]
  private var threads: [ThreadHandle] = []

  /// - Parameter loops: how many threads serve; one a processor is right.
  public init(_ services: [HTTPService], loops count: Int = processorCount) throws(ListenError) {
    var loops: [EventLoop] = []
    for _ in 1..<max(count, 2) where count > 1 { loops.append(try EventLoop(services)) }
    loops.append(try EventLoop(services, acceptingFor: loops.map(\.mailbox)))
    self.loops = loops
  }

  public func start() throws(ListenError) {
    for loop in loops {
      do throws(SystemError) { threads.append(try ThreadHandle { loop.run() }) } catch { throw .system(error) }
    }
  }

  /// Whether every loop that runs has come round within `duration`; from any thread.
  public func isAlive(within duration: Duration) -> Bool {
    let now = monotonicNanoseconds()
    return loops.allSatisfy { now.subtractingSaturating($0.lastRound) < duration.nanoseconds }
  }

  /// Takes no new connections, finishes the requests under way for at most `duration`, and waits for that.
  public func stop(drainingFor duration: Duration) {
    for loop in loops { loop.mailbox.post(.drain(nanoseconds: duration.nanoseconds)) }
    for thread in threads { thread.join() }
    threads = []
  }
}
