import Platform

/// Answers the requests that come to a service.
///
/// Each event loop has a handler of its own, which is called on the loop's thread only and must not block.
public protocol RequestHandler: AnyObject {
  /// The header of a request has come: wants the body, or answers without it.
  func begin(_ head: RequestHead) -> RequestDecision

  /// The server itself does not go on with a request that it has not handed over: gives the answer to that.
  ///
  /// - Parameter head: as far as it is known.
  func refuse(_ head: RequestHead, _ fault: RequestFault) -> ServerResponse

  /// Called several times a second, with the monotonic time in ns.
  func tick(_ now: Int64)
}

extension RequestHandler {
  public func refuse(_ head: RequestHead, _ fault: RequestFault) -> ServerResponse {
    ServerResponse(status: fault.status, text: fault.message + "\n")
  }

  public func tick(_ now: Int64) {}
}

/// What becomes of a request whose header has come.
public enum RequestDecision {
  /// Answered; a body is passed over.
  case answer(ServerResponse)
  /// The whole body goes to the function, which owns it from then on. The answer is what it returns, or where that is
  /// `nil`, what the request's ticket is given later.
  case read((consuming ByteBuffer, WholeRequest) -> ServerResponse?)
}

/// What is known of a request when its body has come.
public struct WholeRequest: Sendable {
  /// When its first byte came, in monotonic ns.
  public let began: Int64
  /// Whether the body is encoded in the way that the header names. A gRPC message says for itself when it is not.
  public let isEncoded: Bool
  public let ticket: ResponseTicket
}

/// Where the answer to a request goes: a connection of an event loop, and a stream of it (0 in HTTP/1.1).
public struct ResponseTicket: Sendable {
  let mailbox: Mailbox
  let connection: UInt64
  let stream: Int32

  /// Answers the request; from any thread, once. Nothing happens when the client has gone.
  public func complete(_ response: ServerResponse) {
    mailbox.post(.complete(connection: connection, stream: stream, response))
  }
}
