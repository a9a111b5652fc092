import Synchronization

/// Listeners that share a kind of handler and limits, such as those for telemetry or the one for those who look at a
/// process. One that is crowded takes nothing from another.
public final class HTTPService: Sendable {
  let listeners: [Listener]
  let limits: HTTPLimits
  let makeHandler: @Sendable () -> any RequestHandler
  /// Open connections over all loops.
  private let connections = Atomic<Int>(0)
  private let refused = Atomic<Int>(0)
  private let onCrowd: @Sendable (_ reason: String) -> Void
  /// Bytes of request bodies that have not ended yet, over all loops.
  private let unfinished = Atomic<Int>(0)

  /// - Parameters:
  ///   - onCrowd: called for each connection that is not let in, with the reason in one line, on any thread.
  ///   - makeHandler: called once for each event loop.
  public init(
    _ listeners: [Listener], limits: HTTPLimits = HTTPLimits(),
    onCrowd: @escaping @Sendable (_ reason: String) -> Void = { _ in },
    makeHandler: @escaping @Sendable () -> any RequestHandler
  ) {
    self.listeners = listeners
    self.limits = limits
    self.onCrowd = onCrowd
    self.makeHandler = makeHandler
  }

  /// Where it listens, with the ports that the kernel chose.
  public var addresses: [ListenAddress] { listeners.map { $0.socket.address } }

  /// Descriptors of the same sockets, which stay open when this service has gone; the caller's.
  public func duplicateSockets() throws(ListenError) -> [Int32] {
    try listeners.map { (listener) throws(ListenError) in try listener.socket.duplicate() }
  }

  /// Connections closed over a limit so far.
  public var refusedConnections: Int { refused.load(ordering: .relaxed) }

  func countRefusedConnection() { refused.add(1, ordering: .relaxed) }

  /// Counts a new connection; `false` when another must give way for it.
  func admitConnection() -> Bool { connections.add(1, ordering: .relaxed).newValue <= limits.maxConnections }

  /// A connection that was counted is not let in, since all others are busy.
  func refuseConnection() {
    endConnection()
    countRefusedConnection()
    onCrowd("refused a connection: \(limits.maxConnections) are open and none of them is idle")
  }

  /// New connections have to wait for a descriptor.
  func isOutOfDescriptors() { onCrowd("cannot take connections: the process has no descriptors or memory left") }

  func endConnection() { connections.subtract(1, ordering: .relaxed) }

  /// Counts `bytes` more of unfinished bodies; `false` when that is over the limit.
  func hold(_ bytes: Int) -> Bool {
    unfinished.add(bytes, ordering: .relaxed).newValue <= limits.maxUnfinished
  }

  func release(_ bytes: Int) {
    if bytes != 0 { unfinished.subtract(bytes, ordering: .relaxed) }
  }
}
