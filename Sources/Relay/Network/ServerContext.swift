import Synchronization

/// What the event loops and connections of a server share.
final class ServerContext: Sendable {
  let limits: ReceiverLimits
  let router: Router
  let receiver: Receiver
  let counters: ReceiverCounters
  /// Answers the paths of the admin listener.
  let admin: @Sendable (_ path: String) -> ServerResponse
  /// Open connections over all loops.
  let connections = Atomic<Int>(0)
  /// Bytes of request bodies that have not ended yet, over all loops.
  let unfinished = Atomic<Int>(0)

  init(
    limits: ReceiverLimits, router: Router, receiver: Receiver, counters: ReceiverCounters,
    admin: @escaping @Sendable (_ path: String) -> ServerResponse
  ) {
    self.limits = limits
    self.router = router
    self.receiver = receiver
    self.counters = counters
    self.admin = admin
  }

  /// Counts `bytes` more of unfinished bodies; `false` when that is over the limit.
  func hold(_ bytes: Int) -> Bool {
    unfinished.add(bytes, ordering: .relaxed).newValue <= limits.maxUnfinished
  }

  func release(_ bytes: Int) {
    if bytes != 0 { unfinished.subtract(bytes, ordering: .relaxed) }
  }
}
