import CEvents
import Libc
import Platform
import Synchronization

/// Serves connections on one thread: waits for what can be read or written and lets the connections go on.
///
/// `@unchecked Sendable`: other threads use only `mailbox` and `lastRound`. Everything else belongs to the thread that calls
/// `run`, or, before it, to the one that sets the loop up.
final class EventLoop: @unchecked Sendable {
  let mailbox: Mailbox
  private let state: LoopState
  private let heartbeat = Atomic<Int64>(.max)
  private let contexts: [ConnectionContext]
  private let poller: Poller
  private let acceptor: Acceptor?
  private var connections: [UInt64: Connection] = [:]
  private var nextToken: UInt64
  private var drainEnd = Int64.max
  /// Between two times that memory is given back, in ns.
  private static let releaseInterval = 10 * Nanoseconds.perSecond

  /// - Parameter others: when given, this loop takes the new connections and spreads them over itself and these.
  init(_ services: [HTTPService], acceptingFor others: [Mailbox]? = nil) throws(ListenError) {
    mailbox = try Mailbox()
    let state = LoopState(mailbox)
    self.state = state
    contexts = services.map { ConnectionContext($0, state) }
    poller = try Poller()
    _ = poller.add(mailbox.descriptor, token: 0, .reading)
    if let others {
      acceptor = Acceptor(services, poller, [mailbox] + others)
    } else {
      acceptor = nil
    }
    nextToken = 1 + UInt64(services.reduce(0) { $0 + $1.listeners.count })
  }

  /// When the loop came round last, in monotonic ns; the far future while it does not run. From any thread.
  var lastRound: Int64 { heartbeat.load(ordering: .relaxed) }

  /// Serves until a drain has ended.
  func run() {
    var events: [Poller.Event] = []
    var nextCheck = monotonicNanoseconds()
    var nextRelease = nextCheck + EventLoop.releaseInterval
    defer { heartbeat.store(.max, ordering: .relaxed) }
    while !(state.isDraining && connections.isEmpty) {
      poller.wait(milliseconds: state.isDraining ? 50 : 250, into: &events)
      let now = monotonicNanoseconds()
      state.now = now
      heartbeat.store(now, ordering: .relaxed)
      for event in events { handle(event) }
      handleMessages()
      if now >= nextCheck {
        nextCheck = now + (state.isDraining ? 50 : 200) * Nanoseconds.perMillisecond
        check(now)
        // One loop does it for the process.
        if now >= nextRelease, acceptor != nil {
          nextRelease = now + EventLoop.releaseInterval
          ongrid_release_free_memory()
        }
      }
    }
  }

  private func handle(_ event: Poller.Event) {
    if event.token == 0 {
      mailbox.clear()
    } else if let connection = connections[event.token] {
      if event.writable { connection.writable() }
      if event.readable { connection.readable() }
      settle(connection)
    } else {
      acceptor?.accept(event.token, now: state.now)
    }
  }

  private func handleMessages() {
    for message in mailbox.take() {
      switch message {
      case .adopt(let newcomer): adopt(newcomer)
      case .complete(let token, let stream, let response):
        guard let connection = connections[token] else { continue }
        connection.complete(stream, response)
        settle(connection)
      case .drain(let nanoseconds): drain(nanoseconds)
      }
    }
  }

  private func check(_ now: Int64) {
    for context in contexts { context.handler.tick(now) }
    for connection in connections.values {
      if now >= drainEnd { connection.close() } else { connection.check(now) }
      settle(connection)
    }
    acceptor?.resume(now)
  }

  private func drain(_ nanoseconds: Int64) {
    guard !state.isDraining else { return }
    state.isDraining = true
    drainEnd = state.now.addingSaturating(nanoseconds)
    acceptor?.stop()
    for connection in connections.values {
      connection.drain()
      settle(connection)
    }
  }

  private func adopt(_ newcomer: Mailbox.Newcomer) {
    let context = contexts[newcomer.service]
    if newcomer.isOver {
      guard let idle = longestIdle(of: context.service, for: newcomer) else { return }
      idle.drain()
      settle(idle)
    }
    let token = nextToken
    guard !state.isDraining, let channel = newcomer.listener.channel(for: newcomer.descriptor),
      poller.add(newcomer.descriptor, token: token, .reading)
    else {
      context.service.endConnection()
      return closeDescriptor(newcomer.descriptor)
    }
    nextToken += 1
    connections[token] = Connection(id: token, descriptor: newcomer.descriptor, channel: channel, context: context)
  }

  /// The connection that gives way for `newcomer`: of all loops the one that has been idle for the longest. `nil` when another
  /// loop goes on with the newcomer, or when it has been refused since none is idle.
  private func longestIdle(of service: HTTPService, for newcomer: Mailbox.Newcomer) -> Connection? {
    var newcomer = newcomer
    let own = connections.values.filter { $0.context.service === service && $0.isIdle }
      .min { $0.lastActive < $1.lastActive }
    if let own, own.lastActive < newcomer.oldest?.since ?? .max { newcomer.oldest = (own.lastActive, mailbox) }
    if let next = newcomer.unasked.popFirst() {
      next.post(.adopt(newcomer))
      return nil
    }
    if let own, newcomer.oldest?.loop === mailbox { return own }
    if let oldest = newcomer.oldest {
      // Asked again, it finds its own or, when that has become busy, nobody.
      newcomer.oldest = nil
      oldest.loop.post(.adopt(newcomer))
      return nil
    }
    service.refuseConnection()
    closeDescriptor(newcomer.descriptor)
    return nil
  }

  /// After a connection has had its turn: hears what it wants now, or lets it go.
  private func settle(_ connection: Connection) {
    if connection.isClosed {
      guard connections.removeValue(forKey: connection.id) != nil else { return }
      poller.remove(connection.descriptor)
      closeDescriptor(connection.descriptor)
      connection.context.service.endConnection()
    } else if let interest = connection.changedInterest() {
      poller.change(connection.descriptor, token: connection.id, interest)
    }
  }
}

/// `close` under a name that no method hides.
func closeDescriptor(_ descriptor: Int32) { _ = close(descriptor) }
