import Platform

/// Gives the service manager signs of life for as long as the relay is alive; without them it is started again.
public final class Watchdog {
  private let isOver = Monitor(false)
  private var thread: ThreadHandle?

  /// Starts, when the service manager wants signs of life at all.
  ///
  /// - Parameter isAlive: asked before each sign, on a thread of the watchdog's own.
  public init(interval: Int64? = ServiceManager.watchdogInterval, isAlive: @escaping @Sendable () -> Bool) {
    guard let interval else { return }
    let isOver = isOver
    // Twice as often as is asked for, as the manual of systemd recommends. Without a thread the service manager will act.
    thread = try? ThreadHandle {
      var next = monotonicNanoseconds()
      while !Watchdog.waits(isOver, until: next) {
        if isAlive() { ServiceManager.notify("WATCHDOG=1") }
        next = monotonicNanoseconds() + interval / 2
      }
    }
  }

  /// Ends the signs.
  public func stop() {
    isOver.withLock { $0 = true }
    isOver.broadcast()
    thread?.join()
    thread = nil
  }

  /// Whether it is over before the time comes.
  private static func waits(_ isOver: Monitor<Bool>, until time: Int64) -> Bool {
    isOver.wait { isOver in
      if isOver { return .done(true) }
      return monotonicNanoseconds() >= time ? .done(false) : .wait(until: time)
    }
  }
}
