import Platform

/// How far a relay has come, for those who ask and those who wait.
final class ServiceStatus: Sendable {
  enum Phase: Int, Comparable, Sendable {
    case starting, ready, stopping, aborted

    static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }
  }

  private let monitor = Monitor(Phase.starting)

  var phase: Phase { monitor.withLock { $0 } }

  /// Goes on to `phase`; never back.
  func set(_ phase: Phase) {
    monitor.withLock { $0 = max($0, phase) }
    monitor.broadcast()
  }

  /// Waits until `isDone`, an abort, or `deadline` in monotonic ns.
  func whileDraining(until deadline: Int64, isDone: () -> Bool) {
    monitor.wait { phase in
      let now = monotonicNanoseconds()
      if phase == .aborted || now >= deadline || isDone() { return .done(()) }
      return .wait(until: min(deadline, now + 10_000_000))
    }
  }
}
