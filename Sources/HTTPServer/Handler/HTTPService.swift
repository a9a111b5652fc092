import Synchronization

/// Listeners that share a kind of handler and limits, such as those for telemetry or the one for those who look at a
/// process. One that is crowded takes nothing from another.
public final class HTTPService: Sendable {
  let listeners: [Listener]
  let limits: HTTPLimits
  let makeHandler: @Sendable () -> any RequestHandler
  /// Open connections over all loops.
  let connections = Atomic<Int>(0)
  private let refused = Atomic<Int>(0)
  /// Bytes of request bodies that have not ended yet, over all loops.
  private let unfinished = Atomic<Int>(0)

  /// - Parameter makeHandler: called once for each event loop.
  public init(
    _ listeners: [Listener], limits: HTTPLimits = HTTPLimits(),
    makeHandler: @escaping @Sendable () -> any RequestHandler
  ) {
    self.listeners = listeners
    self.limits = limits
    self.makeHandler = makeHandler
  }

  /// Where it listens, with the ports that the kernel chose.
  public var addresses: [ListenAddress] { listeners.map { $0.socket.address } }

  /// Connections closed over a limit so far.
  public var refusedConnections: Int { refused.load(ordering: .relaxed) }

  func countRefusedConnection() { refused.add(1, ordering: .relaxed) }

  /// Counts a new connection; `false` when there are too many.
  func admitConnection() -> Bool {
    if connections.add(1, ordering: .relaxed).newValue <= limits.maxConnections { return true }
    endConnection()
    countRefusedConnection()
    return false
  }

  func endConnection() { connections.subtract(1, ordering: .relaxed) }

  /// Counts `bytes` more of unfinished bodies; `false` when that is over the limit.
  func hold(_ bytes: Int) -> Bool {
    unfinished.add(bytes, ordering: .relaxed).newValue <= limits.maxUnfinished
  }

  func release(_ bytes: Int) {
    if bytes != 0 { unfinished.subtract(bytes, ordering: .relaxed) }
  }
}
