/// Where the reply to a request goes: a connection of an event loop, and a stream of it (0 in HTTP/1.1).
struct Ticket: Sendable {
  let loop: EventLoop
  let connection: UInt64
  let stream: Int32

  /// Answers the request; from any thread, once.
  func complete(_ reply: Reply) { loop.post(.complete(connection: connection, stream: stream, reply)) }
}
