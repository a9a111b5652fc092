import Platform

/// What other threads may tell an event loop.
final class Mailbox: Sendable {
  enum Message: Sendable {
    case adopt(Newcomer)
    case complete(connection: UInt64, stream: Int32, ServerResponse)
    /// Take no new connections, finish the requests under way, and end; connections left after that time are closed.
    case drain(nanoseconds: Int64)
  }

  /// A connection that looks for a loop.
  struct Newcomer: Sendable {
    let descriptor: Int32
    let listener: Listener
    /// The service's place in the list that all loops have.
    let service: Int
    /// Whether an idle connection must give way for it.
    let isOver: Bool
    /// The loops that have not been asked for their idle connections yet.
    var unasked: ArraySlice<Mailbox>
    /// The loop with the connection that has been idle for the longest, and since when, among those that were asked.
    var oldest: (since: Int64, loop: Mailbox)?
  }

  private let wakeup: Wakeup
  private let messages = Monitor<[Message]>([])

  init() throws(ListenError) { wakeup = try Wakeup() }

  /// What to watch for reading.
  var descriptor: Int32 { wakeup.descriptor }

  /// From any thread.
  ///
  /// - Parameter wakes: not needed by the loop's own thread while it handles events.
  func post(_ message: Message, wakes: Bool = true) {
    let wasEmpty = messages.withLock { messages in
      messages.append(message)
      return messages.count == 1
    }
    if wasEmpty, wakes { wakeup.signal() }
  }

  /// Takes back what `descriptor` shows.
  func clear() { wakeup.clear() }

  /// Takes out what has come.
  func take() -> [Message] {
    messages.withLock { messages in
      let taken = messages
      messages.removeAll(keepingCapacity: !taken.isEmpty)
      return taken
    }
  }
}
