import CEvents
import Libc
import Platform
import Synchronization

/// Serves connections on one thread: waits for what can be read or written and lets the connections go on.
///
/// `@unchecked Sendable`: other threads use only `post`, whose state is behind a lock, `lastRound`, and the constants. Everything else
/// belongs to the thread that calls `run`, or, before it, to the one that sets the loop up.
final class EventLoop: @unchecked Sendable {
  /// What other threads may tell a loop.
  enum Message: Sendable {
    case adopt(descriptor: Int32, listener: Listener)
    case complete(connection: UInt64, stream: Int32, Reply)
    /// Take no new connections, finish the requests under way, and end; connections left after `seconds` are closed.
    case drain(seconds: Double)
  }

  let context: ServerContext
  /// Room for reading, shared by the connections one after the other.
  let readBuffer: UnsafeMutableRawBufferPointer
  let workspace = Workspace()
  /// The time of the last wake-up, in monotonic ns.
  private(set) var now = monotonicNanoseconds()
  private let heartbeat = Atomic<Int64>(.max)
  private(set) var isDraining = false

  private let poller: Poller
  private let wakeup: Wakeup
  private let inbox = Monitor<[Message]>([])
  private var listeners: [UInt64: Listener] = [:]
  private var connections: [UInt64: Connection] = [:]
  private var nextToken: UInt64 = 1
  private var siblings: [EventLoop] = []
  private var nextSibling = 0
  private var drainEnd = Int64.max
  /// Between two times that memory is given back, in ns.
  private static let releaseInterval: Int64 = 10_000_000_000
  private var listensAgainAt = Int64.max

  init(_ context: ServerContext) throws(RelayError) {
    self.context = context
    poller = try Poller()
    wakeup = try Wakeup()
    readBuffer = .allocate(byteCount: 256 << 10, alignment: 64)
    _ = poller.add(wakeup.descriptor, token: 0, read: true, write: false)
  }

  deinit { readBuffer.deallocate() }

  /// Before `run`: takes connections from `listener` and spreads them over `loops`, this one among them.
  func listen(_ listener: Listener, sharingWith loops: [EventLoop]) {
    siblings = loops
    listeners[nextToken] = listener
    _ = poller.add(listener.socket.descriptor.rawValue, token: nextToken, read: true, write: false)
    nextToken += 1
  }

  /// Tells the loop something; from any thread.
  func post(_ message: Message) {
    let wasEmpty = inbox.withLock { inbox in
      inbox.append(message)
      return inbox.count == 1
    }
    if wasEmpty { wakeup.signal() }
  }

  /// When the loop came round last, in monotonic ns; the far future while it does not run. From any thread.
  var lastRound: Int64 { heartbeat.load(ordering: .relaxed) }

  /// Serves until a drain has ended.
  func run() {
    var events: [Poller.Event] = []
    var nextCheck = monotonicNanoseconds()
    defer { heartbeat.store(.max, ordering: .relaxed) }
    var nextRelease = nextCheck + EventLoop.releaseInterval
    while !(isDraining && connections.isEmpty) {
      poller.wait(milliseconds: isDraining ? 50 : 250, into: &events)
      now = monotonicNanoseconds()
      heartbeat.store(now, ordering: .relaxed)
      for event in events {
        if event.token == 0 {
          wakeup.clear()
        } else if let connection = connections[event.token] {
          if event.writable { connection.writable() }
          if event.readable { connection.readable() }
        } else if let listener = listeners[event.token] {
          accept(from: listener)
        }
      }
      handleMessages()
      if now >= nextCheck {
        nextCheck = now + (isDraining ? 50_000_000 : 200_000_000)
        context.receiver.tick(now)
        for connection in connections.values { connection.check(now) }
        if now >= listensAgainAt { setListening(true) }
        // One loop does it for the process.
        if now >= nextRelease, !listeners.isEmpty {
          nextRelease = now + EventLoop.releaseInterval
          ongrid_release_free_memory()
        }
        if now >= drainEnd { for connection in connections.values { connection.close() } }
      }
    }
    // The loops know one another, and would keep each other alive.
    siblings = []
  }

  private func handleMessages() {
    let messages = inbox.withLock { inbox in
      let taken = inbox
      inbox.removeAll(keepingCapacity: true)
      return taken
    }
    for message in messages {
      switch message {
      case .adopt(let descriptor, let listener): adopt(descriptor, listener)
      case .complete(let connection, let stream, let reply): connections[connection]?.complete(stream, reply)
      case .drain(let seconds): drain(seconds)
      }
    }
  }

  private func drain(_ seconds: Double) {
    guard !isDraining else { return }
    isDraining = true
    drainEnd = now + Int64(seconds * 1e9)
    for listener in listeners.values { poller.remove(listener.socket.descriptor.rawValue) }
    listeners = [:]
    for connection in connections.values { connection.drain() }
  }

  private func accept(from listener: Listener) {
    for _ in 0..<64 {
      switch listener.socket.accept() {
      case .none: return
      case .exhausted:
        // Waiting for a descriptor to come free: the socket stays readable and would spin.
        setListening(false)
        return
      case .connection(let descriptor):
        let open = context.connections.add(1, ordering: .relaxed).newValue
        if open > context.limits.maxConnections {
          context.connections.subtract(1, ordering: .relaxed)
          context.counters.connectionsRefused.add(1)
          closeDescriptor(descriptor)
          continue
        }
        let loop = siblings.isEmpty ? self : siblings[nextSibling % siblings.count]
        nextSibling &+= 1
        if loop === self {
          adopt(descriptor, listener)
        } else {
          loop.post(.adopt(descriptor: descriptor, listener: listener))
        }
      }
    }
  }

  private func setListening(_ on: Bool) {
    listensAgainAt = on ? Int64.max : now + 500_000_000
    for (token, listener) in listeners {
      poller.change(listener.socket.descriptor.rawValue, token: token, read: on, write: false)
    }
  }

  private func adopt(_ descriptor: Int32, _ listener: Listener) {
    guard !isDraining, let transport = listener.transport(for: descriptor) else {
      context.connections.subtract(1, ordering: .relaxed)
      closeDescriptor(descriptor)
      return
    }
    let token = nextToken
    nextToken += 1
    guard poller.add(descriptor, token: token, read: true, write: false) else {
      context.connections.subtract(1, ordering: .relaxed)
      closeDescriptor(descriptor)
      return
    }
    connections[token] = Connection(
      id: token, descriptor: descriptor, transport: transport, isAdmin: listener.isAdmin, loop: self)
  }

  /// A connection wants to hear of other events than before.
  func watch(_ connection: Connection, read: Bool, write: Bool) {
    poller.change(connection.descriptor, token: connection.id, read: read, write: write)
  }

  /// A connection has ended; its descriptor is closed here.
  func forget(_ connection: Connection) {
    guard connections.removeValue(forKey: connection.id) != nil else { return }
    poller.remove(connection.descriptor)
    closeDescriptor(connection.descriptor)
    context.connections.subtract(1, ordering: .relaxed)
  }
}

/// `close` under a name that no method hides.
private func closeDescriptor(_ descriptor: Int32) { _ = close(descriptor) }
